"""JSON bodies to messages. The whole body at once; only if that fails, each message by itself, so that one bad message
does not cost the others."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pabal.edge.intake.documents import tidy
from pabal.edge.intake.failures import Malformed, Refusal, TooLarge
from pabal.edge.intake.limits import MOST_MESSAGES

Id = str | int | float | None
Moment = str | int | float | None

_NOTHING = msgspec.Raw(b"null")


class Message(msgspec.Struct, rename="camel"):
    """One call of a library: https://segment.com/docs/connections/spec/common/. What we do not read is left out."""

    type: str | None = None
    message_id: str | int | None = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: msgspec.Raw = _NOTHING
    timestamp: Moment = None
    original_timestamp: Moment = None
    sent_at: Moment = None
    received_at: Moment = None
    write_key: str | None = None


class Batch(msgspec.Struct, rename="camel"):
    batch: list[Message]
    sent_at: Moment = None
    write_key: str | None = None


class _Loose(msgspec.Struct, rename="camel"):
    batch: list[Any]
    sent_at: Any = None
    write_key: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The messages of a request, each with its place, and what is wrong with the others."""

    messages: list[tuple[int, Message]]
    sent_at: Moment = None
    write_key: str = ""
    refused: list[Refusal] = field(default_factory=list)


_batch = msgspec.json.Decoder(Batch)
_message = msgspec.json.Decoder(Message)
_NUL = b"\\u0000"


def read_batch(body: bytes | memoryview) -> Told:
    """The messages of `{"batch": [...]}`. Raises Malformed, TooLarge `too_many`."""
    body = bytes(body)
    if _NUL not in body:
        try:
            read = _batch.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            _few_enough(len(read.batch))
            return Told(messages=list(enumerate(read.batch)), sent_at=read.sent_at, write_key=read.write_key or "")
    try:
        loose = msgspec.convert(_loosely(body), _Loose)
    except msgspec.ValidationError:
        raise Malformed("no_batch", 'The body must be {"batch": […]}.') from None
    _few_enough(len(loose.batch))
    messages, refused = [], []
    for index, item in enumerate(loose.batch):
        try:
            messages.append((index, _convert(item)))
        except msgspec.ValidationError as error:
            refused.append(Refusal(index=index, code="bad_shape", message=str(error)))
    return Told(
        messages=messages,
        sent_at=loose.sent_at if isinstance(loose.sent_at, str | int | float) else None,
        write_key=loose.write_key if isinstance(loose.write_key, str) else "",
        refused=refused,
    )


def read_message(body: bytes | memoryview) -> Told:
    """The one message of a body. Raises Malformed."""
    body = bytes(body)
    if _NUL not in body:
        try:
            message = _message.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        else:
            return Told(messages=[(0, message)], write_key=message.write_key or "")
    try:
        message = _convert(_loosely(body))
    except msgspec.ValidationError as error:
        raise Malformed("bad_shape", str(error)) from None
    return Told(messages=[(0, message)], write_key=message.write_key or "")


def _few_enough(number: int) -> None:
    if number > MOST_MESSAGES:
        raise TooLarge("too_many", f"A batch may have {MOST_MESSAGES:,} messages.")


def _convert(item: Any) -> Message:
    if isinstance(item, dict) and "context" in item:
        item = item | {"context": msgspec.Raw(msgspec.json.encode(item["context"]))}
    return msgspec.convert(item, Message)


def _loosely(body: bytes) -> Any:
    """JSON as careless libraries write it: NaN, halves of surrogate pairs, NUL. Raises Malformed."""
    try:
        return tidy(json.loads(body, parse_constant=lambda _name: None, parse_int=_integer))
    except UnicodeDecodeError:
        raise Malformed("bad_encoding", "The body must be UTF-8.") from None
    except RecursionError:
        raise Malformed("too_deep", "The JSON is nested too deeply.") from None
    except ValueError as error:
        raise Malformed("bad_json", f"The body is no JSON: {error}") from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 30 else float(digits)
