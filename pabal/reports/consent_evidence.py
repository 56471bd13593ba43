"""The evidence of consent: what a person or an authority is shown when they ask "who agreed to what, when, where, how?"

정보통신망법 §50(1) and decree §61 leave the proof to the sender; 표준 개인정보 처리방침 and the regulator's guide (불법스팸 방지 안내서)
name what it consists of: who, what wording, when, by which way, and what happened to it since.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from pabal.audience.models import ConsentEvent, Profile

COLUMNS = (
    "id", "at", "recorded_at", "profile_id", "external_id", "phone", "channel", "purpose", "state", "method", "source",
    "actor", "wording", "collected_at", "moved_from",
)  # fmt: skip
_PORTION = 2000


def of_person(profile: Profile) -> list[ConsentEvent]:
    """Each recorded change of a person's consent with its wording, oldest first."""
    return list(ConsentEvent.objects.filter(profile=profile).select_related("statement").order_by("at", "id"))


def between(start: datetime, end: datetime) -> Iterator[list[object]]:
    """Every change decided from `start` up to `end`, as rows of `COLUMNS`, in the order in which they were recorded."""
    after = 0
    while True:
        rows = list(
            ConsentEvent.objects.filter(pk__gt=after, at__gte=start, at__lt=end)
            .select_related("profile", "statement")
            .order_by("pk")[:_PORTION]
        )
        for row in rows:
            profile = row.profile
            yield [
                row.pk, _time(row.at), _time(row.recorded_at), row.profile_id, profile.external_id or "", profile.phone,
                row.channel, row.purpose, row.state, row.method, row.source, row.actor,
                row.statement.wording if row.statement else "",
                _time(row.statement.collected_at) if row.statement else "", row.moved_from or "",
            ]  # fmt: skip
        if len(rows) < _PORTION:
            return
        after = rows[-1].pk


def _time(value: datetime) -> str:
    return value.isoformat(timespec="seconds")
