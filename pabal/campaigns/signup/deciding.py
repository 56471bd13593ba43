"""How a sign-up ends: confirmed, with consent and its evidence, refused, or expired."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from pabal.audience.actions import set_consent
from pabal.audience.anonymous import bind
from pabal.audience.lists import add_members
from pabal.audience.models import Channel, ConsentMethod, ConsentState, Profile, Purpose
from pabal.campaigns.models import Signup, SignupForm, SignupState
from pabal.campaigns.signup.confirming import profile_for
from pabal.campaigns.signup.evidence import place
from pabal.campaigns.signup.words import YES, said
from pabal.database import raw_cursor
from pabal.delivery.models import Sender
from pabal.policy.optout import read_reply

#: How long a number that was not confirmed is kept.
KEPT = timedelta(days=30)

#: The event that a confirmed sign-up leaves, for segments and triggers.
EVENT = "Signed Up"

_EVENT = """
INSERT INTO event (key, profile_id, anonymous_id, name, at, properties) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (key) DO NOTHING
"""


def find(token: str) -> Signup | None:
    """The sign-up whose confirmation has this token."""
    found = Signup.objects.select_related("form__sender", "statement", "night_statement")
    return found.filter(token=token).first()


@transaction.atomic
def confirm(signup: Signup, *, by: str, now: datetime | None = None, actor: str = "") -> bool:
    """Record consent; False when the sign-up does not wait (any more). `by`: form, link or reply.

    Night is a consent of its own with its own wording. The person joins the form's list.
    """
    now = now or timezone.now()
    changed = Signup.objects.filter(pk=signup.pk, state=SignupState.PENDING, expires_at__gt=now).update(
        state=SignupState.CONFIRMED, decided_at=now, decided_by=by
    )
    if changed != 1:
        return False
    profile = profile_for(signup)
    Signup.objects.filter(pk=signup.pk).update(profile_id=profile.pk)
    if signup.name and not (profile.first_name or profile.last_name):
        Profile.objects.filter(pk=profile.pk).update(first_name=signup.name, updated_at=now)
    agreed = [(Purpose.PROMOTIONAL, signup.statement)]
    if signup.night and signup.night_statement is not None:
        agreed.append((Purpose.NIGHT, signup.night_statement))
    for purpose, statement in agreed:
        set_consent(
            phones=[signup.phone],
            channel=Channel.TEXT,
            purposes=[purpose],
            state=ConsentState.SUBSCRIBED,
            method=ConsentMethod.FORM,
            source=signup.form.key,
            actor=actor or place(signup.page, signup.ip_hash),
            at=now,
            statement=statement,
        )
    if signup.form.list is not None:
        add_members(signup.form.list, [profile.pk])
    _report(signup, profile, now)
    return True


def refuse(signup: Signup, *, by: str, now: datetime | None = None) -> bool:
    """The phone's owner does not want it; False when the sign-up does not wait (any more)."""
    changed = Signup.objects.filter(pk=signup.pk, state=SignupState.PENDING).update(
        state=SignupState.REFUSED, decided_at=now or timezone.now(), decided_by=by
    )
    return changed == 1


def expire(now: datetime | None = None) -> int:
    """End the sign-ups that nobody confirmed in time; how many."""
    now = now or timezone.now()
    return Signup.objects.filter(state=SignupState.PENDING, expires_at__lte=now).update(
        state=SignupState.EXPIRED, decided_at=now
    )


def forget_unconfirmed(now: datetime | None = None) -> int:
    """Let go of the numbers that nobody confirmed, a month later; how many. That somebody tried stays counted."""
    now = now or timezone.now()
    over = Signup.objects.filter(state__in=[SignupState.EXPIRED, SignupState.REFUSED], expires_at__lt=now - KEPT)
    return over.exclude(phone="").update(phone="", name="", page="", ip_hash="", user_agent="", anonymous_id="")


def claim_reply(sender: Sender, phone: str, text: str, at: datetime) -> str | None:
    """Take a text that answers a confirmation: the words for yes confirm the sign-up, those for stop refuse it.

    Returns the answer to send, or None when the text is to be read as any other. See `delivery.inbound.CLAIMS`.
    """
    waiting = (
        Signup.objects.select_related("form__sender", "form__list", "statement", "night_statement")
        .filter(phone=phone, state=SignupState.PENDING, form__sender=sender, submitted_at__lte=at, expires_at__gt=at)
        .exclude(message_id=None)
        .order_by("-id")
        .first()
    )
    if waiting is None:
        return None
    meaning = read_reply(text, waiting.country)
    if meaning == "stop":
        refuse(waiting, by="reply", now=at)
        return None
    word = " ".join(text.casefold().replace("!", " ").replace(".", " ").split())
    if meaning != "start" and word not in YES:
        return None
    if not confirm(waiting, by="reply", now=at, actor=phone):
        return None
    zone = ZoneInfo("Asia/Seoul" if waiting.country == "KR" else settings.TIME_ZONE)
    return said(
        "reply_confirmed", waiting.form.language, sender=sender.name, day=at.astimezone(zone).date().isoformat()
    )


def _report(signup: Signup, profile: Profile, now: datetime) -> None:
    """An event, as if the shop had sent it: what a person did on the form. What they did before is theirs, too."""
    form: SignupForm = signup.form
    properties = {"form": form.key, "night": signup.night, "page": signup.page}
    if form.list is not None:
        properties["list"] = form.list.key
    if signup.anonymous_id:
        bind(signup.anonymous_id, profile.pk)
    key = hashlib.md5(b"signup\0%d" % signup.pk, usedforsecurity=False).hexdigest()
    with raw_cursor() as cursor:
        cursor.execute(
            _EVENT,
            [key, profile.pk, signup.anonymous_id or None, EVENT, now, json.dumps(properties, ensure_ascii=False)],
        )
