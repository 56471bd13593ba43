"""`pabal user …`: accounts from the command line, for setting up and for an administrator who is locked out."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import sys

from django.db import transaction
from django.utils.translation import gettext as _

from pabal.accounts import actions
from pabal.accounts.audit import Actor
from pabal.accounts.models import Role, User
from pabal.errors import InvalidInput, NotFound

BY = Actor(name="command line")


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `user` and its commands to the command line."""
    user = subparsers.add_parser("user", help=_("add people, list them, renew their access"))
    commands = user.add_subparsers(dest="user_command", metavar="COMMAND", required=True)

    add = commands.add_parser("add", help=_("add a person and print the link where they choose a password"))
    add.add_argument("email", metavar="EMAIL")
    add.add_argument("--role", default=Role.VIEWER.value, choices=Role.values)
    add.add_argument("--name", default="", metavar="NAME", help=_("the person's name; the email if it is left out"))
    add.add_argument("--password-stdin", action="store_true", help=_("set the password that stands on standard input"))
    add.set_defaults(run=add_user)

    commands.add_parser("list", help=_("list everybody who has an account")).set_defaults(run=list_users)

    link = commands.add_parser("link", help=_("take a person's password away and print a new link"))
    link.add_argument("email", metavar="EMAIL")
    link.set_defaults(run=renew_access)


def add_user(options: argparse.Namespace) -> int:
    """`pabal user add EMAIL --role ROLE`: prints the one-time link, or sets the given password."""
    with transaction.atomic():
        user = actions.add_user(email=options.email, name=options.name or options.email, role=options.role, by=BY)
        if options.password_stdin:
            password = sys.stdin.readline().rstrip("\r\n")
            if not password:
                raise InvalidInput(_("No password came on standard input."), code="weak_password", field="password")
            actions.join(*actions.access_token(user), password=password, by=BY)
    if options.password_stdin:
        print(_("%(email)s can log in now.") % {"email": user.email})
    else:
        print(_("%(email)s chooses a password here, once, within three days:") % {"email": user.email})
        print(actions.access_link(user))
    return 0


def list_users(options: argparse.Namespace) -> int:
    """`pabal user list`: email, role, active or deactivated, and name, separated by tabs."""
    for user in User.objects.order_by("email"):
        print(user.email, user.role, "active" if user.is_active else "deactivated", user.name, sep="\t")
    return 0


def renew_access(options: argparse.Namespace) -> int:
    """`pabal user link EMAIL`: prints a new one-time link."""
    user = User.objects.filter(email=options.email.strip().lower()).first()
    if user is None:
        raise NotFound(_("Nobody has the email %(email)s.") % {"email": options.email})
    print(actions.renew_access(user.pk, by=BY))
    return 0
