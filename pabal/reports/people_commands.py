"""`pabal profile …` and `pabal suppression …`: merging, exporting and erasing people; the list of blocked numbers."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from pabal.accounts import audit
from pabal.accounts.audit import Actor, Subject
from pabal.audience import queries, suppressions
from pabal.audience.former_ids import profiles_named
from pabal.audience.merge import current_id, ids_of, merge_profiles, outcome
from pabal.audience.models import Profile
from pabal.delivery.forgetting import erase_people
from pabal.errors import InvalidInput, NotFound
from pabal.reports.person_record import as_json, person_record

BY = Actor(name="command line")
Subparsers = argparse._SubParsersAction  # the type that argparse gives no public name


def register(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    """Add `profile` and `suppression` to the command line."""
    profile = subparsers.add_parser("profile", help=_("merge, export and erase people"))
    commands = profile.add_subparsers(dest="profile_command", metavar="COMMAND", required=True)
    who = _("number of the profile, customer ID, or phone number")

    merge = commands.add_parser("merge", help=_("make two profiles of one person one"))
    merge.add_argument("keep", metavar="KEEP", help=who)
    merge.add_argument("gone", metavar="GONE", help=_("the profile that goes up in it"))
    merge.add_argument("--yes", action="store_true", help=_("do not ask"))
    merge.set_defaults(run=merge_two)

    export = commands.add_parser("export", help=_("write everything that is held about a person, as JSON"))
    export.add_argument("profile", metavar="PROFILE", help=who)
    export.add_argument("--output", metavar="FILE", type=Path, help=_("write to this file; standard output otherwise"))
    export.set_defaults(run=export_one)

    erase = commands.add_parser("erase", help=_("forget a person for good"))
    erase.add_argument("profile", metavar="PROFILE", help=who)
    erase.add_argument("--yes", action="store_true", help=_("do not ask"))
    erase.set_defaults(run=erase_one)
    _register_suppression(subparsers)


def _register_suppression(subparsers: Subparsers[argparse.ArgumentParser]) -> None:
    suppression = subparsers.add_parser("suppression", help=_("the numbers to which nothing is sent"))
    commands = suppression.add_subparsers(dest="suppression_command", metavar="COMMAND", required=True)

    add = commands.add_parser("add", help=_("block numbers"))
    add.add_argument("phones", metavar="PHONE", nargs="+")
    add.add_argument("--source", metavar="TEXT", default="", help=_("where this is known from"))
    add.add_argument("--reason", choices=suppressions.REASONS, default="manual")
    add.set_defaults(run=add_numbers)

    lift = commands.add_parser("lift", help=_("let numbers get messages again"))
    lift.add_argument("phones", metavar="PHONE", nargs="+")
    lift.set_defaults(run=lift_numbers)

    listing = commands.add_parser("list", help=_("print the blocked numbers as CSV"))
    listing.add_argument("--reason", default="")
    listing.set_defaults(run=list_numbers)

    read = commands.add_parser("import", help=_("block the numbers of a CSV or text file"))
    read.add_argument("file", metavar="FILE", type=Path)
    read.add_argument("--country", metavar="KR", default="", help=_("country of phone numbers in national form"))
    read.add_argument("--source", metavar="TEXT", default="", help=_("where this is known from"))
    read.add_argument("--reason", choices=suppressions.REASONS, default="import")
    read.set_defaults(run=import_numbers)


def merge_two(options: argparse.Namespace) -> int:
    """`pabal profile merge KEEP GONE`: shows what will come of it, asks, merges."""
    keep, gone = _profile(options.keep), _profile(options.gone)
    shown = outcome(keep.pk, gone.pk)
    for choice in (*shown.fields, *shown.properties):
        if choice.kept or choice.gone:
            lost = _("(is lost)") if choice.lost else ""
            print(f"{choice.name}: {choice.kept or '–'} | {choice.gone or '–'} {lost} → {choice.result}")
    for consent in shown.consents:
        print(f"{consent.channel} {consent.purpose}: → {consent.result[0]}")
    if not _confirmed(options):
        return 1
    with transaction.atomic():
        done = merge_profiles(keep.pk, gone.pk, by=str(BY))
        what = {"merged": f"{done.gone} (#{gone.pk})", "events": done.events, "lists": done.lists}
        audit.record(BY, "profile.merge", done.keep, what)
    print(_("The two profiles are one now."), f"#{keep.pk}")
    return 0


def export_one(options: argparse.Namespace) -> int:
    """`pabal profile export PROFILE`: the record as JSON."""
    profile = _profile(options.profile)
    text = as_json(person_record(profile))
    audit.record(BY, "profile.export", profile)
    if options.output:
        options.output.write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    return 0


def erase_one(options: argparse.Namespace) -> int:
    """`pabal profile erase PROFILE`: asks, then forgets."""
    profile = _profile(options.profile)
    print(f"#{profile.pk} {profile}")
    if not _confirmed(options):
        return 1
    with transaction.atomic():
        forgotten = ids_of(profile.pk)
        erase_people([profile.pk], actor=str(BY))
        for old_id in forgotten:
            audit.forget("profile", old_id)
        audit.record(BY, "profile.erase", Subject(type="profile", id=str(profile.pk)))
    print(_("The person is forgotten."))
    return 0


def add_numbers(options: argparse.Namespace) -> int:
    """`pabal suppression add PHONE …`"""
    return _suppress(suppressions.read_text("\n".join(options.phones)), options)


def import_numbers(options: argparse.Namespace) -> int:
    """`pabal suppression import FILE`: whatever its size; the column is found."""
    try:
        data = options.file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{options.file}: {error.strerror}", code="cannot_read", field="file") from None
    options.source = options.source or options.file.name
    return _suppress(suppressions.read_file(data, country=options.country), options)


def _suppress(read: suppressions.Read, options: argparse.Namespace) -> int:
    if not read.phones:
        raise InvalidInput(_("None of these is a phone number."), code="invalid_number", field="phones")
    with transaction.atomic():
        added = suppressions.add(read.phones, reason=options.reason, source=options.source)
        what = {"reason": options.reason, "source": options.source, "added": added}
        audit.record(BY, "suppression.add", _subject(read.phones), what)
    print(_("%(added)s blocked, %(already)s were already.") % {"added": added, "already": len(read.phones) - added})
    for line, text in read.refused[:20]:
        print(_("line %(line)s is no phone number: %(text)s") % {"line": line, "text": text}, file=sys.stderr)
    return 0


def lift_numbers(options: argparse.Namespace) -> int:
    """`pabal suppression lift PHONE …`"""
    phones = suppressions.read_text("\n".join(options.phones)).phones
    with transaction.atomic():
        lifted = suppressions.lift(phones)
        audit.record(BY, "suppression.lift", _subject(phones), {"phones": phones, "lifted": lifted})
    print(_("%(lifted)s lifted.") % {"lifted": lifted})
    return 0


def list_numbers(options: argparse.Namespace) -> int:
    """`pabal suppression list`: phone, reason, source and time as CSV."""
    writer = csv.writer(sys.stdout)
    writer.writerow(["phone", "reason", "source", "at"])
    for row in suppressions.everything(reason=options.reason):
        writer.writerow([row.phone, row.reason, row.source, row.at.isoformat(timespec="seconds")])
    return 0


def _subject(phones: list[str]) -> Subject:
    return Subject(type="suppression", label=phones[0] if len(phones) == 1 else f"{len(phones):,}")


def _profile(named: str) -> Profile:
    """By customer ID, else by our number (a merged one leads on), else by phone, when only one person has it."""
    if by_external := profiles_named([named]):
        return Profile.objects.get(pk=by_external[named])
    number = named.removeprefix("#")
    if number.isdigit() and (found := current_id(int(number))) is not None:
        return Profile.objects.get(pk=found)
    people = queries.find_by_phone(named)
    if len(people) > 1:
        ids = ", ".join(f"#{person.pk}" for person in people)
        raise InvalidInput(_("Several people have this phone: %(ids)s") % {"ids": ids}, code="several_people")
    if not people:
        raise NotFound(_("Nobody is known as %(name)s.") % {"name": named}, code="no_such_profile")
    return people[0]


def _confirmed(options: argparse.Namespace) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise InvalidInput(_("Nobody is here to confirm: add --yes."), code="not_confirmed")
    return input(_("This cannot be undone. Go on? [y/N] ")).strip().lower() in ("y", "yes", "예", "네")
