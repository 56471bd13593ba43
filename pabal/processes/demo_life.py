"""The sample shop's events and segments: sent through the intake, counted by the engine, with the sizes of past weeks.

A segment's past sizes are no invention either: its condition is asked again with each window ending on that day.
"""

from __future__ import annotations

import contextlib
import time
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts import audit
from pabal.accounts.audit import Actor
from pabal.accounts.models import User
from pabal.audience import segments
from pabal.audience.event_models import Event, WriteKey, WriteKeyKind
from pabal.audience.models import Profile, Segment, SegmentSize
from pabal.audience.write_keys import create_write_key
from pabal.campaigns import questions
from pabal.config import Config
from pabal.errors import PabalError, Unavailable
from pabal.processes import demo_events
from pabal.processes.commands import say
from pabal.warehouse import conditions as c

KEY = "Sample shop"
WEEKS = 8
_ORDER = "Order Completed"


def fill(config: Config, user: User) -> None:
    """Send the events and make the segments, once."""
    if not Event.objects.exists():
        customers = list(
            Profile.objects.filter(external_id__regex="^(KR|US)-").order_by("pk").values_list("external_id", "country")
        )
        known = [(customer, country) for customer, country in customers if customer]
        sent = demo_events.send(
            demo_events.events_of(known, timezone.now()), address=_edge(config), key=_write_key(user)
        )
        say(_("sent %(n)s events") % {"n": f"{sent:,}"})
    if not Segment.objects.exists():
        _segments(user)


def import_purchases(config: Config, user: User, source: Path) -> None:
    """The orders of a purchase history, as events of its customers."""
    sent = demo_events.send(demo_events.purchases(source), address=_edge(config), key=_write_key(user))
    say(_("sent %(n)s events") % {"n": f"{sent:,}"})


def _edge(config: Config) -> str:
    return f"http://{config.edge_host}:{config.edge_port}"


def _write_key(user: User) -> str:
    held = WriteKey.objects.filter(name=KEY, revoked_at=None).first()
    return (held or create_write_key(name=KEY, kind=WriteKeyKind.SERVER, by=Actor(user=user))).key


def _segments(user: User) -> None:
    year, quarter = c.Window(last=1, unit="years"), c.Window(last=90, unit="days")
    korean = c.Property(field="country", kind="text", operator="equals", value="KR")
    ready = (
        (
            "vip",
            _("VIP of the last year"),
            _("Spent over ₩300,000 in the last year"),
            c.Group(
                conditions=(
                    korean,
                    c.Event(
                        name=_ORDER, measure="sum", property="revenue", operator="more", value=300_000, window=year
                    ),
                )
            ),
        ),
        (
            "stayed-away",
            _("Good customers who stayed away"),
            _("Bought at least twice, but not in the last 90 days"),
            c.Group(
                conditions=(
                    c.Event(name=_ORDER, value=2),
                    c.Event(name=_ORDER, operator="exactly", value=0, window=quarter),
                )
            ),
        ),
        (
            "shoes-lately",
            _("Shoes, lately"),
            _("Looked at shoes in the last 30 days, agreed to advertising"),
            c.Group(
                conditions=(
                    c.Event(
                        name="Product Viewed",
                        where=(c.Filter(name="category", kind="text", operator="in", value=("신발", "shoes")),),
                        window=c.Window(last=30, unit="days"),
                    ),
                    c.Consent(),
                )
            ),
        ),
    )
    for key, name, text, condition in ready:
        with transaction.atomic():
            made = segments.create(by=user, key=key, name=name, description=text, condition=c.dump(condition))
            audit.record(Actor(user=user), "segment.create", made, audit.snapshot(made, segments.FIELDS))
        try:
            _look_back(made, condition)
        except PabalError as error:  # the engine counts it from now on all the same
            say(_("the past of a segment is missing: %(error)s") % {"error": error})
    say(_("made %(n)s segments") % {"n": len(ready)})


def _look_back(segment: Segment, condition: c.Group) -> None:
    """Its size at the end of each half-week of the past."""
    _until_counted()
    today = timezone.localdate()
    for half in range(2 * WEEKS, 0, -1):
        day = today - timedelta(days=round(half * 3.5))
        answer = questions.answer("count", {"condition": c.dump(as_of(condition, day)), "parts": False}, seconds=20)
        at = datetime.combine(day, clock(23), tzinfo=timezone.get_current_timezone())
        SegmentSize.objects.update_or_create(segment=segment, at=at, defaults={"size": answer["people"]})


def _until_counted(seconds: float = 60) -> None:
    """Until the warehouse has the events: two counts in a row that find the same buyers."""
    body = {"condition": c.dump(c.Group(conditions=(c.Event(name=_ORDER),))), "parts": False}
    last, until = -1, time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(Unavailable):  # the warehouse is still being filled
            found = questions.answer("count", body, seconds=20)["people"]
            if found and found == last:
                return
            last = found
        time.sleep(0.7)


def as_of(condition: c.Condition, day: date) -> c.Condition:
    """The condition as it was on a day: windows of events end there, those without one, too."""
    match condition:
        case c.Group():
            return msgspec.structs.replace(
                condition, conditions=tuple(as_of(part, day) for part in condition.conditions)
            )
        case c.Event():
            return msgspec.structs.replace(condition, window=_ending(condition.window, day))
    return condition


def _ending(window: c.Window | None, day: date) -> c.Window:
    if window is None or window.last is None:
        return c.Window(from_=window.from_ if window else None, to=day.isoformat())
    days = {"hours": 1 / 24, "days": 1, "weeks": 7, "months": 30.4, "years": 365}.get(str(window.unit), 1) * window.last
    return c.Window(from_=(day - timedelta(days=round(days))).isoformat(), to=day.isoformat())
