"""`pabal segment …`: saved conditions from the command line."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pabal.accounts import audit
from pabal.audience import segments
from pabal.audience.models import List, Profile, QuestionState, Segment
from pabal.campaigns import segment_csv
from pabal.campaigns.commands import BY, moment, table
from pabal.campaigns.list_making import make_list
from pabal.campaigns.questions import answer, engine_runs, error_of, no_engine, wait
from pabal.errors import InvalidInput, NotFound
from pabal.warehouse.conditions import dump, parse

PATIENCE = 60.0
"""Seconds that a command waits for the engine."""

Run = Callable[[argparse.Namespace], int]


def register(subparsers: Any) -> None:
    """Add the command and its verbs."""
    text = "Segments: saved conditions, and who fulfils them."
    verbs = subparsers.add_parser("segment", help=text, description=text).add_subparsers(
        dest="verb", metavar="VERB", required=True
    )

    def verb(name: str, text: str, run: Run, *, key: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
        parser.set_defaults(run=run)
        if key:
            parser.add_argument("key", metavar="KEY", help="the segment's key")
        return parser

    listing = verb("list", "List the segments, newest first.", _list, key=False)
    listing.add_argument("--archived", action="store_true", help="those out of sight instead")
    verb("show", "Show a segment: its condition as JSON, and what uses it.", _show)
    create = verb("create", "Save a condition.", _create)
    create.add_argument("--name", default="", help="its name (the key when it is left out)")
    create.add_argument("--json", required=True, metavar="FILE", help="the condition; - reads standard input")
    change = verb("change", "Give a segment another name or condition.", _change)
    change.add_argument("--name", help="another name")
    change.add_argument("--json", metavar="FILE", help="another condition; - reads standard input")
    count = verb("count", "Count the people of a segment, or of a condition that is not saved.", _count, key=False)
    count.add_argument("key", metavar="KEY", nargs="?", default="", help="the segment's key")
    count.add_argument("--json", metavar="FILE", help="a condition instead; - reads standard input")
    members = verb("members", "Print the people of a segment, or write all of them as CSV.", _members)
    members.add_argument("--csv", metavar="FILE", help="write CSV; - writes to standard output")
    members.add_argument("--limit", type=int, default=20, metavar="N", help="people to print (20)")
    fill = verb("list-from", "Put the people of a segment on a list, a new one unless it is there.", _list_from)
    fill.add_argument("list", metavar="LIST", help="the list's key")
    fill.add_argument("--name", default="", help="the name of a new list")
    verb("archive", "Take a segment out of sight.", _archive)
    verb("restore", "Bring an archived segment back.", _restore)


def _list(options: argparse.Namespace) -> int:
    found = Segment.objects.filter(archived_at__isnull=not options.archived).order_by("-pk")
    rows = [(row.key, row.name, "–" if row.size is None else f"{row.size:,}", moment(row.counted_at)) for row in found]
    print(table([(_("Key"), _("Name"), pgettext("count", "People"), _("Counted at")), *rows], numbers=(2,)))
    return 0


def _show(options: argparse.Namespace) -> int:
    row = segments.by_key(options.key)
    used = segments.used_in(row)
    facts = [
        (_("Name"), row.name),
        (_("Version"), str(row.version)),
        (pgettext("count", "People"), "–" if row.size is None else f"{row.size:,} ({moment(row.counted_at)})"),
        (
            _("Used in"),
            ", ".join([*(use.key for use in used.campaigns), *(other.key for other in used.segments)]) or "–",
        ),
    ]
    print(table(facts))
    print(msgspec.json.format(msgspec.json.encode(row.condition)).decode())
    return 0


def _create(options: argparse.Namespace) -> int:
    with transaction.atomic():
        row = segments.create(
            by=None, key=options.key, name=options.name or options.key, condition=_condition(options.json)
        )
        audit.record(BY, "segment.create", row, {"key": row.key, "condition": row.condition})
    print(row.key)
    return 0


def _change(options: argparse.Namespace) -> int:
    row = segments.by_key(options.key)
    before = audit.snapshot(row, segments.FIELDS)
    with transaction.atomic():
        segments.change(row, name=options.name, condition=_condition(options.json) if options.json else None)
        changes = audit.difference(before, audit.snapshot(row, segments.FIELDS))
        audit.record(BY, "segment.edit", row, changes)
    print(f"{row.key}: {_('Version')} {row.version}")
    return 0


def _count(options: argparse.Namespace) -> int:
    if bool(options.key) == bool(options.json):
        raise InvalidInput(_("Name a segment, or give a condition with --json."), code="whom_missing")
    whom = {"condition": _condition(options.json)} if options.json else {"segment": segments.by_key(options.key).key}
    found = answer("count", whom, seconds=PATIENCE)
    rows = [
        (pgettext("count", "People"), f"{found['people']:,}", ""),
        (_("Reachable by text"), f"{found['reachable']:,}", ""),
    ]
    for part in found["parts"][1:]:
        place = "  " * len(part["path"]) + ".".join(str(n + 1) for n in part["path"])
        rows.append((place, f"{part['people']:,}", f"{part['change']:+,}"))
    print(table(rows, numbers=(1, 2)))
    return 0


def _members(options: argparse.Namespace) -> int:
    row = segments.by_key(options.key)
    if options.csv:
        question = segment_csv.members({"segment": row.key})
        audit.record(BY, "segment.export", row, {"people": (question.answer or {}).get("people")})
        if options.csv == "-":
            sys.stdout.buffer.writelines(segment_csv.lines(question))
        else:
            with Path(options.csv).open("wb") as out:
                out.writelines(segment_csv.lines(question))
        return 0
    ids = answer("page", {"segment": row.key, "limit": options.limit}, seconds=PATIENCE)["ids"]
    people = Profile.objects.in_bulk(ids)
    rows = [
        (str(pk), people[pk].external_id or "–", people[pk].phone or "–", people[pk].display_name)
        for pk in ids
        if pk in people
    ]
    print(table([(_("Profile no."), _("Customer ID"), _("Phone"), _("Name")), *rows], numbers=(0,)))
    return 0


def _list_from(options: argparse.Namespace) -> int:
    row = segments.by_key(options.key)
    if not engine_runs():
        raise no_engine()
    into = List.objects.filter(key=options.list).first()
    with transaction.atomic():
        made, question = make_list(row, name=options.name or options.list, key=options.list, into=into)
        audit.record(BY, "segment.make_list", row, {"list": made.key})
    while question.state == QuestionState.ASKED:
        question = wait(question.pk, 1.0)
        _report(question.answer)
        if question.state == QuestionState.ASKED and not engine_runs():
            raise no_engine()
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if question.state == QuestionState.FAILED:
        raise error_of(question)
    found = question.answer or {}
    print(f"{made.key}: {found['total']:,} ({found['added']:+,})")
    return 0


def _report(noted: Mapping[str, Any] | None) -> None:
    if noted and sys.stderr.isatty():
        print(f"\r{noted['done']:,} / {noted['total']:,}", end="", file=sys.stderr, flush=True)


def _archive(options: argparse.Namespace) -> int:
    row = segments.by_key(options.key)
    with transaction.atomic():
        segments.archive(row)
        audit.record(BY, "segment.archive", row)
    return 0


def _restore(options: argparse.Namespace) -> int:
    row = segments.by_key(options.key)
    with transaction.atomic():
        segments.restore(row)
        audit.record(BY, "segment.restore", row)
    return 0


def _condition(source: str) -> Any:
    """The condition that a file, or standard input, holds. Raises `InvalidCondition`, NotFound."""
    if source == "-":
        return dump(parse(sys.stdin.read()))
    try:
        return dump(parse(Path(source).read_bytes()))
    except OSError as error:
        raise NotFound(_("%(file)s cannot be read: %(error)s") % {"file": source, "error": error.strerror}) from None
