"""`pabal plan`, `campaigns`, `launch`, `pause`, `resume`, `end`."""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal import config
from pabal.accounts import audit
from pabal.accounts.audit import Actor
from pabal.billing.models import MILLI
from pabal.campaigns import actions, words
from pabal.campaigns.models import Campaign, Plan, PlanState
from pabal.campaigns.problems import REVIEW_VALID, newest_review
from pabal.campaigns.summary import PlanSummary
from pabal.errors import Conflict, PabalError
from pabal.policy.skips import SKIP_WORDS, SkipReason

IMPATIENT = 15.0
"""Seconds without progress after which the engine is mentioned."""

BY = Actor(name="command line")


def register(subparsers: Any) -> None:
    """Add the commands."""

    def command(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = subparsers.add_parser(name, help=text, description=text)
        parser.set_defaults(run=run)
        if name != "campaigns":
            parser.add_argument("key", metavar="KEY", help="the campaign's key")
        return parser

    plan = command("plan", "Plan a campaign without sending: who gets it, who does not and why, cost and time.", _plan)
    plan.add_argument("--json", action="store_true", help="print the whole summary as JSON")
    listing = command("campaigns", "List the campaigns, newest first.", _campaigns)
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    launch = command("launch", "Launch a campaign. Plans it first, and asks.", _launch)
    launch.add_argument("--messages", type=int, metavar="N", help="launch without asking if the plan has N messages")
    command("pause", "Pause a campaign: nothing more goes to carriers.", _verb(actions.pause))
    command("resume", "Go on with a paused campaign.", _verb(actions.resume))
    command("end", "End a campaign for good; what is not sent is cancelled.", _verb(actions.end))


def _verb(action: Callable[..., Campaign]) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        campaign = actions.by_key(options.key)
        with transaction.atomic():
            campaign = action(campaign, by=None)
            audit.record(BY, f"campaign.{action.__name__}", campaign)
        print(f"{campaign.key}: {campaign.get_state_display()}")
        return 0

    return run


def _campaigns(options: argparse.Namespace) -> int:
    found = list(Campaign.objects.filter(standing=False).order_by("-id"))
    if options.json:
        plain = [{"key": c.key, "name": c.name, "state": c.state, "starts_at": c.starts_at} for c in found]
        print(msgspec.json.encode(plain).decode())
        return 0
    rows = [(c.key, c.name, str(c.get_state_display()), moment(c.starts_at)) for c in found]
    print(table([(_("Key"), _("Name"), _("State"), _("Starts")), *rows]))
    return 0


def _plan(options: argparse.Namespace) -> int:
    campaign = actions.by_key(options.key)
    summary = _review(campaign)
    print(msgspec.json.format(msgspec.json.encode(summary)).decode() if options.json else report(campaign, summary))
    return 0


def _launch(options: argparse.Namespace) -> int:
    campaign = actions.by_key(options.key)
    fresh = newest_review(campaign)
    if fresh is not None and fresh.finished_at and fresh.finished_at > timezone.now() - REVIEW_VALID / 2:
        summary = PlanSummary.from_json(fresh.summary)
    else:
        summary = _review(campaign)
    messages = options.messages
    if messages is None:
        print(report(campaign, summary))
        question = _("Type the number of messages to launch it, or anything else to leave it:")
        answer = input(f"\n{question} ").replace(",", "").strip()
        if not answer.isdigit():
            print(_("Nothing was launched."))
            return 1
        messages = int(answer)
    with transaction.atomic():
        campaign = actions.launch(campaign, by=None, expected_messages=messages)
        audit.record(BY, "campaign.launch", campaign, {"messages": messages})
    print(f"{campaign.key}: {campaign.get_state_display()}")
    return 0


def _review(campaign: Campaign) -> PlanSummary:
    """Request a review and wait for it, with progress on standard error."""
    plan = actions.request_review(campaign, by=None)
    moved = time.monotonic()
    seen: tuple[Any, ...] = ()
    hinted = False
    while plan.state in (PlanState.QUEUED, PlanState.RUNNING):
        time.sleep(0.1)
        plan = Plan.objects.get(pk=plan.pk)
        if (now_seen := (plan.state, plan.candidates_done)) != seen:
            seen, moved = now_seen, time.monotonic()
            if sys.stderr.isatty() and plan.candidates_total:
                print(f"\r{plan.candidates_done:,} / {plan.candidates_total:,}", end="", file=sys.stderr, flush=True)
        if not hinted and time.monotonic() - moved > IMPATIENT:
            print(_("Still waiting. Is the engine running? (pabal doctor)"), file=sys.stderr)
            hinted = True
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if plan.state == PlanState.FAILED:
        error = plan.error or {}
        raise PabalError(error.get("message", ""), code=error.get("code"))
    if plan.campaign_version != campaign.version:
        raise Conflict(_("The campaign was changed meanwhile. Plan it again."))
    return PlanSummary.from_json(plan.summary)


def report(campaign: Campaign, summary: PlanSummary) -> str:
    """The plan as people read it in a terminal: the funnel, what goes out, cost and time."""
    language: Any = "ko" if (get_language() or "").startswith("ko") else "en"
    lines = [f"{campaign.name} ({campaign.key})", ""]
    funnel = [(_("Audience"), f"{summary.audience:,}", "")]
    for skip in summary.skips:
        label = SKIP_WORDS[SkipReason.from_key(skip.reason)].label[language]
        samples = ", ".join(f"#{pk}" for pk in skip.samples)
        funnel.append((f"− {label}", f"{skip.profiles:,}", f"{_('e.g.')} {samples}"))
    funnel.append((f"= {_('Messages')}", f"{summary.messages:,}", ""))
    lines += [table(funnel, numbers=(1,)), ""]
    if summary.messages:
        names = {s.sender_id: s.name for s in summary.senders}
        head = (_("Sender"), _("Country"), _("Kind"), _("Encoding"), _("Messages"), _("Parts"), _("Cost"))
        rows = [
            (names.get(sender, ""), country, kind.upper(), encoding, f"{messages:,}", f"{parts:,}", _money(amount))
            for (sender, country, kind, encoding), messages, parts, amount in summary.by(
                "sender_id", "country", "kind", "encoding"
            )
        ]
        lines += [table([head, *rows], numbers=(4, 5, 6)), ""]
    balance = f"{_money(summary.balance_before)} → {_money(summary.balance_after)}"
    facts = [
        (_("Cost"), _money(summary.amount)),
        (_("Balance"), balance),
        (_("Starts"), moment(summary.planned_for)),
        (_("Finishes"), moment(summary.finishes_at)),
        (_("Times out"), f"{moment(summary.deadline)} ({summary.timed_out:,})"),
    ]
    lines.append(table(facts))
    lines += [f"! {words.warning(found)}" for found in summary.warnings]
    return "\n".join(lines)


def _money(amount: int) -> str:
    return f"{amount / MILLI:,.{0 if amount % MILLI == 0 else 3}f} {config.get().currency}"


def moment(at: datetime | None) -> str:
    """A moment in the company's zone, or a dash."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else "–"


def table(rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """Aligned columns; Korean letters are two wide in a terminal."""
    widths = [max(_width(str(row[i])) for row in rows) for i in range(len(rows[0]))]

    def cell(text: str, column: int) -> str:
        space = " " * (widths[column] - _width(text))
        return space + text if column in numbers else text + space

    return "\n".join("  ".join(cell(str(t), i) for i, t in enumerate(row)).rstrip() for row in rows)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
