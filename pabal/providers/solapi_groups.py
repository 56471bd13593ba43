"""Solapi's groups: messages are gathered in a group first and sent by a second request.

That makes hand-over exact. Until the group is sent nothing is, so whatever breaks before is `Unavailable`; what breaks while
it is sent is asked after, and a group that still waits is deleted. After a crash the group is found again by the range of
our message ids in its `customFields`, and its messages by theirs.

Source: solapi/documents, `api-reference/messages/groups` (10,000 messages and 15 MB a request, statuses of groups), and
`groupService.ts` of the SDK.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
import msgspec

from pabal.errors import Unavailable as CannotAsk
from pabal.providers.base import Accepted, Outcome, Outgoing, Rejected, Unavailable, Uncertain
from pabal.providers.gateway import REFUSED_PAUSE_S, Answer, json_of, reference_of
from pabal.providers.reasons import Reason

AT_ONCE: Final = 10_000
BYTES_AT_ONCE: Final = 12_000_000
PAGE: Final = 500
LOOK_BACK: Final = timedelta(hours=24)
WAITING: Final = "PENDING"
UNDER_WAY: Final = frozenset({"SENDING", "COMPLETE", "SCHEDULED"})

#: Errors of a whole request that say that the account cannot send now.
ACCOUNT_ERRORS: Final = {
    "NotEnoughBalance": Reason.INSUFFICIENT_BALANCE,
    "AccountSuspended": Reason.ACCOUNT_SUSPENDED,
    "InvalidAPIKey": Reason.ACCOUNT_SUSPENDED,
    "SignatureDoesNotMatch": Reason.ACCOUNT_SUSPENDED,
}

Ask = Callable[..., Awaitable[Answer]]
Judge = Callable[[str, str], Outcome]


async def send(ask: Ask, made: Sequence[tuple[Outgoing, dict[str, Any]]], judge: Judge) -> dict[int, Outcome]:
    """Hand over messages in one group: the outcome of each, by reference. `judge` reads a status code and a message id."""
    references = [message.reference for message, _ in made]
    mark = {"pabal": f"{min(references)}-{max(references)}"}
    answer = await ask("POST", "/messages/v4/groups", json={"allowDuplicates": True, "customFields": mark})
    group = json_of(answer).get("groupId") if isinstance(answer, httpx.Response) else None
    if not group:
        return dict.fromkeys(references, _not_sent(answer))
    known: dict[int, Outcome] = {}
    for part in _parts(made):
        answer = await ask(
            "PUT", f"/messages/v4/groups/{group}/messages", json={"messages": [body for _, body in part]}
        )
        results = json_of(answer).get("resultList") if isinstance(answer, httpx.Response) else None
        if not isinstance(results, list) or len(results) != len(part):
            await ask("DELETE", f"/messages/v4/groups/{group}")
            return dict.fromkeys(references, _not_sent(answer))
        for (message, _), entry in zip(part, results, strict=True):
            known[message.reference] = judge(str(entry.get("statusCode", "")), str(entry.get("messageId", "")))
    taken = [reference for reference, outcome in known.items() if isinstance(outcome, Accepted)]
    if not taken:
        await ask("DELETE", f"/messages/v4/groups/{group}")
        return known
    answer = await ask("POST", f"/messages/v4/groups/{group}/send")
    if isinstance(answer, httpx.Response) and answer.status_code < 400:
        return known
    if await _sent(ask, str(group)):
        return known
    return known | dict.fromkeys(taken, await _settled(ask, str(group), answer))


async def look_up(ask: Ask, references: Sequence[int]) -> dict[int, Outcome]:
    """What Solapi has of these. Absent: they waited in a group that was not sent and is deleted now."""
    found: dict[int, Outcome] = {}
    unsent: set[int] = set()
    wanted = set(references)
    async for group_id, group in _groups(ask):
        here = _within(wanted - found.keys(), str((group.get("customFields") or {}).get("pabal", "")))
        if not here:
            continue
        if group.get("status") == WAITING:
            answer = await ask("DELETE", f"/messages/v4/groups/{group_id}")
            if isinstance(answer, httpx.Response) and answer.status_code < 400:
                unsent |= here
        elif group.get("status") in UNDER_WAY:
            async for entry in _messages(ask, group_id):
                reference = reference_of((entry.get("customFields") or {}).get("reference"))
                if reference in here and reference is not None:
                    found[reference] = Accepted(str(entry.get("messageId", "")))
    missing = Uncertain("not_found", "Solapi does not list it (yet)")
    return found | dict.fromkeys(wanted - found.keys() - unsent, missing)


def _not_sent(answer: Answer) -> Outcome:
    """What a failure means before the group was sent: nothing was, so it can be tried again."""
    if isinstance(answer, Uncertain):
        return Unavailable(2.0, answer.code, answer.detail)
    if isinstance(answer, httpx.Response):
        said = json_of(answer)
        code = str(said.get("errorCode", answer.status_code))
        if answer.status_code < 400 or code in ACCOUNT_ERRORS:
            return Unavailable(REFUSED_PAUSE_S, code, str(said.get("errorMessage", "")), ACCOUNT_ERRORS.get(code))
        return Rejected(Reason.UNKNOWN, code)
    return answer


async def _sent(ask: Ask, group: str) -> bool:
    """Whether the group is under way though its sending was not answered for."""
    answer = await ask("GET", f"/messages/v4/groups/{group}")
    return isinstance(answer, httpx.Response) and json_of(answer).get("status") in UNDER_WAY


async def _settled(ask: Ask, group: str, answer: Answer) -> Outcome:
    """What it means that the group is not (known to be) sent: deleted, it surely never will be."""
    deleted = await ask("DELETE", f"/messages/v4/groups/{group}")
    if isinstance(deleted, httpx.Response) and deleted.status_code < 400:
        return _not_sent(answer)
    return Uncertain("group_unknown", getattr(answer, "detail", ""))


async def _groups(ask: Ask) -> Any:
    now = datetime.now(UTC)
    query = {
        "limit": str(PAGE),
        "dateType": "CREATED",
        "startDate": (now - LOOK_BACK).isoformat(timespec="seconds"),
        "endDate": (now + timedelta(minutes=1)).isoformat(timespec="seconds"),
    }
    while True:
        said = _told(await ask("GET", "/messages/v4/groups", params=query))
        for group_id, group in (said.get("groupList") or {}).items():
            yield group_id, group
        if not said.get("nextKey"):
            return
        query["startKey"] = str(said["nextKey"])


async def _messages(ask: Ask, group: str) -> Any:
    query = {"limit": str(PAGE)}
    while True:
        said = _told(await ask("GET", f"/messages/v4/groups/{group}/messages", params=query))
        for message_id, entry in (said.get("messageList") or {}).items():
            yield {"messageId": message_id, **entry}
        if not said.get("nextKey"):
            return
        query["startKey"] = str(said["nextKey"])


def _told(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer, httpx.Response) or answer.status_code >= 400:
        raise CannotAsk("Solapi does not answer what it took.", code="carrier_unreachable")
    return json_of(answer)


def _within(references: Iterable[int], mark: str) -> set[int]:
    first, _, last = mark.partition("-")
    if not (first.isdigit() and last.isdigit()):
        return set()
    return {reference for reference in references if int(first) <= reference <= int(last)}


def _parts(made: Sequence[tuple[Outgoing, dict[str, Any]]]) -> list[list[tuple[Outgoing, dict[str, Any]]]]:
    """As many messages a request as Solapi takes."""
    parts: list[list[tuple[Outgoing, dict[str, Any]]]] = [[]]
    size = 0
    for entry in made:
        length = len(msgspec.json.encode(entry[1]))
        if len(parts[-1]) == AT_ONCE or (parts[-1] and size + length > BYTES_AT_ONCE):
            parts.append([])
            size = 0
        parts[-1].append(entry)
        size += length
    return parts
