"""A campaign's candidates as rows for a spreadsheet, read page by page so that a million cost no memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from pabal.campaigns.models import Campaign
from pabal.delivery.models import MessageKind
from pabal.policy.skips import SkipReason
from pabal.reports.recipients import Group, page, recipients, skips

ROWS = 1000
#: Columns of both exports; `skip` rows have no message.
COLUMNS = (
    "message_id", "profile_id", "external_id", "phone", "first_name", "last_name", "state", "reason", "changed_at",
    "kind", "country", "parts", "amount", "sender_id", "send_after", "clicked_at", "text",
)  # fmt: skip
#: A cell that begins with one of these is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    def write(self, line: str) -> str:
        return line


def as_csv(rows: Iterable[Iterable[object]], columns: Iterable[str] = COLUMNS) -> Iterator[bytes]:
    """Lines of CSV in UTF-8 with a byte order mark, so that Excel reads Korean."""
    writer = csv.writer(_Echo())
    yield b"\xef\xbb\xbf" + writer.writerow(columns).encode()
    for row in rows:
        yield writer.writerow(row).encode()


def rows(campaign: Campaign, *, group: Group = Group.ALL, skipped: bool = True) -> Iterator[list[object]]:
    """Each message of a group, then (with `skipped`, for all of them) each candidate without one and why."""
    yield from _messages(campaign, group)
    if skipped and group is Group.ALL:
        yield from _skips(campaign)


def _messages(campaign: Campaign, group: Group) -> Iterator[list[object]]:
    after: int | None = None
    while True:
        found = page(campaign.pk, group, after=after, limit=ROWS)
        for r in recipients(found.ids):
            m, p = r.message, r.profile
            clicked = next((e.at for k, e in r.events.items() if k.name == "CLICKED"), None)
            yield [
                m.pk, m.profile_id, _cell(p.external_id if p else ""), m.phone, _cell(p.first_name if p else ""),
                _cell(p.last_name if p else ""), r.state.value, r.reason, _time(r.changed_at),
                MessageKind(m.kind).name.lower(), m.country, m.parts, m.amount, m.sender_id, _time(m.send_after),
                _time(clicked), _cell(m.text),
            ]  # fmt: skip
        if not found.later:
            return
        after = found.ids[-1]


def _skips(campaign: Campaign) -> Iterator[list[object]]:
    after: tuple[int, int] | None = None
    while True:
        found, _earlier, later = skips(campaign.pk, after=after, limit=ROWS)
        for s in found:
            p = s.profile
            yield [
                "", s.skip.profile_id, _cell(p.external_id if p else ""), p.phone if p else "",
                _cell(p.first_name if p else ""), _cell(p.last_name if p else ""), "skipped",
                SkipReason(s.skip.reason).key, _time(s.skip.at), "", p.country if p else "", "", "", "", "", "", "",
            ]  # fmt: skip
        if not later or not found:
            return
        after = (found[-1].skip.reason, found[-1].skip.pk)


def _cell(text: str | None) -> str:
    text = text or ""
    return "'" + text if text.startswith(FORMULA) else text


def _time(at: object) -> str:
    return at.isoformat(timespec="seconds") if hasattr(at, "isoformat") else ""
