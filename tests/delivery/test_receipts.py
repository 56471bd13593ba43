"""Receipts: late, early, twice, out of order; a state never goes backwards and every count agrees."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TransactionTestCase
from psycopg_pool import AsyncConnectionPool

from pabal.delivery.models import MessageEvent, ProviderAccount, Sender
from pabal.delivery.receipts import EARLY_S, ReceiptBook
from pabal.providers.base import Receipt
from pabal.providers.reasons import Reason
from tests.delivery.sending import Shop, dsn, events, plan, query, shop, tallies

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def receipt(ref: str, outcome: str = "delivered", *, reference: int | None = None, minutes: int = 0) -> Receipt:
    reason = None if outcome == "delivered" else Reason.UNREACHABLE
    return Receipt(
        provider_id=ref,
        reference=reference,
        outcome=outcome,  # type: ignore[arg-type]
        reason=reason,
        code="" if reason is None else "UNDELIV",
        at=NOW + timedelta(minutes=minutes),
        raw={"stat": "x\0y"},
    )


def apply(account: ProviderAccount, *sets: Sequence[Receipt], wait: float = 0) -> None:
    """Apply sets of receipts, one after the other, as a dispatcher does."""

    async def run() -> None:
        pool: AsyncConnectionPool[Any] = AsyncConnectionPool(dsn(), min_size=1, open=False, kwargs={"autocommit": True})
        async with pool:
            book = ReceiptBook(pool, shard=1, providers={account.pk: account.provider})
            task = asyncio.create_task(book.run())
            for receipts in sets:
                await book.take(account.pk, receipts)
            await asyncio.sleep(wait)
            task.cancel()

    asyncio.run(run())
    connection.close()  # what the other connection committed is seen


def accept(ids: Sequence[int]) -> None:
    for message_id in ids:
        MessageEvent.objects.create(message_id=message_id, kind=1, at=NOW, provider_ref=f"ref-{message_id}")


def finals(message_id: int) -> list[tuple[int, str]]:
    found = MessageEvent.objects.filter(message_id=message_id, kind__in=[2, 3, 4, 5]).order_by("kind")
    return list(found.values_list("kind", "reason"))


@pytest.fixture
def store(tmp_path: Path) -> Shop:
    return shop(tmp_path)


@pytest.mark.django_db(transaction=True)
def test_a_receipt_finds_its_message_by_our_reference_or_by_the_carriers_id(store: Shop) -> None:
    ids = plan(store.senders[0], 3)
    accept(ids)
    apply(store.account, [receipt("whatever", reference=ids[0]), receipt(f"ref-{ids[1]}")])
    assert events() == {"accepted": 3, "delivered": 2}


@pytest.mark.django_db(transaction=True)
def test_the_same_id_of_another_account_is_not_ours(store: Shop, tmp_path: Path) -> None:
    ids = plan(store.senders[0], 1)
    accept(ids)
    other = shop(tmp_path, name="other")
    apply(other.account, [receipt(f"ref-{ids[0]}")])
    assert not finals(ids[0])
    assert query("SELECT account_id, provider_ref FROM early_receipt") == [(other.account.pk, f"ref-{ids[0]}")]


@pytest.mark.django_db(transaction=True)
def test_the_first_final_word_stands_and_a_repeated_one_is_harmless(store: Shop) -> None:
    ids = plan(store.senders[0], 1)
    accept(ids)
    ref = f"ref-{ids[0]}"
    apply(store.account, [receipt(ref, "unknown")], [receipt(ref, "failed")], [receipt(ref)], [receipt(ref, "failed")])
    assert finals(ids[0]) == [(3, "unreachable")]
    assert tallies() == {"unknown": 1, "failed": 1}


@pytest.mark.django_db(transaction=True)
def test_in_one_set_the_strongest_word_counts(store: Shop) -> None:
    ids = plan(store.senders[0], 1)
    accept(ids)
    ref = f"ref-{ids[0]}"
    apply(store.account, [receipt(ref, "unknown"), receipt(ref, "failed"), receipt(ref), receipt(ref, "expired")])
    assert finals(ids[0]) == [(2, "")]


@pytest.mark.django_db(transaction=True)
def test_a_message_of_unknown_fate_is_settled_by_its_receipt(store: Shop) -> None:
    ids = plan(store.senders[0], 1)
    MessageEvent.objects.create(message_id=ids[0], kind=6, at=NOW, reason="holder_lost")
    apply(store.account, [receipt("any", reference=ids[0])])
    assert finals(ids[0]) == [(2, "")]


@pytest.mark.django_db(transaction=True)
def test_an_early_receipt_waits_for_the_acceptance(store: Shop) -> None:
    ids = plan(store.senders[0], 2)
    apply(store.account, [receipt(f"ref-{ids[0]}"), receipt("x", "failed", reference=ids[1])])
    assert not events()
    assert len(query("SELECT 1 FROM early_receipt")) == 2
    accept(ids)
    apply(store.account, wait=EARLY_S + 1)
    assert events() == {"accepted": 2, "delivered": 1, "failed": 1}
    assert not query("SELECT 1 FROM early_receipt")
    detail = MessageEvent.objects.get(message_id=ids[1], kind=3).detail
    assert detail == {"stat": "xy"}, "the carrier's own words are kept with a failure"


@pytest.mark.django_db(transaction=True)
def test_a_receipt_nobody_knows_is_kept(store: Shop) -> None:
    apply(store.account, [receipt("stray")])
    assert query("SELECT provider_ref, outcome FROM early_receipt") == [("stray", 2)]


@pytest.mark.django_db(transaction=True)
def test_odd_characters_from_a_carrier_do_no_harm(store: Shop) -> None:
    ids = plan(store.senders[0], 1)
    MessageEvent.objects.create(message_id=ids[0], kind=1, at=NOW, provider_ref='a"b\\c,{}')
    odd = Receipt(
        provider_id='a"b\\c,{}', outcome="failed", reason=Reason.SPAM, code='5"\\{}NULL,\0' + "x" * 100, at=NOW
    )
    apply(store.account, [odd])
    event = MessageEvent.objects.get(message_id=ids[0], kind=3)
    assert event.code == ('5"\\{}NULL,' + "x" * 100)[:64]


class TestAnyOrder(TransactionTestCase):
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.lists(
                st.tuples(st.integers(0, 3), st.sampled_from(["delivered", "failed", "expired", "unknown"])),
                min_size=1,
                max_size=5,
            ),
            max_size=5,
        )
    )
    def test_whatever_comes_there_is_one_final_event_and_counts_agree(self, sets: list[list[tuple[int, str]]]) -> None:
        ProviderAccount.objects.all().delete()
        account = ProviderAccount.objects.create(name="any", provider="sandbox")
        sender = Sender.objects.create(account=account, address="02", name="x", kind="long_code", country="KR")
        ids = plan(sender, 4)
        accept(ids)
        apply(account, *[[receipt(f"ref-{ids[i]}", outcome) for i, outcome in words] for words in sets])
        rank = ["delivered", "failed", "expired", "unknown"]
        for index, message_id in enumerate(ids):
            expected = None
            for words in sets:
                about = [outcome for i, outcome in words if i == index]
                strongest = min(about, key=rank.index) if about else "unknown"
                if expected is None and strongest != "unknown":
                    expected = {"delivered": 2, "failed": 3, "expired": 4}[strongest]
            assert [kind for kind, _ in finals(message_id)] == ([] if expected is None else [expected])
        recorded = events()
        recorded.pop("accepted")
        assert tallies() == recorded
        query("TRUNCATE message, message_event, tally, batch, sender, early_receipt, campaign_control, profile CASCADE")
