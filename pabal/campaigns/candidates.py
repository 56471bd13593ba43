"""Who a campaign is for: the audience as ClickHouse SQL, with everything that the verdict asks about each candidate.

One statement freezes the audience in a working table of the warehouse, in the order of profile ids; pages are then cheap,
and what changes while a plan runs cannot shift it. The table is the plan's own and goes with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from pabal.campaigns.properties import typed
from pabal.content.grammar import PROFILE_FIELDS
from pabal.delivery.models import EventKind
from pabal.warehouse.client import Warehouse
from pabal.warehouse.compiler import Query

PAGE = 50_000
_DAY = timedelta(hours=24)
_PROPERTY = "properties."

FRESH = timedelta(hours=1)
"""How old an audience may be that a plan goes on with which was interrupted."""


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Whose messages are planned, and from which moment the past is looked at.

    `include` and `exclude` are list ids, `include_sets` and `exclude_sets` what segments were compiled to (parameters
    named `in…` and `ex…`); `everybody`: all profiles, whatever is included. `expected`: about how many the included
    segments have, if that is known. `purpose` is that of the campaign (`promotional`, `informational`). `variables` are
    the column names that the text reads. `window`: how far back smart sending looks. `triggered`: campaigns whose
    messages count as triggered ones; `informational`: campaigns whose messages do not count for the daily cap;
    `standing`: those whose messages, being asked for, count for nothing. `counted`: the countries whose recent messages matter (empty: all);
    without smart sending only those with a cap do. `own`: the message ids that this plan has written already.
    `share`: of a split campaign, (salt, from, to) in ten thousandths of the phones. `channel`: whose consent is asked
    for; `texts`: whether people agreed to texts too is told as well (`text_subscribed`). `received_since`: messages of
    this campaign before it do not count (re-entry).
    """

    campaign_id: int
    everybody: bool
    include: Sequence[int] = ()
    exclude: Sequence[int] = ()
    include_sets: Sequence[Query] = ()
    exclude_sets: Sequence[Query] = ()
    expected: int | None = None
    purpose: str = "promotional"
    variables: Sequence[str] = ()
    now: datetime
    window: timedelta = _DAY
    triggered: Sequence[int] = ()
    informational: Sequence[int] = ()
    standing: Sequence[int] = ()
    counted: Sequence[str] = ()
    own: tuple[int, int] | None = None
    share: tuple[int, int, int] = (0, 0, 10_000)
    channel: str = "text"
    texts: bool = False
    received_since: datetime = datetime(2000, 1, 1, tzinfo=UTC)


