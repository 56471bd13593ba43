"""The audit trail: who changed what, when, from where.

Views and API functions call `record` around the actions of the other apps, in the same transaction. Entries are never
changed or removed, but for the names of people who are forgotten.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import models

from pabal.accounts.models import ApiKey, AuditEntry, User

#: Fields whose name contains one of these are recorded as changed, without their values.
SECRET = ("password", "secret", "token", "digest", "credential", "private")
HIDDEN = "•••"
LONGEST = 500
_watching: ContextVar[tuple[list[AuditEntry], ...]] = ContextVar("audit_watching", default=())


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who does something: a person, an API key, or the system itself (`name`, e.g. `command line`)."""

    user: User | None = None
    api_key: ApiKey | None = None
    name: str = "system"
    address: str | None = None

    def __str__(self) -> str:
        if self.api_key:
            return f"{self.api_key.name} ({self.api_key.prefix}…)"
        return f"{self.user.name} <{self.user.email}>" if self.user else self.name

    @property
    def person(self) -> User | None:
        """The person who answers for it: the user, or whoever made the key."""
        return self.user or (self.api_key.created_by if self.api_key else None)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What was changed, when it is not a row of ours (or no longer one)."""

    type: str
    id: str = ""
    label: str = ""


def record(
    actor: Actor,
    action: str,
    on: models.Model | Subject,
    changes: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry. `action` is `object.verb`, e.g. `campaign.launch`.

    `changes` maps a field to `[before, after]` (see `difference`) or to one plain value that says more about what was
    done. Secrets are left out whatever the caller hands in.
    """
    subject = on if isinstance(on, Subject) else of(on)
    entry = AuditEntry.objects.create(
        user=actor.user,
        api_key=actor.api_key,
        actor=str(actor)[:200],
        action=action,
        object_type=subject.type,
        object_id=subject.id[:64],
        label=subject.label[:200],
        changes={name: _shown(name, value) for name, value in (changes or {}).items()},
        address=actor.address,
    )
    for watching in _watching.get():
        watching.append(entry)
    return entry


def forget(object_type: str, object_id: object) -> None:
    """Take what says who it was out of the entries about a person who is forgotten. That they happened stays."""
    AuditEntry.objects.filter(object_type=object_type, object_id=str(object_id)).update(label="", changes={})


@contextmanager
def watch() -> Iterator[list[AuditEntry]]:
    """The entries that are recorded inside the block."""
    found: list[AuditEntry] = []
    token = _watching.set((*_watching.get(), found))
    try:
        yield found
    finally:
        _watching.reset(token)


def of(row: models.Model) -> Subject:
    """The subject that stands for a row of ours."""
    return Subject(type=row._meta.model_name or "", id=str(row.pk), label=str(row))


def snapshot(row: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """The present values of some fields, to compare with later ones."""
    return {name: getattr(row, name) for name in fields}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What changed: field → [before, after]."""
    names = [*before, *(name for name in after if name not in before)]
    return {n: [before.get(n), after.get(n)] for n in names if before.get(n) != after.get(n)}


def _shown(name: str, value: Any) -> Any:
    if any(word in name.lower() for word in SECRET):
        return HIDDEN
    return _plain(value)


def _plain(value: Any) -> Any:
    """`value` as JSON holds it, long texts shortened."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return value if len(value) <= LONGEST else value[: LONGEST - 1] + "…"
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case decimal.Decimal():
            return str(value)
        case Mapping():
            return {str(k): _shown(str(k), v) for k, v in value.items()}
        case models.Model():
            return str(value)
        case bytes() | memoryview():
            return HIDDEN
        case Iterable():
            return [_plain(item) for item in list(value)[:50]]
        case _:
            return str(value)
