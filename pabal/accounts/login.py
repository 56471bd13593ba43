"""Logging in, with a limit on attempts that holds across processes.

Each attempt is written to PostgreSQL before the password is looked at; so attempts made at the same moment count each
other. The limit is per email *and* address, so that a stranger cannot lock the owner out from elsewhere; wider limits
per address and per email stop guessing spread over many accounts or many addresses.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.models import LoginAttempt, User
from pabal.errors import InvalidInput, NotAllowed

WINDOW = timedelta(minutes=15)
PER_EMAIL_AND_ADDRESS = 5
PER_ADDRESS = 50
PER_EMAIL = 100


def check(request: HttpRequest, email: str, password: str, *, address: str) -> User:
    """The person whose email and password these are.

    Raises NotAllowed (`too_many_attempts`) past the limits, InvalidInput (`wrong_password`) otherwise: whether the
    account is unknown, deactivated or the password wrong looks the same and takes the same time (Django hashes the
    password in each case).
    """
    email = email.strip().lower()[:254]
    _note_attempt(email, address)
    user = authenticate(request, username=email, password=password)
    if user is None:
        raise InvalidInput(_("Email or password is wrong."), code="wrong_password")
    assert isinstance(user, User)
    LoginAttempt.objects.filter(email=email, address=address).delete()
    return user


def _note_attempt(email: str, address: str) -> None:
    since = timezone.now() - WINDOW
    LoginAttempt.objects.filter(at__lt=since).delete()
    LoginAttempt.objects.create(email=email, address=address)
    recent = LoginAttempt.objects.filter(at__gte=since)
    limits = [
        (recent.filter(email=email, address=address), PER_EMAIL_AND_ADDRESS),
        (recent.filter(address=address), PER_ADDRESS),
        (recent.filter(email=email), PER_EMAIL),
    ]
    for attempts, limit in limits:
        if attempts.count() > limit:
            oldest = attempts.order_by("at").values_list("at", flat=True).first() or timezone.now()
            minutes = max(1, -(-int((oldest + WINDOW - timezone.now()).total_seconds()) // 60))
            raise NotAllowed(
                _("Too many attempts to log in. Try again in %(minutes)d min.") % {"minutes": minutes},
                code="too_many_attempts",
                details={"minutes": minutes},
            )
