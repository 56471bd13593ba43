"""Answers of the intake: always JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.types import Send

from pabal.edge.intake.failures import IntakeError, Refusal

MOST_SHOWN: Final = 1_000
"""Refusals that one answer lists."""

_encode = msgspec.json.Encoder().encode
SUCCESS: Final = b'{"success":true}'


class Answer:
    """Status, body and headers."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Sequence[tuple[bytes, bytes]] = ()) -> None:
        self.status = status
        self.body = body
        self.headers = headers


def taken(accepted: int, refused: Sequence[Refusal], notes: Sequence[Refusal], **more: Any) -> Answer:
    """200, or 400 when messages were refused; the others are kept all the same."""
    if not refused and not notes and not more:
        return Answer(200, SUCCESS)
    shown: dict[str, Any] = {"success": not refused, "accepted": accepted, **more}
    if refused:
        shown |= {
            "code": "some_refused" if accepted else "refused",
            "message": f"{len(refused):,} of {accepted + len(refused):,} refused; the rest is kept.",
            "refused": [one.as_json() for one in refused[:MOST_SHOWN]],
        }
    if notes:
        shown["notes"] = [one.as_json() for one in notes[:MOST_SHOWN]]
    return Answer(400 if refused else 200, _encode(shown))


def failed(error: IntakeError, **more: Any) -> Answer:
    """The whole request is refused."""
    body = _encode({"success": False, "code": error.code, "message": error.message, **more})
    headers = [(b"retry-after", b"%d" % error.retry_after)] if error.retry_after else []
    if error.status == 401:
        headers.append((b"www-authenticate", b'Basic realm="write key"'))
    return Answer(error.status, body, headers)


async def send(answer: Answer, to: Send, *, more: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """Send it."""
    length = b"%d" % len(answer.body)
    headers = [(b"content-type", b"application/json"), (b"content-length", length), *more, *answer.headers]
    await to({"type": "http.response.start", "status": answer.status, "headers": headers})
    await to({"type": "http.response.body", "body": answer.body})
