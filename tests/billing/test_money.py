"""Money: never over-reserved, every movement in the ledger, sums that agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from pabal.accounts.audit import Actor
from pabal.accounts.models import AuditEntry
from pabal.billing import actions, queries
from pabal.billing.ledger import EFFECT
from pabal.billing.models import Balance, EntryKind, LedgerEntry
from pabal.billing.prices import load_default_prices, price_list, remove_price, set_price
from pabal.errors import Conflict, InvalidInput

TESTER = Actor(name="tests")


def balance() -> tuple[int, int]:
    row = queries.balance()
    return row.total, row.reserved


@pytest.mark.django_db
def test_a_campaigns_money_moves_from_available_to_reserved_to_spent() -> None:
    actions.top_up(100_000, by=TESTER, note="first")
    actions.reserve(7, 60_000, messages=5)
    assert balance() == (100_000, 60_000)
    actions.settle(7, 1, 36_000, 3)
    assert balance() == (64_000, 24_000)
    actions.refund(7, 12_000, messages=1)
    assert actions.release(7, 12_000, batch_id=1, messages=1) == 12_000
    assert actions.release(7) == 12_000
    assert actions.release(7) == 0
    assert balance() == (76_000, 0)
    money = queries.campaign_money(7)
    assert (money.reserved, money.settled, money.released, money.refunded) == (60_000, 36_000, 24_000, 12_000)
    assert (money.outstanding, money.spent) == (0, 24_000)


@pytest.mark.django_db
def test_reserving_more_than_is_available_is_refused_with_the_figures() -> None:
    actions.top_up(10_000, by=TESTER)
    actions.reserve(1, 4_000)
    with pytest.raises(Conflict) as refused:
        actions.reserve(2, 6_001)
    assert refused.value.code == "insufficient_balance"
    assert refused.value.details == {"needed": 6_001, "available": 6_000, "missing": 1}
    assert balance() == (10_000, 4_000)
    assert not LedgerEntry.objects.filter(campaign_id=2).exists()


@pytest.mark.django_db
def test_a_correction_cannot_take_what_is_reserved() -> None:
    actions.top_up(10_000, by=TESTER)
    actions.reserve(1, 9_000)
    with pytest.raises(Conflict):
        actions.correct(-1_001, by=TESTER, note="typed twice")
    actions.correct(-1_000, by=TESTER, note="typed twice")
    assert balance() == (9_000, 9_000)
    assert AuditEntry.objects.filter(action="balance.correct").count() == 1


@pytest.mark.django_db
def test_amounts_that_make_no_sense_are_refused() -> None:
    for amount in (0, -5):
        with pytest.raises(InvalidInput):
            actions.top_up(amount, by=TESTER)
    with pytest.raises(InvalidInput) as refused:
        actions.correct(5, by=TESTER, note=" ")
    assert refused.value.code == "note_required"
    with pytest.raises(ValueError, match="negative"):
        actions.settle(1, None, -5, 1)


@pytest.mark.django_db(transaction=True)
def test_campaigns_launched_at_the_same_moment_never_reserve_more_than_there_is() -> None:
    Balance.objects.get_or_create(pk=1)
    start = queries.balance().available
    actions.top_up(10_000, by=TESTER)

    def launch(campaign_id: int) -> bool:
        try:
            actions.reserve(campaign_id, 700)
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        launched = sum(threads.map(launch, range(100, 140)))
    assert launched == (10_000 + start) // 700
    assert queries.balance().available == (10_000 + start) - 700 * launched
    entries = LedgerEntry.objects.filter(kind=EntryKind.RESERVE).order_by("id").values_list("reserved_after", flat=True)
    assert sorted(entries) == list(entries)


class TestLedger(TestCase):
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["top_up", "reserve", "settle", "release", "refund", "correct"]),
                st.integers(1, 3),
                st.integers(1, 50),
            ),
            max_size=40,
        )
    )
    def test_the_ledger_adds_up_to_the_balance_whatever_is_done(self, steps: list[tuple[str, int, int]]) -> None:
        for verb, campaign, amount in steps:
            try:
                match verb:
                    case "top_up":
                        actions.top_up(amount, by=TESTER)
                    case "reserve":
                        actions.reserve(campaign, amount)
                    case "settle":
                        actions.settle(campaign, 1, min(amount, actions.outstanding(campaign)), 1)
                    case "release":
                        actions.release(campaign)
                    case "refund":
                        actions.refund(campaign, amount, messages=1)
                    case "correct":
                        actions.correct(amount if campaign > 1 else -amount, by=TESTER, note="x")
            except Conflict:
                continue
        now = queries.balance()
        entries = list(LedgerEntry.objects.order_by("id"))
        assert now.total == sum(EFFECT[EntryKind(e.kind)][0] * e.amount for e in entries)
        assert now.reserved == sum(EFFECT[EntryKind(e.kind)][1] * e.amount for e in entries)
        assert now.reserved == sum(actions.outstanding(campaign) for campaign in (1, 2, 3))
        assert all(0 <= e.reserved_after <= e.total_after for e in entries)
        if entries:
            assert (entries[-1].total_after, entries[-1].reserved_after) == (now.total, now.reserved)


@pytest.mark.django_db
def test_the_ledger_is_read_in_pages() -> None:
    for number in range(7):
        actions.top_up(1000 + number, by=TESTER)
    first = queries.ledger_page(limit=4)
    second = queries.ledger_page(limit=4, before=first.next_before)
    assert [e.amount for e in [*first.entries, *second.entries]] == [1006, 1005, 1004, 1003, 1002, 1001, 1000]
    assert second.next_before is None


@pytest.mark.django_db
def test_the_default_prices_are_loaded_once_and_know_korea() -> None:
    added = load_default_prices("sandbox")
    assert added > 20
    assert load_default_prices("sandbox") == 0
    prices = price_list("sandbox", date(2026, 3, 1))
    assert prices.amount("sms", "KR", 1) == 12_000
    assert prices.amount("lms", "KR", 1) == 39_000
    assert prices.amount("mms", "KR", 1) == 90_000
    assert prices.amount("sms", "US", 3) == 33_000
    assert prices.amount("sms", "BR", 1) == 150_000, "a country without a row costs what all others cost"
    assert price_list("sandbox", date(2025, 12, 31)).amount("sms", "KR", 1) is None


@pytest.mark.django_db
def test_a_later_price_replaces_an_earlier_one_from_its_date_on() -> None:
    load_default_prices("sandbox")
    new = set_price("sandbox", "sms", "KR", 13_500, bills_failed=True, valid_from=date(2026, 7, 1), by=TESTER)
    assert price_list("sandbox", date(2026, 6, 30)).amount("sms", "KR", 1) == 12_000
    rate = price_list("sandbox", date(2026, 7, 1)).rate("sms", "KR")
    assert rate is not None
    assert (rate.amount, rate.bills_failed) == (13_500, True)
    frame = queries.price_frame(["sandbox"], date(2026, 7, 1))
    assert frame.filter(kind="sms", country="KR")["amount"].to_list() == [13_500]
    remove_price(new.pk, by=TESTER)
    assert price_list("sandbox", date(2026, 7, 1)).amount("sms", "KR", 1) == 12_000


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "country", "amount"), [("fax", "KR", 1), ("sms", "kr", 1), ("sms", "KR", -1)])
def test_a_price_that_makes_no_sense_is_refused(kind: str, country: str, amount: int) -> None:
    with pytest.raises(InvalidInput):
        set_price("sandbox", kind, country, amount, bills_failed=True, valid_from=date(2026, 1, 1), by=TESTER)