class Candidates:
    """The frozen audience of one plan. `total` is its size; `pages()` gives it in order of profile id.

    A context manager: what it keeps in the warehouse is removed at the end.
    """

    def __init__(self, warehouse: Warehouse, audience: Audience, *, name: str, keep: bool = False) -> None:
        """Freeze `audience` in a working table named after `name`.

        `keep`: a plan goes on that was interrupted. What its earlier try froze stays, unless that was longer ago than
        `FRESH` or did not come to an end: whoever joined or left a segment meanwhile is in or out as they were.
        """
        self._warehouse = warehouse
        self._table, self._doubled = working_tables(name)
        self._columns = _columns(audience.variables)
        self._texts = audience.texts
        if not (keep and self._kept()):
            self._freeze(audience)
        self.total = int(warehouse.rows(f"SELECT count() FROM {self._table}")[0][0])  # noqa: S608

    def _freeze(self, audience: Audience) -> None:
        """Under other names first, so that what bears the right ones is whole."""
        self.drop()
        half = f"{self._table}_half"
        parameters = _parameters(audience)
        statement = _FREEZE.format(
            table=half,
            columns=_select(self._columns),
            texts=_TEXTS if audience.texts else "",
            included="" if audience.everybody else _in_any(audience.include_sets),
            excluded=_in_any(audience.exclude_sets),
        )
        self._warehouse.command(statement, parameters)
        self._warehouse.command(_DOUBLED.format(table=half), parameters)
        self._warehouse.command(f"RENAME TABLE {half}_doubled TO {self._doubled}")
        self._warehouse.command(f"RENAME TABLE {half} TO {self._table}")  # the last: where it is, the other is

    def _kept(self) -> bool:
        found = self._warehouse.rows(_FROZEN, {"table": self._table, "seconds": int(FRESH.total_seconds())})
        return bool(found[0][0])

    def __enter__(self) -> Candidates:
        return self

    def __exit__(self, *exception: object) -> None:
        self.drop()

    def pages(self, *, after: int = 0, size: int = PAGE) -> Iterator[pl.DataFrame]:
        """Frames of up to `size` candidates (`policy.candidates.CANDIDATES` and the text's variables) after a profile."""
        page = _PAGE.format(
            table=self._table,
            columns=", ".join(self._columns) or "1 AS one",
            texts="text_subscribed::Bool AS text_subscribed," if self._texts else "",
        )
        bound = _UNTIL.format(table=self._table)
        while until := int(self._warehouse.rows(bound, {"after": after, "size": size})[0][0] or 0):
            frame = pl.DataFrame(self._warehouse.arrow(page, {"after": after, "until": until}))
            after = until
            yield frame.with_columns(
                typed(frame[column], variable) if variable.startswith(_PROPERTY) else frame[column].alias(variable)
                for column, variable in self._columns.items()
            ).drop([column for column in self._columns if column not in self._columns.values()])

    def drop(self) -> None:
        """Remove the working tables."""
        half = f"{self._table}_half"
        for table in (self._table, self._doubled, half, f"{half}_doubled"):
            self._warehouse.command(f"DROP TABLE IF EXISTS {table} SYNC")


def working_tables(name: str) -> tuple[str, str]:
    """The tables that keep the audience of the plan `name`."""
    return f"plan_{name}", f"plan_{name}_doubled"


def name_of(plan_id: int, *, write: bool) -> str:
    """What the working tables of a plan are named after."""
    return f"{plan_id}_{'w' if write else 'r'}"


def estimate(warehouse: Warehouse, audience: Audience) -> int:
    """About how many candidates there will be."""
    if audience.everybody or (audience.include_sets and audience.expected is None):
        return int(warehouse.rows("SELECT count() FROM profile")[0][0])
    counted = "SELECT count() FROM list_member WHERE list_id IN {include:Array(UInt64)}"
    on_lists = int(warehouse.rows(counted, {"include": list(audience.include)})[0][0])
    return on_lists + (audience.expected or 0)


_FROZEN = """
SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = {table:String} AND active
AND modification_time > now() - {seconds:UInt32}
"""

_TEXTS = """profile_id IN (
        SELECT profile_id FROM consent FINAL
        WHERE channel = 'text' AND purpose = {purpose:String} AND state = 'subscribed'
    ) AS text_subscribed,"""

_ALREADY = ("phone", "country", "region")  # among the verdict's own columns


def _columns(variables: Sequence[str]) -> dict[str, str]:
    """Column of the working table → variable of the text."""
    wanted = [v for v in variables if v.startswith(_PROPERTY) or (v in PROFILE_FIELDS and v not in _ALREADY)]
    return {f"value_{position}": variable for position, variable in enumerate(wanted)}


def _select(columns: dict[str, str]) -> str:
    """The SELECT list of the text's variables; a property is read as JSON, since its type differs by profile."""
    selected = [
        f"toJSONString(properties.{_identifier(variable.removeprefix(_PROPERTY))}) AS {column}"
        if variable.startswith(_PROPERTY)
        else f"toString({variable}) AS {column}"
        for column, variable in columns.items()
    ]
    return "".join(f"{item}, " for item in selected)


