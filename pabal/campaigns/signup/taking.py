"""Somebody fills in a form: read, limited, and kept once.

Nobody can be bombed with texts by strangers: a phone gets one text while a sign-up waits, and a few a day over all forms;
a network address may sign up a few phones an hour. What a robot fills into the trap is taken with thanks and thrown away.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from pabal import config
from pabal.audience.phones import normalise_one
from pabal.campaigns.models import Signup, SignupForm, SignupState
from pabal.campaigns.signup import deciding
from pabal.campaigns.signup.confirming import send_confirmation
from pabal.campaigns.signup.evidence import ip_hash, page_address
from pabal.campaigns.signup.words import phone_error, said
from pabal.database import raw_cursor
from pabal.errors import Conflict, InvalidInput

LASTS: Final = timedelta(hours=48)
"""How long a confirmation may take."""

AGAIN: Final = timedelta(minutes=10)
"""A second try before that is the same sign-up; after it, the old one gives way to a new one with a new text."""

DAY: Final = timedelta(hours=24)
PER_PHONE: Final = 3
"""Sign-ups of one phone within `DAY`, over all forms."""

HOUR: Final = timedelta(hours=1)
PER_ADDRESS: Final = 20
"""Sign-ups from one network address within `HOUR`; an office and a mobile carrier share one."""

LONGEST_NAME: Final = 100
_TOKEN = string.ascii_letters + string.digits


class TooMany(Conflict):
    """Too many sign-ups of one phone or from one address. `retry_after` is in seconds."""

    code = "too_many_signups"
    retry_after = 3600


@dataclass(frozen=True, kw_only=True)
class Submission:
    """What came in. `agreed` and `night` are the two boxes, `trap` the field that people do not see."""

    phone: str
    agreed: bool
    night: bool = False
    name: str = ""
    trap: str = ""
    page: str = ""
    ip: str = ""
    user_agent: str = ""
    anonymous_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the visitor is told: `pending` (look at your phone) or `confirmed`. `signup_id` is None for a robot."""

    state: str
    signup_id: int | None


def take(form: SignupForm, submission: Submission, *, now: datetime | None = None) -> Taken:
    """Keep a sign-up, and send its confirmation if the form asks for one.

    Raises InvalidInput with `field` (phone, consent, name), and TooMany. Once it returns, the sign-up is durable; a
    confirmation that could not be sent at once is sent by the engine.
    """
    language = form.language
    expected = SignupState.PENDING if form.double_opt_in else SignupState.CONFIRMED
    if submission.trap.strip():
        return Taken(state=expected.value, signup_id=None)
    settings = config.get()
    phone, country, _zones, _region, problem = normalise_one(
        submission.phone.replace("\0", "")[:60], settings.default_country, allow_fictional=settings.allow_fictional
    )
    if phone is None or country is None:
        raise InvalidInput(phone_error(problem or "", language), code=problem or "not_a_number", field="phone")
    if not submission.agreed:
        raise InvalidInput(said("error_consent", language), code="consent_needed", field="consent")
    name = " ".join(submission.name.replace("\0", "").split())
    if len(name) > LONGEST_NAME:
        raise InvalidInput(said("error_name", language), code="name_too_long", field="name")
    signup = _keep(form, submission, phone=phone, country=country, name=name, now=now or timezone.now())
    if signup.state == SignupState.PENDING and signup.message_id is None and not signup.trouble:
        send_confirmation(signup.pk)
    return Taken(state=signup.state, signup_id=signup.pk)


@transaction.atomic
def _keep(form: SignupForm, submission: Submission, *, phone: str, country: str, name: str, now: datetime) -> Signup:
    hashed = ip_hash(submission.ip)
    with raw_cursor() as cursor:  # one after the other for an address, then for a phone
        for what in (f"address {hashed}", f"phone {phone}"):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7206003))", [f"signup {what}"])
    waiting = Signup.objects.filter(form=form, phone=phone, state=SignupState.PENDING).first()
    if waiting is not None and waiting.expires_at > now and now - waiting.submitted_at < AGAIN:
        return waiting
    _limit(form, phone, hashed, now)
    if waiting is not None:
        Signup.objects.filter(pk=waiting.pk, state=SignupState.PENDING).update(
            state=SignupState.EXPIRED, decided_at=now
        )
    night = submission.night and form.night_statement_id is not None
    signup = Signup.objects.create(
        form=form,
        phone=phone,
        country=country,
        name=name if form.ask_name else "",
        night=night,
        statement_id=form.statement_id,
        night_statement_id=form.night_statement_id if night else None,
        token="".join(secrets.choice(_TOKEN) for _n in range(12)),
        page=page_address(submission.page),
        ip_hash=hashed,
        user_agent=submission.user_agent.replace("\0", "")[:300],
        anonymous_id=submission.anonymous_id.replace("\0", "")[:200],
        expires_at=now + LASTS,
    )
    if not form.double_opt_in:
        deciding.confirm(signup, by="form", now=now)
    signup.refresh_from_db()
    return signup


def _limit(form: SignupForm, phone: str, hashed: str, now: datetime) -> None:
    many = TooMany(said("error_many", form.language))
    if Signup.objects.filter(phone=phone, submitted_at__gt=now - DAY).count() >= PER_PHONE:
        many.retry_after = int(DAY.total_seconds())
        raise many
    if hashed and Signup.objects.filter(ip_hash=hashed, submitted_at__gt=now - HOUR).count() >= PER_ADDRESS:
        raise many
