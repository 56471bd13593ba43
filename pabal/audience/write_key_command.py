"""`pabal write-key …`: the keys with which shops send events."""
# ruff: noqa: T201

from __future__ import annotations

import argparse

from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor
from pabal.audience.event_models import WriteKey, WriteKeyKind
from pabal.audience.write_keys import create_write_key, revoke_write_key
from pabal.errors import NotFound

BY = Actor(name="command line")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `write-key` and its commands to the command line."""
    top = subparsers.add_parser("write-key", help=_("make, list and revoke the keys with which events are sent"))
    commands = top.add_subparsers(dest="write_key_command", metavar="COMMAND", required=True)

    create = commands.add_parser("create", help=_("make a key and print it"))
    create.add_argument("name", metavar="NAME", help=_("who uses it, e.g. “Shop backend”"))
    create.add_argument(
        "--browser", action="store_true", help=_("a public key for web pages; without it, one for servers")
    )
    create.add_argument(
        "--origin",
        action="append",
        default=[],
        metavar="ADDRESS",
        help=_("a site that may use the browser key, e.g. https://shop.example; may be given several times"),
    )
    create.set_defaults(run=create_key)

    commands.add_parser("list", help=_("list the keys")).set_defaults(run=list_keys)

    revoke = commands.add_parser("revoke", help=_("end a key for good"))
    revoke.add_argument("key", metavar="KEY", help=_("the key, or its number in the list"))
    revoke.set_defaults(run=revoke_key)


def create_key(options: argparse.Namespace) -> int:
    """`pabal write-key create NAME [--browser] [--origin ADDRESS]`: prints the key."""
    kind = WriteKeyKind.BROWSER if options.browser else WriteKeyKind.SERVER
    print(create_write_key(name=options.name, kind=kind, origins=options.origin, by=BY).key)
    return 0


def list_keys(options: argparse.Namespace) -> int:
    """`pabal write-key list`: number, kind, key, active or revoked, last use, name and origins, separated by tabs."""
    for key in WriteKey.objects.order_by("id"):
        used = key.last_used_at.isoformat(timespec="seconds") if key.last_used_at else "-"
        state = "revoked" if key.revoked_at else "active"
        print(key.pk, key.kind, key.key, state, used, key.name, " ".join(key.origins), sep="\t")
    return 0


def revoke_key(options: argparse.Namespace) -> int:
    """`pabal write-key revoke KEY`."""
    named = WriteKey.objects.filter(key=options.key).first()
    if named is None and options.key.isdecimal():
        named = WriteKey.objects.filter(pk=int(options.key)).first()
    if named is None:
        raise NotFound(_("There is no such key."), code="unknown_write_key")
    revoke_write_key(named.pk, by=BY)
    return 0
