"""Numbers that fail again and again are suppressed; a delivery or a person starts the count anew."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from pabal.audience.actions import lift_suppression
from pabal.audience.models import Suppression
from pabal.campaigns.dead_numbers import suppress_dead
from pabal.campaigns.models import Campaign, Plan, PlanChunk
from pabal.delivery.models import EventKind
from pabal.warehouse.sync import Synchroniser
from tests.delivery.sending import plan, shop

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.now(UTC)


@pytest.fixture
def history(synchroniser: Synchroniser, tmp_path):  # type: ignore[no-untyped-def]
    """Write what happened to one phone: a string of v (invalid), u (unreachable) and d (delivered), oldest first."""
    sender = shop(tmp_path).senders[0]

    def write(phone: str, story: str, *, ends: datetime = NOW) -> None:
        for index, what in enumerate(story):
            (message,) = plan(sender, 1, campaign_id=Plan.objects.count() + 1, reserve=False)
            campaign = Campaign.objects.create(key=f"c{Plan.objects.count() + 1}", name="c")
            made = Plan.objects.create(campaign=campaign, campaign_version=1, mode="send", planned_for=NOW)
            PlanChunk.objects.create(
                plan=made, number=0, last_profile_id=0, first_message_id=message, last_message_id=message
            )
            at = ends - timedelta(hours=len(story) - index)
            kind = EventKind.DELIVERED if what == "d" else EventKind.FAILED
            reason = {"v": "invalid_number", "u": "unreachable", "d": ""}[what]
            with connection.cursor() as cursor:
                cursor.execute("UPDATE message SET phone = %s WHERE id = %s", [phone, message])
                cursor.execute(
                    "INSERT INTO message_event (message_id, kind, at, reason) VALUES (%s, %s, %s, %s)",
                    [message, kind.value, at, reason],
                )

    return write


def suppressed() -> dict[str, str]:
    return dict(Suppression.objects.filter(lifted_at=None).values_list("phone", "reason"))


STORIES = {
    "v": None,
    "vv": "invalid_number",
    "vdv": None,
    "vvd": None,
    "dvv": "invalid_number",
    "uu": None,
    "uuu": "unreachable",
    "uudu": None,
    "uv": None,
    "uuvuv": "invalid_number",
}


def test_failures_in_a_row_make_a_number_dead(history, synchroniser) -> None:  # type: ignore[no-untyped-def]
    phones = {f"+8210000002{number:02d}": story for number, story in enumerate(STORIES)}
    for phone, story in phones.items():
        history(phone, story)
    synchroniser.run_once()
    dead = {phone: reason for phone, story in phones.items() if (reason := STORIES[story])}
    assert suppress_dead(synchroniser.warehouse, invalid=2, unreachable=3) == len(dead)
    assert suppressed() == dead
    assert suppress_dead(synchroniser.warehouse, invalid=2, unreachable=3) == 0


def test_what_a_person_lifted_stays_lifted_until_it_fails_again(history, synchroniser) -> None:  # type: ignore[no-untyped-def]
    history("+821000000101", "vv", ends=NOW - timedelta(hours=1))
    synchroniser.run_once()
    suppress_dead(synchroniser.warehouse, invalid=2, unreachable=3)
    lift_suppression(["+821000000101"])
    assert suppress_dead(synchroniser.warehouse, invalid=2, unreachable=3) == 0
    history("+821000000101", "v", ends=NOW + timedelta(hours=3))
    synchroniser.run_once()
    assert suppress_dead(synchroniser.warehouse, invalid=2, unreachable=3) == 1


def test_a_limit_of_zero_switches_it_off(history, synchroniser) -> None:  # type: ignore[no-untyped-def]
    history("+821000000101", "vvvv")
    history("+821000000102", "uuuu")
    synchroniser.run_once()
    assert suppress_dead(synchroniser.warehouse, invalid=0, unreachable=0) == 0
    assert suppress_dead(synchroniser.warehouse, invalid=0, unreachable=3) == 1
    assert suppressed() == {"+821000000102": "unreachable"}
