"""The preview of an import as a table: which columns it has, what stands in each cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.audience.import_preview import Preview, PreviewRow
from pabal.audience.mapping import Mapped, target_label
from pabal.audience.refusals import reason_text
from pabal.console import formats

_NAMES = ("full_name", "first_name", "last_name")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """`sub` stands small below; `badge` is a consent state shown instead of the text."""

    text: str
    label: str
    sub: str = ""
    badge: str = ""


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the file. `problem` says why it is refused; then the cells are what the file has."""

    number: int
    cells: list[Cell]
    problem: str = ""


def reason(code: str) -> str:
    """Why a row is refused, in the reader's language."""
    return reason_text(code, "ko" if (get_language() or "").startswith("ko") else "en")


def preview_table(tried: Preview, mapped: Mapped) -> dict[str, Any]:
    """What the templates need: `heads`, `lines`, `examples` of refused rows, `tried`, and `reasons` as (sentence, rows)."""
    heads = _heads(mapped)
    return {
        "heads": [label for _key, label in heads],
        "lines": [_line(row, heads, mapped) for row in tried.rows],
        "examples": [_line(row, heads, mapped) for row in tried.examples],
        "tried": tried,
        "reasons": [(reason(code), rows) for code, rows in tried.refusals.items()],
    }


def _line(row: PreviewRow, heads: list[tuple[str, str]], mapped: Mapped) -> Line:
    draw = _refused if row.problem else _stored
    return Line(
        number=row.line,
        cells=[draw(row, key, label, mapped) for key, label in heads],
        problem=reason(row.problem) if row.problem else "",
    )


def _heads(mapped: Mapped) -> list[tuple[str, str]]:
    """(key, label) of each column that is stored; the parts of a name are one."""
    heads: list[tuple[str, str]] = []
    used = {target.field for target in mapped.values()}
    if used & set(_NAMES):
        heads.append(("name", _("Name")))
    heads += [
        (field, _("Consent") if field == "consent" else target_label(field))
        for field in ("phone", "external_id", "email", "consent", "country", "time_zone", "locale")
        if field in used
    ]
    heads += [(f"property:{t.name}", t.name) for t in mapped.values() if t.field == "property"]
    return heads


def _stored(row: PreviewRow, key: str, label: str, mapped: Mapped) -> Cell:
    assert row.profile is not None
    if key == "name":
        return Cell(text=row.profile.display_name, label=label)
    if key == "phone":
        shown = formats.phone(row.profile.phone) if row.profile.phone else ""
        return Cell(
            text=shown,
            label=label,
            sub=f"{row.profile.phone} · {formats.country(row.profile.country)}" if shown else "",
        )
    if key == "country":
        return Cell(text=formats.country(row.profile.country) if row.profile.country else "", label=label)
    if key == "consent":
        state = {True: "subscribed", False: "unsubscribed", None: ""}[row.consent]
        return Cell(text="", label=label, badge=state, sub=formats.day(row.consent_at) if row.consent_at else "")
    if key.startswith("property:"):
        return Cell(text=plain(row.properties.get(key.removeprefix("property:"))), label=label)
    return Cell(text=str(getattr(row.profile, key) or ""), label=label)


def _refused(row: PreviewRow, key: str, label: str, mapped: Mapped) -> Cell:
    wanted = _NAMES if key == "name" else (key,)
    texts = [
        row.cells.get(column, "")
        for column, target in mapped.items()
        if target.field in wanted or f"property:{target.name}" == key
    ]
    return Cell(text=" ".join(t for t in texts if t), label=label)


def plain(value: Any) -> str:
    """A property's value as people read it."""
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    return formats.number(value) if isinstance(value, int | float) else str(value)
