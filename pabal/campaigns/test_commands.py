"""`pabal test-send`: a campaign as it stands to colleagues, labelled as a test."""

# ruff: noqa: T201

from __future__ import annotations

import argparse
from typing import Any

from django.db import transaction

from pabal.accounts import audit
from pabal.accounts.audit import Actor
from pabal.campaigns import actions, test_sends
from pabal.campaigns.models import TestPerson
from pabal.delivery.event_reasons import reason_label
from pabal.errors import NotFound

BY = Actor(name="command line")


def register(subparsers: Any) -> None:
    """Add the command."""
    text = "Send a campaign as it stands to colleagues, labelled as a test; counted apart from its results."
    parser: argparse.ArgumentParser = subparsers.add_parser("test-send", help=text, description=text)
    parser.set_defaults(run=_run)
    parser.add_argument("key", metavar="KEY", help="the campaign's key")
    parser.add_argument(
        "--to", metavar="PHONE", action="append", required=True,
        help="a colleague's phone; one who is not on the list of colleagues is put on it; may be given several times",
    )  # fmt: skip
    parser.add_argument("--name", metavar="NAME", default="", help="the name of a colleague who is new on the list")
    parser.add_argument(
        "--value", metavar="NAME=VALUE", action="append", default=[],
        help="fills a personal part, as first_name=민준; may be given several times",
    )  # fmt: skip


def _run(options: argparse.Namespace) -> int:
    campaign = actions.by_key(options.key)
    values = dict(value.partition("=")[::2] for value in options.value)
    with transaction.atomic():
        people = [_person(phone, options.name) for phone in options.to]
        sent = test_sends.send_test(campaign, people, values=values)
        audit.record(BY, "campaign.test", campaign, {"people": [person.name for person in people]})
    for one in sent:
        print(f"{one.name} {one.phone}: {one.message_id or reason_label(one.reason)}")
    return 0 if all(one.message_id for one in sent) else 1


def _person(phone: str, name: str) -> TestPerson:
    known = TestPerson.objects.filter(phone=phone).first()
    if known is None and not name:
        raise NotFound(
            f"No colleague has the phone {phone}. Give a name, to put one on the list.", code="unknown_person"
        )
    return known or test_sends.add_person(name=name, phone=phone)
