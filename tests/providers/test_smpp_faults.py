"""The SMPP provider when the SMSC or the line is bad, judged by the SMSC's own log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from pabal.providers.base import Accepted, Outcome, Rejected, Throttled, Unavailable, Uncertain
from pabal.providers.reasons import Reason
from pabal.providers.smpp.patience import TRIES
from tests.providers.conftest import Ears, judge, kinds, outgoing, smpp, until
from tests.smsc.control import Smsc

pytestmark = pytest.mark.anyio

MakeSmsc = Callable[..., Smsc]


async def test_a_message_that_is_put_off_for_ever_is_refused_at_last(make_smsc: MakeSmsc, ears: Ears) -> None:
    provider = smpp(make_smsc(receipts="none"))
    await provider.open(ears)
    poison = outgoing(999, to="+10000080000")
    outcomes = [(await provider.send([poison, outgoing(n)]))[0] for n in range(TRIES)]
    assert kinds(outcomes) == {"Unavailable": TRIES - 1, "Rejected": 1}
    assert outcomes[-1] == Rejected(Reason.UNKNOWN, "0x00000008")
    await provider.close()


async def test_an_smsc_that_takes_nothing_is_waited_for(make_smsc: MakeSmsc, ears: Ears) -> None:
    provider = smpp(make_smsc(receipts="none"))
    await provider.open(ears)
    poison = outgoing(999, to="+10000080000")
    assert kinds([(await provider.send([poison]))[0] for _ in range(3 * TRIES)]) == {"Unavailable": 3 * TRIES}
    await provider.close()


async def test_throttling_stops_the_window_and_nothing_throttled_was_sent(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(throttle_per_s=30, receipts="none")
    provider = smpp(smsc, window=10)
    await provider.open(ears)
    outcomes = await provider.send([outgoing(n) for n in range(200)])
    submits = smsc.tell()["submits"]
    again = await provider.send([outgoing(999)])
    await provider.close()
    assert submits < 90  # it stopped: at most two seconds' worth and a window
    assert kinds(outcomes)["Throttled"] > 100
    assert kinds(outcomes)["Accepted"] >= 30
    assert isinstance(again[0], Throttled)
    judge(smsc, outcomes)


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_link_that_drops_leaves_only_what_was_handed_over_uncertain(
    make_smsc: MakeSmsc, ears: Ears, when: str
) -> None:
    smsc = make_smsc(drop_every=50, drop_when=when, receipts="none", answer_ms=5)
    provider = smpp(smsc, window=20)
    await provider.open(ears)
    outcomes = await provider.send([outgoing(n) for n in range(100)])
    found = kinds(outcomes)
    await until(lambda: provider.health().state == "open")
    smsc.tell(set={"drop_every": 0})
    [later] = await provider.send([outgoing(1000)])
    await provider.close()
    assert 0 < found["Uncertain"] <= 20
    assert found["Unavailable"] > 0
    assert found["Accepted"] > 0
    assert isinstance(later, Accepted)
    judge(smsc, outcomes)


async def test_a_whole_run_over_a_bad_line_sends_nothing_twice_and_loses_nothing(
    make_smsc: MakeSmsc, ears: Ears
) -> None:
    smsc = make_smsc(drop_every=150, receipts="none", queue_full_share=0.01)
    provider = smpp(smsc, window=20, throttle_s=0.02)
    await provider.open(ears)
    outcomes: dict[int, Outcome] = {}
    waiting = list(range(2000))
    while waiting:  # as the dispatcher does: again only what was surely not sent
        window, waiting = waiting[:80], waiting[80:]
        for number, outcome in zip(window, await provider.send([outgoing(n) for n in window]), strict=True):
            if isinstance(outcome, Throttled | Unavailable):
                waiting.append(number)
            else:
                outcomes[number] = outcome
        if any(isinstance(outcomes.get(n), Uncertain) for n in window) or provider.health().state != "open":
            await until(lambda: provider.health().state == "open")
    await provider.close()
    judge(smsc, [outcomes[number] for number in range(2000)])
    assert smsc.tell()["drops"] >= 10
    assert kinds(list(outcomes.values()))["Accepted"] > 1700


async def test_an_smsc_that_restarts_is_found_again(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(receipts="none")
    provider = smpp(smsc)
    await provider.open(ears)
    first = await provider.send([outgoing(0)])
    smsc.stop()
    await until(lambda: provider.health().state == "connecting")
    down = await provider.send([outgoing(1)])
    smsc.start()
    await until(lambda: provider.health().state == "open")
    again = await provider.send([outgoing(2)])
    await provider.close()
    assert kinds(first + down + again) == {"Accepted": 2, "Unavailable": 1}
    judge(smsc, first + down + again)


async def test_an_smsc_that_never_answers_leaves_messages_uncertain(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(receipts="none")
    provider = smpp(smsc, answer_s=0.5, enquire_s=0.2)
    await provider.open(ears)
    smsc.tell(set={"mute": True})
    outcomes = await provider.send([outgoing(n) for n in range(5)])
    assert {getattr(outcome, "code", "") for outcome in outcomes} <= {"no_answer", "link_lost"}
    assert kinds(outcomes) == {"Uncertain": 5}
    await until(lambda: provider.health().state == "connecting")  # enquire_link found the link dead
    smsc.tell(set={"mute": False})
    await until(lambda: provider.health().state == "open")
    await provider.close()


async def test_a_slow_smsc_is_waited_for(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(answer_ms=400, receipts="none")
    provider = smpp(smsc, answer_s=3, enquire_s=0.2)
    await provider.open(ears)
    outcomes = await provider.send([outgoing(n) for n in range(10)])
    await provider.close()
    assert kinds(outcomes) == {"Accepted": 10}


async def test_answers_given_twice_or_to_nobody_change_nothing(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(answer_twice=True, answer_nobody=True, duplicate_share=1)
    provider = smpp(smsc)
    await provider.open(ears)
    outcomes = await provider.send([outgoing(n, "a" * 200 if n % 2 else "b") for n in range(20)])
    await until(lambda: len(ears.receipts) == 40)
    await provider.close()
    assert kinds(outcomes) == {"Accepted": 20}
    by_number = {outgoing(n).to[1:]: outcome for n, outcome in enumerate(outcomes)}
    last_ids = {taken.to: taken.id for taken in sorted(smsc.taken(), key=lambda part: part.number)}
    assert {number: outcome.provider_id for number, outcome in by_number.items() if isinstance(outcome, Accepted)} == (
        last_ids
    )


async def test_closing_waits_for_the_answers(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(answer_ms=200, receipts="none")
    provider = smpp(smsc)
    await provider.open(ears)
    sending = asyncio.create_task(provider.send([outgoing(n) for n in range(10)]))
    await asyncio.sleep(0.05)
    await provider.close()
    assert kinds(await sending) == {"Accepted": 10}
    assert kinds(await provider.send([outgoing(11)])) == {"Unavailable": 1}


async def test_cancelling_hands_over_no_more(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(answer_ms=100, receipts="none")
    provider = smpp(smsc, window=5)
    await provider.open(ears)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(provider.send([outgoing(n) for n in range(20)]), 0.05)
    await asyncio.sleep(0.3)
    [after] = await provider.send([outgoing(50)])
    await provider.close()
    assert isinstance(after, Accepted)
    assert len(smsc.taken()) == 6
