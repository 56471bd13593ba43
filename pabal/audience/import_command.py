"""`pabal import FILE`: the import of the console, on the command line."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import shutil
import sys
import time
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts import audit
from pabal.accounts.audit import Actor
from pabal.audience import import_actions, importing, lists, mapping
from pabal.audience.file_facts import FileFacts, warning_text
from pabal.audience.import_preview import Preview, preview
from pabal.audience.mapping_words import TARGETS
from pabal.audience.models import Channel, Import, ImportState, List, Purpose
from pabal.audience.refusals import reason_text
from pabal.errors import InvalidInput

BY = Actor(name="command line")


def register(subparsers: Any) -> None:
    """Add `pabal import`."""
    text = "Import contacts from a CSV or XLSX file: shows what it understood, asks, then imports."
    parser: argparse.ArgumentParser = subparsers.add_parser("import", help=text, description=text)
    parser.set_defaults(run=run)
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--list", metavar="KEY", default="", help="put everybody on this list; made if there is none")
    parser.add_argument("--country", metavar="KR", default="", help="country of phone numbers in national form")
    parser.add_argument(
        "--map",
        metavar="COLUMN=FIELD",
        action="append",
        default=[],
        help=f"what a column means: {', '.join(TARGETS)}, or property:KIND:NAME (may be repeated)",
    )
    parser.add_argument("--encoding", default="", help="only when the guess is wrong: utf-8, cp949, cp1252, …")
    parser.add_argument("--sheet", default="", help="sheet of a workbook; the first one with data otherwise")
    consent = parser.add_argument_group("consent", "Who agreed to what. Without a wording, nobody is subscribed.")
    consent.add_argument("--consent-wording", metavar="TEXT", default="", help="what people agreed to")
    consent.add_argument("--consent-source", metavar="TEXT", default="", help="where they agreed, e.g. sign-up form")
    consent.add_argument("--consent-at", metavar="DATE", default="", help="when, e.g. 2026-03-01 or 2026-03-01T09:30")
    consent.add_argument("--consent-channel", action="append", choices=Channel.values, help="default: text")
    consent.add_argument("--consent-purpose", action="append", choices=Purpose.values, help="default: promotional")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Run the command; 0 when everything was imported, 1 when it failed or was not confirmed."""
    if not options.yes and not sys.stdin.isatty():
        raise InvalidInput(_("Nobody is here to confirm the import: add --yes."), code="not_confirmed")
    at = _moment(options.consent_at) if options.consent_wording else None
    import_ = import_actions.start_import(
        options.file, name=options.file.name, by=None, default_country=options.country, encoding=options.encoding,
        sheet=options.sheet,
    )  # fmt: skip
    started = False
    try:
        facts = import_actions.facts_of(import_)
        mapped = mapping.from_json(import_.mapping)
        for pair in options.map:
            mapped = _remapped(mapped, pair, facts)
        import_actions.choose_mapping(import_, mapped)
        _show(import_, facts, mapped)
        if not options.yes and not _confirmed(import_):
            return 1
        if options.list:
            import_actions.choose_list(import_, _list(options.list))
        if at is not None:
            import_actions.state_consent(
                import_,
                wording=options.consent_wording,
                source=options.consent_source,
                collected_at=at,
                channels=options.consent_channel or [Channel.TEXT],
                purposes=options.consent_purpose or [Purpose.PROMOTIONAL],
                by=None,
            )
        import_actions.mark_queued(import_)
        started = True
    finally:
        if not started:
            import_actions.discard_import(import_)
    audit.record(BY, "import.start", import_, {"rows": facts.rows, "list": options.list})
    progress = _Progress()
    done = importing.run(import_.pk, progress=progress)
    progress.end()
    return _report(done)


def _remapped(mapped: mapping.Mapped, pair: str, facts: FileFacts) -> mapping.Mapped:
    """The mapping with COLUMN=FIELD applied; a field that another column had by guess moves to this one."""
    column, equals, word = pair.rpartition("=")
    if not equals or column not in facts.columns:
        raise InvalidInput(
            _("“%(pair)s” is not COLUMN=FIELD. The columns are: %(columns)s")
            % {"pair": pair, "columns": ", ".join(facts.columns)},
            code="unknown_column",
            field="map",
        )
    target = mapping.Target.parse(word, column=column)
    others = {
        name: mapping.Target(field="ignore") if t.field == target.field not in ("property", "ignore") else t
        for name, t in mapped.items()
    }
    return {**others, column: target}


