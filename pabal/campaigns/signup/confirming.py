"""The one text that asks whether it was really the phone's owner who signed up."""

from __future__ import annotations

import logging
import re
from typing import Final

from django.db import DatabaseError, transaction
from django.utils import timezone

from pabal.audience.models import Profile
from pabal.audience.upsert import upsert_profiles
from pabal.campaigns.models import Campaign, Signup, SignupForm, SignupState
from pabal.campaigns.single import send_single, standing_campaign
from pabal.delivery.short_links import short_links
from pabal.errors import InvalidInput, PabalError

log = logging.getLogger(__name__)

LINK: Final = re.compile(r"\{\{\s*link\s*\}\}")
"""Stands in a form's wording for the address that confirms."""

AT_ONCE: Final = 100
PASSING: Final = ("", "insufficient_balance")
"""Troubles that may be gone at the next try."""


def confirm_address(token: str) -> str:
    """Where a sign-up is confirmed, on the edge."""
    return f"{short_links().base}/o/{token}"


def campaign_of(form: SignupForm) -> Campaign:
    """The standing campaign that a form's confirmations go through."""
    campaign = standing_campaign(key=f"signup-form-{form.pk}", name=form.name)
    if form.campaign_id != campaign.pk:
        SignupForm.objects.filter(pk=form.pk).update(campaign_id=campaign.pk)
        form.campaign_id = campaign.pk
    return campaign


def send_confirmation(signup_id: int) -> bool:
    """Send a sign-up's confirmation unless it has one; whether there is one now. What stands in the way is kept as its
    `trouble`, and tried again by the engine when it may pass. Raises nothing of ours."""
    try:
        return _send(signup_id)
    except PabalError as error:
        trouble = error.code[:64]
    except DatabaseError as error:
        log.warning("a confirmation waits for the database", extra={"signup": signup_id, "error": str(error)})
        return False
    log.warning("a confirmation could not be sent", extra={"signup": signup_id, "trouble": trouble})
    Signup.objects.filter(pk=signup_id, message_id=None).update(trouble=trouble)
    return False


@transaction.atomic
def _send(signup_id: int) -> bool:
    """The text and the note of its id are one transaction: it is never sent twice, and never forgotten."""
    signup = (
        Signup.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("form__sender__account")
        .filter(pk=signup_id, state=SignupState.PENDING, message_id=None)
        .first()
    )
    if signup is None:
        return Signup.objects.filter(pk=signup_id).exclude(message_id=None).exists()
    if signup.expires_at <= timezone.now():
        return False
    form = signup.form
    if form.sender is None:
        raise InvalidInput("The form has no sender.", code="no_sender")
    profile = profile_for(signup)
    outcome = send_single(
        campaign_of(form),
        profile,
        text=LINK.sub(confirm_address(signup.token), form.confirmation),
        sender=form.sender,
    )
    Signup.objects.filter(pk=signup.pk).update(
        message_id=outcome.message_id,
        profile_id=profile.pk,
        trouble=outcome.skipped.key if outcome.skipped is not None else "",
    )
    return outcome.message_id is not None


def profile_for(signup: Signup) -> Profile:
    """The person with this phone, made when there is none. A stranger may have filled in the form: nothing that is known
    of a person is changed by it."""
    known = Profile.objects.filter(phone=signup.phone).order_by("id").first()
    if known is not None:
        return known
    row = {"phone": signup.phone, "locale": signup.form.language if signup.country == "KR" else ""}
    written = upsert_profiles([{k: v for k, v in row.items() if v}], source=f"form {signup.form.key}")[0]
    assert written.profile_id is not None  # the phone was read before
    return Profile.objects.get(pk=written.profile_id)


def send_waiting() -> int:
    """Send the confirmations that could not be sent at once; how many."""
    waiting = Signup.objects.filter(
        state=SignupState.PENDING, message_id=None, trouble__in=PASSING, expires_at__gt=timezone.now()
    )
    return sum(send_confirmation(pk) for pk in waiting.order_by("id").values_list("pk", flat=True)[:AT_ONCE])
