"""What may be written in a campaign's fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from pabal.audience.models import Channel, List, Purpose, Segment
from pabal.campaigns.models import Campaign, FailOver, QuietHours, SmartCounts, Target
from pabal.delivery.models import Image, Sender
from pabal.errors import InvalidInput

#: Fields that hold a set of other rows, and what they hold.
SETS: dict[str, Any] = {
    "include_lists": List,
    "exclude_lists": List,
    "include_segments": Segment,
    "exclude_segments": Segment,
    "senders": Sender,
    "fallback_senders": Sender,
}

FIELDS = frozenset(
    {
        "key", "name", "description", "purpose", "all_profiles", "text", "subject", "shorten_links", "add_opt_out",
        "add_sender_name", "allow_lms", "starts_at", "per_minute", "urgent", "timeout_minutes", "smart_hours", "smart_counts",
        "quiet_hours", "hours_from", "hours_to", "channel", "kakao", "target", "fallback", "fallback_text",
        "fallback_subject", "reentry_minutes", "images",
    }
)  # fmt: skip

MOST_IMAGES = 3

_KEY = re.compile(r"^[a-z0-9][a-z0-9_-]{0,63}$")
_BOUNDS = {
    "per_minute": (1, 10_000_000),
    "timeout_minutes": (5, 7 * 24 * 60),
    "smart_hours": (1, 720),
    "reentry_minutes": (1, 365 * 24 * 60),
}
_CHOICES: dict[str, Iterable[str]] = {
    "channel": Channel.values,
    "target": Target.values,
    "fallback": FailOver.values,
    "purpose": (Purpose.PROMOTIONAL.value, Purpose.INFORMATIONAL.value),
    "smart_counts": SmartCounts.values,
    "quiet_hours": QuietHours.values,
}


def check(values: dict[str, Any]) -> None:
    """Raises InvalidInput for the first value that cannot be, with its field."""
    for name, value in values.items():
        if name not in FIELDS and name not in SETS:
            raise InvalidInput(
                _("A campaign has no field %(name)s.") % {"name": name}, code="unknown_field", field=name
            )
        if name in _BOUNDS and value is not None:
            low, high = _BOUNDS[name]
            if not isinstance(value, int) or not low <= value <= high:
                message = _("Enter a number from %(low)s to %(high)s.") % {"low": f"{low:,}", "high": f"{high:,}"}
                raise InvalidInput(message, code="out_of_range", field=name)
        if name in _CHOICES and value not in _CHOICES[name]:
            raise InvalidInput(_("This is not one of the choices."), code="unknown_choice", field=name)
    if "name" in values and not str(values["name"]).strip():
        raise InvalidInput(_("Give the campaign a name."), code="name_missing", field="name")
    if "name" in values and len(values["name"]) > 200:
        raise InvalidInput(_("The name is too long."), code="name_too_long", field="name")
    if "timeout_minutes" in values and values["timeout_minutes"] is None:
        raise InvalidInput(_("Enter a number."), code="out_of_range", field="timeout_minutes")
    if "subject" in values and len(values["subject"] or "") > 200:
        raise InvalidInput(_("The title is too long."), code="subject_too_long", field="subject")
    if "images" in values:
        check_images(values["images"])
    starts_at = values.get("starts_at")
    if isinstance(starts_at, datetime) and starts_at.tzinfo is None:
        raise InvalidInput(_("Say the time zone."), code="zone_missing", field="starts_at")


def check_images(ids: Any) -> None:
    """Raises InvalidInput for pictures that are not there, or too many of them."""
    if not isinstance(ids, list | tuple) or not all(isinstance(one, int) for one in ids):
        raise InvalidInput(_("Name pictures by their number."), code="bad_images", field="images")
    if len(ids) > MOST_IMAGES:
        message = _("A message can carry %(limit)s pictures.") % {"limit": MOST_IMAGES}
        raise InvalidInput(message, code="too_many_images", field="images")
    known = set(Image.objects.filter(pk__in=ids).values_list("pk", flat=True))
    if missing := [one for one in ids if one not in known]:
        message = _("There is no such picture: %(ids)s.") % {"ids": ", ".join(map(str, missing))}
        raise InvalidInput(message, code="unknown_image", field="images")


def check_key(key: str, *, of: Campaign | None = None) -> None:
    """Raises InvalidInput for a key that is malformed or taken."""
    if not _KEY.match(key):
        message = _("Use small letters, digits, hyphens and underscores, 64 at most.")
        raise InvalidInput(message, code="bad_key", field="key")
    others = Campaign.objects.filter(key=key)
    if of is not None:
        others = others.exclude(pk=of.pk)
    if others.exists():
        raise InvalidInput(_("Another campaign has this key."), code="key_taken", field="key")


def key_from(name: str) -> str:
    """A free key made from a name; a Korean one gives `campaign-1` and so on."""
    base = slugify(name)[:56].strip("-_") or "campaign"
    taken = set(Campaign.objects.filter(key__startswith=base).values_list("key", flat=True))
    if base not in taken and base != "campaign":
        return base
    number = 2 if base != "campaign" else 1
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def rows_of(name: str, given: Iterable[Any]) -> list[Any]:
    """The rows that a set field names, by row or id, in the order given. Raises InvalidInput for one that is not there."""
    ids = [int(getattr(item, "pk", item)) for item in given]
    rows = SETS[name].objects.filter(archived_at=None).in_bulk(ids)
    if missing := [pk for pk in ids if pk not in rows]:
        message = _("There is no such entry: %(ids)s.") % {"ids": ", ".join(map(str, missing))}
        raise InvalidInput(message, code="unknown_entry", field=name)
    return [rows[pk] for pk in dict.fromkeys(ids)]