def _identifier(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _in_any(sets: Sequence[Query]) -> str:
    """What follows the test of lists: a test of each segment."""
    return "".join(f" OR profile_id IN ({people.sql})" for people in sets)


def _parameters(audience: Audience) -> dict[str, Any]:
    low, high = audience.own or (0, 0)
    salt, share_from, share_to = audience.share
    sets = audience.exclude_sets if audience.everybody else (*audience.include_sets, *audience.exclude_sets)
    return {
        **{name: value for people in sets for name, value in people.parameters.items()},
        "campaign": audience.campaign_id,
        "everybody": int(audience.everybody),
        "include": list(audience.include),
        "exclude": list(audience.exclude),
        "purpose": audience.purpose,
        "channel": audience.channel,
        "received_since": audience.received_since,
        "anyone": int(audience.purpose != "promotional"),
        "since": audience.now - max(audience.window, _DAY),
        "yesterday": audience.now - _DAY,
        "triggered": list(audience.triggered),
        "informational": list(audience.informational),
        "standing": list(audience.standing),
        "counted": list(audience.counted),
        "salt": salt,
        "share_from": share_from,
        "share_to": share_to,
        "whole": int((share_from, share_to) == (0, 10_000)),
        "own_first": low,
        "own_last": high,
        "accepted": EventKind.ACCEPTED.value,
        "unknown": EventKind.UNKNOWN.value,
        "expired": EventKind.EXPIRED.value,
        "cancelled": EventKind.CANCELLED.value,
    }


# `oldest`: no earlier message matters, so no event of one is read.
# `recent`: messages that were tried within the window or are still planned. One that was cancelled or expired before it
# was handed over does not count. Several events of a message are one attempt, at the time the carrier took it.
_FREEZE = """
CREATE TABLE {table} ENGINE = MergeTree ORDER BY profile_id AS
WITH
    (
        SELECT min(message_id) FROM message
        WHERE send_after > {{since:DateTime64(6, 'UTC')}} OR campaign_id = {{campaign:UInt64}}
    ) AS oldest,
    tried AS (
        SELECT message_id, min(at) AS tried_at FROM message_event FINAL
        WHERE kind IN ({{accepted:UInt8}}, {{unknown:UInt8}}) AND at > {{since:DateTime64(6, 'UTC')}}
        GROUP BY message_id
    ),
    dead AS (
        SELECT message_id FROM message_event FINAL
        WHERE message_id >= oldest
          AND kind IN ({{accepted:UInt8}}, {{unknown:UInt8}}, {{expired:UInt8}}, {{cancelled:UInt8}})
        GROUP BY message_id
        HAVING countIf(kind IN ({{expired:UInt8}}, {{cancelled:UInt8}})) > 0
           AND countIf(kind IN ({{accepted:UInt8}}, {{unknown:UInt8}})) = 0
    ),
    recent AS (
        SELECT m.number AS number, m.campaign_id AS campaign_id,
               if(t.message_id > 0, greatest(m.send_after, t.tried_at), m.send_after) AS at
        FROM message AS m FINAL LEFT JOIN tried AS t ON t.message_id = m.message_id
        WHERE (m.send_after > {{since:DateTime64(6, 'UTC')}} OR m.message_id IN (SELECT message_id FROM tried))
          AND (empty({{counted:Array(String)}}) OR m.country IN {{counted:Array(String)}})
          AND m.message_id NOT IN (SELECT message_id FROM dead)
          AND m.campaign_id NOT IN {{standing:Array(UInt64)}}
          AND NOT (m.message_id BETWEEN {{own_first:UInt64}} AND {{own_last:UInt64}})
        SETTINGS join_use_nulls = 0
    ),
    sent AS (
        SELECT number,
               maxOrNullIf(at, campaign_id NOT IN {{triggered:Array(UInt64)}}) AS last_campaign_at,
               maxOrNullIf(at, campaign_id IN {{triggered:Array(UInt64)}}) AS last_triggered_at,
               countIf(at > {{yesterday:DateTime64(6, 'UTC')}}
                       AND campaign_id NOT IN {{informational:Array(UInt64)}}) AS sent_24h
        FROM recent GROUP BY number
    ),
    received AS (
        SELECT profile_id, number FROM message FINAL
        WHERE campaign_id = {{campaign:UInt64}} AND message_id NOT IN (SELECT message_id FROM dead)
          AND send_after >= {{received_since:DateTime64(6, 'UTC')}}
          AND NOT (message_id BETWEEN {{own_first:UInt64}} AND {{own_last:UInt64}})
    )
SELECT
    profile_id, phone, number, toString(country) AS country, toString(region) AS region,
    if(time_zone != '', toString(time_zone), toString(zones)) AS zones, {columns}
    profile_id IN (
        SELECT profile_id FROM consent FINAL
        WHERE channel = {{channel:String}} AND purpose = {{purpose:String}} AND state = 'subscribed'
    ) AS subscribed, {texts}
    profile_id IN (
        SELECT profile_id FROM consent FINAL
        WHERE channel = 'text' AND purpose = 'night' AND state = 'subscribed'
    ) AS night_consent,
    number != 0 AND number IN (SELECT number FROM suppression FINAL) AS suppressed,
    (profile_id IN (
        SELECT profile_id FROM list_member FINAL WHERE list_id IN {{exclude:Array(UInt64)}}
    ){excluded}) AS excluded,
    profile_id IN (SELECT profile_id FROM received)
        OR (number != 0 AND number IN (SELECT number FROM received)) AS already_received,
    last_campaign_at, last_triggered_at, ifNull(sent_24h, 0) AS sent_24h
FROM (
    SELECT *, number FROM profile FINAL
    WHERE ({{everybody:UInt8}} OR profile_id IN (
        SELECT profile_id FROM list_member FINAL WHERE list_id IN {{include:Array(UInt64)}}
    ){included})
    AND ({{whole:UInt8}} OR sipHash64(number, {{salt:Int64}}) % 10000 BETWEEN {{share_from:UInt16}} AND {{share_to:UInt16}} - 1)
) AS p
LEFT JOIN sent ON sent.number = p.number
"""

# Profiles that share a phone with one that comes before them, or with a message that this plan wrote before it broke off.
_DOUBLED = """
CREATE TABLE {table}_doubled ENGINE = MergeTree ORDER BY profile_id AS
WITH
    eligible AS (
        SELECT profile_id, number FROM {table}
        WHERE (subscribed OR {{anyone:UInt8}}) AND NOT suppressed AND NOT excluded AND number != 0
    ),
    shared AS (SELECT number, min(profile_id) AS first FROM eligible GROUP BY number HAVING count() > 1),
    own AS (
        SELECT number, profile_id FROM message FINAL
        WHERE campaign_id = {{campaign:UInt64}} AND message_id BETWEEN {{own_first:UInt64}} AND {{own_last:UInt64}}
    )
SELECT e.profile_id AS profile_id FROM eligible AS e INNER JOIN shared AS s ON s.number = e.number
WHERE e.profile_id != s.first
UNION DISTINCT
SELECT e.profile_id AS profile_id FROM eligible AS e INNER JOIN own AS o ON o.number = e.number
WHERE e.profile_id != o.profile_id
"""

_PAGE = """
SELECT toInt64(profile_id) AS profile_id, phone, country, region, zones, {columns}, {texts}
       subscribed::Bool AS subscribed, night_consent::Bool AS night_consent, suppressed::Bool AS suppressed,
       excluded::Bool AS excluded, already_received::Bool AS already_received,
       if(profile_id IN (SELECT profile_id FROM {table}_doubled WHERE profile_id > {{after:UInt64}}
                           AND profile_id <= {{until:UInt64}}), 2, 1)::Int64 AS phone_rank,
       last_campaign_at, last_triggered_at, toInt64(sent_24h) AS sent_24h
FROM {table} WHERE profile_id > {{after:UInt64}} AND profile_id <= {{until:UInt64}} ORDER BY profile_id
"""

# A page as a range of the key reads its own rows alone; with LIMIT over the wide columns it takes twice as long.
_UNTIL = """
SELECT max(profile_id) FROM (
    SELECT profile_id FROM {table} WHERE profile_id > {{after:UInt64}} ORDER BY profile_id LIMIT {{size:UInt64}}
)
"""
