"""A message made into an event to write, or into what it says about a person."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from typing import Any, Final

from pabal.edge.intake import moments
from pabal.edge.intake.arrays import NULL, text_element, time_element, uuid_element
from pabal.edge.intake.documents import compact
from pabal.edge.intake.event_book import Events
from pabal.edge.intake.failures import Refusal, Refused
from pabal.edge.intake.ids import identity
from pabal.edge.intake.keys import Key
from pabal.edge.intake.limits import LONGEST_NAME
from pabal.edge.intake.messages import Message, Moment, Told
from pabal.edge.intake.people import Person
from pabal.edge.intake.traits import read_alias, read_identify

PAGE: Final = "Page Viewed"
SCREEN: Final = "Screen Viewed"
GROUP: Final = "Group Joined"
"""Names of the events that `page`, `screen` and `group` are."""

CALLS: Final = ("track", "identify", "alias", "page", "screen", "group")


@dataclass(slots=True, kw_only=True)
class Read:
    """What a request says. `people` come before `events`: an event of somebody new finds the profile made already."""

    events: Events = field(default_factory=Events)
    people: list[Person] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    notes: list[Refusal] = field(default_factory=list)


def read(told: Told, key: Key, call: str | None = None, *, received: int | None = None) -> Read:
    """Read the messages; `call` is that of the address, which wins over a message's own type."""
    received = moments.now() if received is None else received
    found = Read(refused=told.refused)
    for index, message in told.messages:
        try:
            _read_one(found, index, message, call or message.type or "", told.sent_at, key, received)
        except Refused as refused:
            found.refused.append(refused.at(index))
    return found


def _read_one(found: Read, index: int, message: Message, call: str, sent_at: Moment, key: Key, received: int) -> None:
    if call == "track":
        name = message.event
        if not name or len(name) > LONGEST_NAME or not name.strip():
            raise Refused("bad_name", f"event must be the event's name, 1 to {LONGEST_NAME} characters.", "event")
        properties = message.properties
    elif call == "identify":
        at = moments.happened(message, sent_at, received)
        found.people.append(read_identify(index, message, key, at, found.notes))
        return
    elif call == "alias":
        found.people.append(read_alias(index, message, key))
        return
    elif call in ("page", "screen"):
        name = PAGE if call == "page" else SCREEN
        properties = _with(message.properties, name=message.name, category=message.category)
    elif call == "group":
        name = GROUP
        group = identity(message.group_id, "groupId")
        if group is None:
            raise Refused("no_group", "group needs a groupId.", "groupId")
        properties = _with(message.traits, group_id=group)
    else:
        raise Refused("unknown_type", f"type must be one of {', '.join(CALLS)}.", "type")
    user = identity(message.user_id, "userId")
    anonymous = identity(message.anonymous_id, "anonymousId")
    if user is None and anonymous is None:
        raise Refused("no_identity", "userId or anonymousId must say who it was.", "userId")
    at = moments.happened(message, sent_at, received)
    text = compact(properties)
    events = found.events
    events.keys.append(uuid_element(_key(message.message_id, key)))
    if user is None:
        events.nameless = True
        events.users.append(NULL)
    else:
        events.users.append(text_element(user.encode()))
    events.anonymous.append(NULL if anonymous is None else text_element(anonymous.encode()))
    events.names.append(text_element(name.encode()))
    events.times.append(time_element(8, at))
    events.properties.append(text_element(text))
    events.size += len(text) + 200


def _key(message_id: str | int | None, key: Key) -> bytes:
    """By which a repeated delivery is known. Without a message id nothing can be told to be the same."""
    if message_id is None or message_id == "":
        return os.urandom(16)
    return hashlib.md5(key.scope + str(message_id).encode(), usedforsecurity=False).digest()


def _with(document: dict[str, Any] | None, **more: str | None) -> dict[str, Any]:
    return {name: value for name, value in more.items() if value} | (document or {})
