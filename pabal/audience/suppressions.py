"""The suppression list as people keep it: looked through, added to in bulk, lifted, read from and written to files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from pabal import config
from pabal.audience import actions
from pabal.audience.models import ErasedPhone, Suppression
from pabal.audience.phones import normalise
from pabal.errors import InvalidInput

#: What a person may give as a reason. `erased` is the product's own.
REASONS = ("manual", "complaint", "invalid_number", "unreachable", "import")
#: Most bytes of a file on the console.
LARGEST_FILE = 20_000_000
LIMIT = 50
_SAMPLE = 200
_STEP = 20_000
_HEADS = re.compile(r"phone|mobile|cell|number|tel|휴대|전화|핸드폰|번호|연락처", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The last row of a page, newest first."""

    at: datetime
    phone: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A page of suppressions, the newest first; `following` asks for the next and is None on the last."""

    rows: list[Suppression]
    following: Place | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Read:
    """Phones (E.164) read from a text or file, and (line, what stood there) of what is none. Lines count from 1."""

    phones: list[str]
    refused: list[tuple[int, str]] = field(default_factory=list)


def find(
    search: str = "", *, reason: str = "", lifted: bool = False, before: Place | None = None, limit: int = LIMIT
) -> Listing:
    """Suppressions that hold (or were `lifted`), by the beginning or the end of the number, and by reason."""
    found = Suppression.objects.filter(lifted_at__isnull=not lifted)
    if reason:
        found = found.filter(reason=reason)
    if digits := re.sub(r"[^\d+]", "", search):
        national = digits.lstrip("0")
        matches = Q(phone__startswith=digits if digits.startswith("+") else f"+{digits}") | Q(phone__endswith=digits)
        found = found.filter(matches | Q(phone__contains=national) if len(national) >= 4 else matches)
    elif search.strip():
        found = found.filter(source__icontains=search.strip())
    if before:
        found = found.filter(at__lte=before.at).filter(Q(at__lt=before.at) | Q(phone__gt=before.phone))
    rows = list(found.order_by("-at", "phone")[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    return Listing(rows=rows, following=Place(at=rows[-1].at, phone=rows[-1].phone) if more else None)


def counts() -> dict[str, int]:
    """How many hold, by reason, the most frequent first; `hashed`: refusals of erased people, kept without number."""
    rows = Suppression.objects.filter(lifted_at=None).values_list("reason").annotate(n=Count("*")).order_by("-n")
    return dict(rows) | {"hashed": ErasedPhone.objects.count()}


def read_text(text: str, *, country: str = "") -> Read:
    """Phones in a text, separated by lines, commas, semicolons or tabs."""
    words = [
        (number, word.strip())
        for number, line in enumerate(text.splitlines(), start=1)
        for word in re.split(r"[,;\t]+", line)
        if word.strip()
    ]
    return _read(words, country)


def read_file(data: bytes, *, country: str = "") -> Read:
    """Phones in a CSV or text file (UTF-8, UTF-16 or CP949): the column named so, or the one with most numbers.

    Raises InvalidInput `no_phone_column`.
    """
    rows = [(number, row) for number, row in enumerate(_rows(_decoded(data)), start=1) if any(c.strip() for c in row)]
    if not rows:
        return Read(phones=[])
    column, first = _phone_column([row for _number, row in rows], country)
    cells = [(number, row[column].strip()) for number, row in rows[first:] if column < len(row)]
    return _read([(number, cell) for number, cell in cells if cell], country)


def add(phones: Collection[str], *, reason: str, source: str = "") -> int:
    """Suppress phones in sets of 20,000; returns how many were not yet. Raises InvalidInput `unknown_value`."""
    if reason not in REASONS:
        raise InvalidInput(
            _("%(field)s must be one of %(allowed)s.") % {"field": "reason", "allowed": ", ".join(REASONS)},
            code="unknown_value",
            field="reason",
        )
    return sum(actions.suppress(part, reason=reason, source=source[:1000]) for part in _parts(phones))


def lift(phones: Collection[str]) -> int:
    """Lift in sets; returns how many were suppressed."""
    return sum(actions.lift_suppression(part) for part in _parts(phones))


def everything(*, reason: str = "") -> Iterator[Suppression]:
    """Every suppression that holds, by number, read in portions."""
    rows = Suppression.objects.filter(lifted_at=None).order_by("phone")
    after = ""
    while True:
        part = list((rows.filter(reason=reason) if reason else rows).filter(phone__gt=after)[:2000])
        yield from part
        if len(part) < 2000:
            return
        after = part[-1].phone


def _parts(phones: Collection[str]) -> Iterator[Sequence[str]]:
    ordered = sorted(set(phones))
    for start in range(0, len(ordered), _STEP):
        yield ordered[start : start + _STEP]


def _read(words: Sequence[tuple[int, str]], country: str) -> Read:
    if not words:
        return Read(phones=[])
    options = config.get()
    read = normalise(
        pl.Series([word for _line, word in words], dtype=pl.String),
        country or options.default_country,
        allow_fictional=options.allow_fictional,
    ).get_column("phone")
    pairs = list(zip(words, read.to_list(), strict=True))
    return Read(
        phones=list(dict.fromkeys(phone for _word, phone in pairs if phone)),
        refused=[word for word, phone in pairs if not phone],
    )


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp949", errors="replace")


def _rows(text: str) -> Iterator[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    return csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=delimiter)


def _phone_column(rows: Sequence[list[str]], country: str) -> tuple[int, int]:
    """(column, first row of data)."""
    for at, name in enumerate(rows[0]):
        if _HEADS.search(name) and not any(char.isdigit() for char in name):
            return at, 1
    width = max(len(row) for row in rows[:_SAMPLE])
    best, most = 0, 0
    for at in range(width):
        cells = [(0, row[at]) for row in rows[:_SAMPLE] if at < len(row) and row[at].strip()]
        read = len(cells) - len(_read(cells, country).refused)
        if read > most:
            best, most = at, read
    if not most:
        raise InvalidInput(_("No column of this file has phone numbers."), code="no_phone_column", field="file")
    head = rows[0][best] if best < len(rows[0]) else ""
    return best, 0 if any(char.isdigit() for char in head) else 1
