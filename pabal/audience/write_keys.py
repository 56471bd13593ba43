"""Keys with which shops send events to the edge: made, revoked; and whether anything comes in."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor, record
from pabal.audience.event_models import Event, WriteKey, WriteKeyKind
from pabal.audience.origins import read_origins
from pabal.database import raw_cursor
from pabal.errors import Conflict, InvalidInput, NotFound

#: The beginning of a key says where it may stand.
PREFIXES = {WriteKeyKind.SERVER: "srv_", WriteKeyKind.BROWSER: "web_"}
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32

COUNT_TO = 100_000
"""Events of today are counted up to here; beyond it "more than" is enough."""


@transaction.atomic
def create_write_key(*, name: str, kind: str, origins: Iterable[str] = (), by: Actor) -> WriteKey:
    """A new key. `origins`: the pages that may use a browser key; none: any.

    Raises InvalidInput (`name_needed`, `unknown_kind`, `bad_origin`, `origins_of_server_key`).
    """
    name = name.strip()[:100]
    if not name:
        raise InvalidInput(_("Give the key a name."), code="name_needed", field="name")
    if kind not in WriteKeyKind.values:
        raise InvalidInput(_("A key is for a server or for a browser."), code="unknown_kind", field="kind")
    allowed = read_origins(origins)
    if allowed and kind != WriteKeyKind.BROWSER:
        raise InvalidInput(
            _("Only a browser key is bound to addresses."), code="origins_of_server_key", field="origins"
        )
    secret = PREFIXES[WriteKeyKind(kind)] + "".join(secrets.choice(_ALPHABET) for _n in range(_LENGTH))
    key = WriteKey.objects.create(name=name, key=secret, kind=kind, origins=allowed, created_by=by.person)
    record(by, "write_key.create", key, {"kind": kind, "origins": allowed})
    return key


@transaction.atomic
def revoke_write_key(key_id: int, *, by: Actor) -> WriteKey:
    """End a key for good; the edge refuses it within seconds. Raises NotFound, Conflict (`key_revoked`)."""
    key = WriteKey.objects.filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."), code="unknown_write_key")
    if not WriteKey.objects.filter(pk=key_id, revoked_at=None).update(revoked_at=timezone.now()):
        raise Conflict(_("This key is revoked already."), code="key_revoked")
    record(by, "write_key.revoke", key)
    key.refresh_from_db()
    return key


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """What came in: the newest event, and how many came since `since` (`more`: at least so many)."""

    last_at: datetime | None
    last_name: str
    since: datetime
    count: int
    more: bool


def arrivals(since: datetime) -> Arrivals:
    """Events since a moment, by their ids alone: they are given out in the order of arrival, so no index on the time is
    needed. What arrived while a long transaction was open may count for the moment before."""
    newest = Event.objects.order_by("-id").values_list("id", "received_at", "name").first()
    if newest is None or newest[1] < since:
        last_at, name = (newest[1], newest[2]) if newest else (None, "")
        return Arrivals(last_at=last_at, last_name=name, since=since, count=0, more=False)
    with raw_cursor() as cursor:
        low, high = 0, int(newest[0])  # an id of before, or none; an id of since then
        while high - low > 1:
            middle = (low + high) // 2
            row = cursor.execute(
                "SELECT id, received_at FROM event WHERE id >= %s ORDER BY id LIMIT 1", [middle]
            ).fetchone()
            if row is not None and row[1] < since:
                low = int(row[0])
            else:
                high = middle
        row = cursor.execute(
            "SELECT count(*) FROM (SELECT FROM event WHERE id >= %s LIMIT %s) e", [high, COUNT_TO + 1]
        ).fetchone()
    assert row is not None
    count = min(int(row[0]), COUNT_TO)
    return Arrivals(last_at=newest[1], last_name=newest[2], since=since, count=count, more=int(row[0]) > COUNT_TO)