def _moment(text: str) -> datetime:
    if not text:
        raise InvalidInput(_("Say when people agreed: --consent-at 2026-03-01"), code="required", field="collected_at")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            _("“%(text)s” is not a date like 2026-03-01.") % {"text": text}, code="bad_date", field="collected_at"
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(config.get().time_zone))


def _list(key: str) -> List:
    return List.objects.filter(key=key).first() or lists.create_list(key, key=key)


def _show(import_: Import, facts: FileFacts, mapped: mapping.Mapped) -> None:
    about = [f"{facts.rows:,}" + ("" if facts.exact else "±"), facts.encoding or facts.sheet, repr(facts.delimiter)]
    print(f"{import_.name}: {_('%(rows)s rows') % {'rows': about[0]}} · {about[1]}", end="")
    print(f" · {about[2]}" if facts.delimiter else "")
    for code in facts.warnings:
        print(f"! {warning_text(code)}")
    print()
    _table(
        [_("Column"), _("Becomes"), _("Example")],
        [
            [name, _target(mapped.get(name)), next((row[at] for row in facts.sample if row[at]), "")]
            for at, name in enumerate(facts.columns)
        ],
    )
    print()
    _rows(preview(import_, mapped, import_.default_country))


def _target(target: mapping.Target | None) -> str:
    if target is None:
        return mapping.target_label("ignore")
    label = mapping.target_label(target.field)
    return f"{label}: {target.name} ({target.kind})" if target.field == "property" else label


def _rows(seen: Preview) -> None:
    language = (get_language() or "en")[:2]
    table = []
    for row in seen.rows:
        person = row.profile
        if person is None:
            table.append([str(row.line), "✗", reason_text(row.problem, language), ""])
        else:
            who = f"{person.display_name} {person.external_id or ''}".strip()
            table.append([str(row.line), person.phone, who, " ".join(f"{k}={v}" for k, v in row.properties.items())])
    _table([_("Line"), _("Phone"), _("Name"), _("Properties")], table)
    if seen.refused:
        print(_("%(refused)s of the first %(tried)s rows would be refused.")
              % {"refused": seen.refused, "tried": seen.tried})  # fmt: skip
    print()


def _confirmed(import_: Import) -> bool:
    answer = input(_("Import “%(name)s”? [y/N] ") % {"name": import_.name})
    return answer.strip().lower() in ("y", "yes", "예", "네", "ㅛ")


class _Progress:
    """A bar on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        self.began, self.shown = time.monotonic(), False

    def __call__(self, import_: Import) -> None:
        if not sys.stderr.isatty():
            return
        self.shown = True
        share = import_.rows_done / max(1, import_.rows_total or 1)
        speed = import_.rows_done / max(0.001, time.monotonic() - self.began)
        width = max(10, min(40, shutil.get_terminal_size().columns - 40))
        bar = "█" * round(share * width)
        numbers = f"{share:4.0%} {import_.rows_done:,}/{import_.rows_total:,} {speed:,.0f}/s"
        print(f"\r{bar:·<{width}} {numbers}\x1b[K", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.shown:
            print(file=sys.stderr)


def _report(import_: Import) -> int:
    language = (get_language() or "en")[:2]
    counts = import_.counts
    labels = {
        "rows": _("Rows"),
        "created": _("Created"),
        "updated": _("Updated"),
        "unchanged": _("Unchanged"),
        "merged": _("Merged (same person)"),
        "refused": _("Refused"),
        "subscribed": _("Subscribed"),
        "unsubscribed": _("Unsubscribed"),
        "kept_unsubscribed": _("Still unsubscribed (refused later)"),
        "joined": _("Joined the list"),
    }
    _table([import_.get_state_display(), ""], [[label, f"{counts.get(name, 0):,}"] for name, label in labels.items()])
    for code, number in sorted(import_.refusals.items(), key=lambda item: -item[1]):
        print(f"  {number:,} × {reason_text(code, language)} ({code})")
    if import_.refusals:
        print(_("Refused rows: %(path)s") % {"path": config.get().home_path / import_.refused_path})
    if import_.error:
        print(f"pabal: {import_.error['message']}", file=sys.stderr)
    return 0 if import_.state == ImportState.DONE else 1


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], *, limit: int = 36) -> None:
    cut = [[_cut(cell, limit) for cell in row] for row in [header, *rows]]
    widths = [max(_width(row[at]) for row in cut) for at in range(len(header))]
    for row in cut:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _width(text: str) -> int:
    """Cells of a terminal: Korean letters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _cut(text: str, limit: int) -> str:
    plain = "".join(c if c.isprintable() else " " for c in text)
    if _width(plain) <= limit:
        return plain
    while _width(plain) > limit - 1:
        plain = plain[:-1]
    return plain + "…"
