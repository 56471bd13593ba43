"""Asking the carrier again about messages whose fate is unknown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pabal.billing.models import Balance
from pabal.delivery.asking import begin, carry_out
from pabal.delivery.models import EventKind, MessageEvent, Tally
from pabal.errors import Conflict
from tests.delivery.sending import PRICE, Shop, plan, query, shop

pytestmark = pytest.mark.django_db(transaction=True)


def unknown(made: Shop, count: int = 3, *, age: str = "1 hour") -> range:
    """Messages that were charged and whose fate is unknown."""
    ids = plan(made.senders[0], count)
    for message_id in ids:
        query("INSERT INTO message_event (message_id, kind, at) VALUES (%s, 6, now() - %s::interval)", message_id, age)
    return ids


def carried(made: Shop, *references: int) -> None:
    """The carrier's own record says that it took these."""
    told = {"to": "+821000000001", "sender": "0212345000", "kind": "sms", "text": "x", "at": 1_790_000_000.0}
    lines = [json.dumps({"id": f"c-{reference}", "reference": reference} | told) for reference in references]
    made.log.write_text("".join(line + "\n" for line in lines))


def kinds(message_id: int) -> list[tuple[int, str]]:
    rows = MessageEvent.objects.filter(message_id=message_id).exclude(kind=EventKind.UNKNOWN)
    return list(rows.order_by("kind").values_list("kind", "reason"))


def test_what_the_carrier_has_is_accepted_and_the_rest_has_failed_and_is_paid_back(tmp_path: Path) -> None:
    made = shop(tmp_path, look_up=True)
    ids = unknown(made)
    carried(made, ids[0])
    before = Balance.objects.get().total
    enquiry = carry_out(begin(1, by=None).pk)
    assert (enquiry.asked, enquiry.taken, enquiry.refused, enquiry.error) == (3, 1, 2, "")
    assert kinds(ids[0]) == [(EventKind.ACCEPTED, "")]
    assert MessageEvent.objects.get(message_id=ids[0], kind=EventKind.ACCEPTED).provider_ref == f"c-{ids[0]}"
    assert kinds(ids[1]) == [(EventKind.FAILED, "never_taken")]
    assert Balance.objects.get().total == before + 2 * PRICE
    assert Tally.objects.get(kind=EventKind.FAILED).messages == 2


def test_asking_twice_changes_nothing_more(tmp_path: Path) -> None:
    made = shop(tmp_path, look_up=True)
    ids = unknown(made)
    carried(made, *ids)
    carry_out(begin(1, by=None).pk)
    second = carry_out(begin(1, by=None).pk)
    assert (second.asked, second.taken) == (0, 0)


def test_what_became_unknown_a_moment_ago_is_not_declared_unsent(tmp_path: Path) -> None:
    made = shop(tmp_path, look_up=True)
    ids = unknown(made, age="1 minute")
    carried(made, ids[0])
    enquiry = carry_out(begin(1, by=None).pk)
    assert (enquiry.taken, enquiry.refused) == (1, 0)
    assert kinds(ids[1]) == []


def test_a_carrier_that_knows_no_references_cannot_be_asked(tmp_path: Path) -> None:
    unknown(shop(tmp_path, look_up=False))
    with pytest.raises(Conflict) as refused:
        begin(1, by=None)
    assert refused.value.code == "cannot_ask"


def test_one_question_at_a_time(tmp_path: Path) -> None:
    unknown(shop(tmp_path, look_up=True))
    begin(1, by=None)
    with pytest.raises(Conflict):
        begin(1, by=None)
