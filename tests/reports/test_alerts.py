"""Alerts: opened once past their level, told once, seen to by a person, closed when all is well."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone, translation

from pabal import config
from pabal.accounts.audit import Actor
from pabal.accounts.models import AuditEntry
from pabal.billing.models import Balance
from pabal.campaigns.models import Campaign, CampaignState
from pabal.delivery.models import EventKind, Link, Sender, SenderState, Tally
from pabal.errors import Conflict, InvalidInput
from pabal.reports.alerts import book, words
from pabal.reports.alerts.telling import tell
from pabal.reports.models import Alert, AlertKind
from tests.delivery.sending import plan, query, shop

BY = Actor(name="test")


def campaign(name: str = "Autumn", *, started: timedelta = timedelta(hours=2), **counts: int) -> Campaign:
    at = timezone.now() - started
    row = Campaign.objects.create(key=name.lower(), name=name, state=CampaignState.SENDING, started_at=at)
    for kind, messages in counts.items():
        Tally.objects.create(campaign_id=row.pk, minute=at, kind=EventKind[kind.upper()], messages=messages)
    return row


def kinds(*, subject: str | None = None) -> set[str]:
    rows = Alert.objects.filter(cleared_at=None)
    return set((rows if subject is None else rows.filter(subject=subject)).values_list("kind", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(("failed", "opens"), [(4, False), (5, True), (50, True)])
def test_failures_are_an_alert_from_their_level_on(failed: int, opens: bool) -> None:
    row = campaign(delivered=100 - failed, failed=failed)
    book.look()
    assert (AlertKind.FAILED in kinds(subject=str(row.pk))) == opens
    assert (AlertKind.FAILED in kinds(subject="")) == opens


@pytest.mark.django_db
def test_a_rate_of_few_messages_says_nothing() -> None:
    campaign(delivered=50, failed=49, unsubscribed=20)
    book.look()
    assert kinds() == set()


@pytest.mark.django_db
def test_the_installation_is_judged_by_all_campaigns_of_seven_days() -> None:
    campaign("One", delivered=94, failed=5)
    campaign("Two", delivered=94, failed=5)
    campaign("Old", started=timedelta(days=8), failed=1000)
    book.look()
    assert set(Alert.objects.values_list("kind", "subject")) == {(AlertKind.FAILED, "")}


@pytest.mark.django_db
def test_clicks_are_judged_a_day_after_the_start_and_only_with_links() -> None:
    young, old, bare = (
        campaign("Young", delivered=1000),
        campaign("Old", started=timedelta(days=2), delivered=1000),
        None,
    )
    bare = campaign("Bare", started=timedelta(days=2), delivered=1000)
    for row in (young, old):
        Link.objects.create(campaign_id=row.pk, position=0, target="https://shop.example")
    Link.objects.create(campaign_id=bare.pk, position=7, target="https://shop.example/stop")
    book.look()
    assert set(Alert.objects.filter(kind=AlertKind.FEW_CLICKS).values_list("subject", flat=True)) == {"", str(old.pk)}


@pytest.mark.django_db
def test_what_stands_still_or_runs_low_is_an_alert(tmp_path: Path) -> None:
    made = shop(tmp_path)
    Sender.objects.update(state=SenderState.STOPPED, state_reason="carrier_balance")
    row = campaign()
    Campaign.objects.filter(pk=row.pk).update(
        state=CampaignState.PAUSED, state_reason="insufficient_balance", paused_at=timezone.now()
    )
    Balance.objects.update(total=5_000_000)
    book.set_settings({"balance_below": 10_000_000}, by=BY)
    book.look()
    assert kinds() == {AlertKind.SENDER_STOPPED, AlertKind.CAMPAIGN_HELD_UP, AlertKind.BALANCE_LOW}
    stopped = Alert.objects.get(kind=AlertKind.SENDER_STOPPED)
    assert words.path(stopped) == f"/senders/{made.senders[0].pk}"
    with translation.override("en"):
        assert "balance" in words.sentence(stopped)


@pytest.mark.django_db
def test_a_sender_that_a_person_stopped_is_no_alert(tmp_path: Path) -> None:
    shop(tmp_path)
    Sender.objects.update(state=SenderState.STOPPED, state_reason="holiday")
    book.look()
    assert kinds() == set()


@pytest.mark.django_db
def test_due_messages_without_a_dispatcher_are_an_alert(tmp_path: Path) -> None:
    plan(shop(tmp_path).senders[0], 3)
    query("UPDATE batch SET send_after = now() - interval '2 minutes'")
    book.look()
    assert kinds() == {AlertKind.NO_DISPATCHER}
    query("INSERT INTO dispatcher (holder, state) VALUES ('one', '{}')")
    query("UPDATE alert SET seen_at = seen_at - interval '3 minutes'")
    book.look()
    assert kinds() == set()


@pytest.mark.django_db
def test_unknown_messages_are_an_alert_until_their_fate_is_known(tmp_path: Path) -> None:
    row = campaign(unknown=2)
    ids = plan(shop(tmp_path).senders[0], 2, campaign_id=row.pk, state="paused")
    for message_id in ids:
        query("INSERT INTO message_event (message_id, kind, at) VALUES (%s, 6, now())", message_id)
    book.look()
    assert Alert.objects.get(kind=AlertKind.UNKNOWN).value == 2
    query("INSERT INTO message_event (message_id, kind, at) VALUES (%s, 2, now())", ids[0])
    query("INSERT INTO message_event (message_id, kind, at) VALUES (%s, 3, now())", ids[1])
    query("UPDATE alert SET seen_at = seen_at - interval '3 minutes'")
    book.look()
    assert kinds() == set()


@pytest.mark.django_db
def test_a_rate_that_trembles_about_its_level_is_one_alert() -> None:
    row = campaign(delivered=95, failed=5)
    tally = Tally.objects.filter(campaign_id=row.pk, kind=EventKind.DELIVERED)
    for delivered in (95, 96, 95, 97, 95):
        tally.update(messages=delivered)
        book.look()
    assert Alert.objects.filter(subject=str(row.pk)).count() == 1


@pytest.mark.django_db
def test_an_alert_is_acknowledged_once_and_recorded() -> None:
    campaign(delivered=50, failed=50)
    book.look()
    alert = Alert.objects.filter(subject="").get()
    before = book.unseen()
    book.acknowledge(alert.pk, by=BY)
    assert book.unseen() == before - 1
    assert AuditEntry.objects.get().action == "alert.acknowledge"
    with pytest.raises(Conflict):
        book.acknowledge(alert.pk, by=BY)
    book.look()
    assert book.unseen() == before - 1  # an acknowledged one does not ring again while it is open


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values", [{"email": "nobody"}, {"webhook_url": "ftp://x.example"}, {"failed_percent": 101}, {"balance_below": -1}]
)
def test_levels_that_cannot_be_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        book.set_settings(values, by=BY)
    assert refused.value.field == next(iter(values))


class Inbox:
    """A mail server's handler that keeps what came."""

    def __init__(self) -> None:
        self.mails: list[Any] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        return "250 OK"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Inbox]:
    kept = Inbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    changed = msgspec.structs.replace(config.get(), smtp_url=f"smtp://127.0.0.1:{port}", language="ko")
    monkeypatch.setattr(config, "get", lambda: changed)
    yield kept
    controller.stop()


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    came: list[dict[str, Any]] = []
    answers: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(answers.pop(0) if answers else 200)
            self.end_headers()

        def log_message(self, *_values: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/alerts", came, answers
    server.shutdown()
    server.server_close()


@pytest.mark.django_db
def test_an_alert_is_mailed_and_posted_once(inbox: Inbox, hook: tuple[str, list[dict[str, Any]], list[int]]) -> None:
    url, came, answers = hook
    row = campaign("가을", delivered=50, failed=50)
    book.set_settings({"email": "ops@shop.example, crm@shop.example", "webhook_url": url}, by=BY)
    book.look()
    Alert.objects.filter(subject="").delete()
    answers.append(503)
    assert tell() == 1  # the mail
    assert "503" in Alert.objects.get().telling_error
    assert tell() == 1  # the webhook, when it answers again
    assert tell() == 0
    [mail] = inbox.mails
    assert mail.rcpt_tos == ["ops@shop.example", "crm@shop.example"]
    assert came[-1]["kind"] == "failed"
    assert came[-1]["sentence"] == "가을: 발송 실패 50% (기준 5%)"
    assert came[-1]["url"].endswith(f"/campaigns/{row.key}")
    assert Alert.objects.get().telling_error == ""
