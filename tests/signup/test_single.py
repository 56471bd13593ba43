"""One message to one person, through the real delivery: paid, sent once, whatever is killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from pabal.billing.models import Balance
from pabal.campaigns.lifecycle import finish_done
from pabal.campaigns.models import Campaign, CampaignState, Plan, Signup
from pabal.campaigns.signup.confirming import send_confirmation, send_waiting
from pabal.campaigns.single import send_single, standing_campaign
from pabal.delivery.models import Batch, Message
from pabal.errors import Conflict, InvalidInput
from pabal.warehouse.sync import Synchroniser
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.shop import Shop
from tests.delivery.sending import DispatcherProcess, outcomes, wait_for
from tests.delivery.sending import shop as carrier
from tests.signup.forms import PHONE, form, only, person, sign_up, texts

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_confirmation_is_carried_once_and_paid_once_though_the_dispatcher_is_killed(tmp_path: Path) -> None:
    network = carrier(tmp_path)
    made = form(tmp_path, sender=network.senders[0])
    sign_up()
    (text,) = texts()
    for _ in range(2):
        first = DispatcherProcess(folder=tmp_path).start()
        wait_for(network.carried, timeout=40)
        first.kill()
    with DispatcherProcess(folder=tmp_path):
        wait_for(lambda: not Batch.objects.filter(state__in=["queued", "sending"]).exists(), timeout=60)
    assert [line["reference"] for line in network.carried()] == [text.id]
    made.refresh_from_db()
    assert set(outcomes(made.campaign_id or 0)) <= {"accepted", "unknown"}
    balance = Balance.objects.get()
    assert balance.reserved == 0


def test_the_campaign_stands_on_and_shows_in_no_listing(tmp_path: Path) -> None:
    form(tmp_path)
    sign_up()
    Batch.objects.update(state="done")
    finish_done()
    campaign = Campaign.objects.get()
    assert campaign.state == CampaignState.SENDING
    assert Campaign.objects.filter(standing=False).count() == 0
    from pabal.campaigns.actions import end, pause

    for verb in (pause, end):
        with pytest.raises(Conflict):
            verb(campaign, by=None)


def test_the_warehouse_learns_of_single_messages(tmp_path: Path, synchroniser: Synchroniser) -> None:
    form(tmp_path)
    sign_up()
    sign_up(phone="010-0000-1235")
    synchroniser.run_once(complete=True)
    found = synchroniser.warehouse.rows("SELECT message_id, phone FROM message FINAL ORDER BY message_id")
    assert [(int(pk), str(phone)) for pk, phone in found] == [
        (text.id, text.phone) for text in Message.objects.order_by("id")
    ]


def test_a_confirmation_does_not_keep_the_welcome_from_coming(shop: Shop) -> None:
    someone = shop.person("+821000001234")
    trial = standing_campaign(key="trial", name="Trial")
    at = timezone.now()
    assert send_single(trial, someone, text="확인", sender=shop.korean).message_id is not None
    welcome = shop.campaign(smart_hours=24, hours_from="00:00", hours_to="00:00", purpose="informational")
    assert shop.plan(welcome, at=at).messages == 1


def test_what_breaks_off_leaves_nothing_and_is_done_by_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form(tmp_path)
    from pabal.campaigns.signup import taking

    monkeypatch.setattr(taking, "send_confirmation", lambda pk: False)  # killed between the two transactions
    sign_up()
    assert texts() == []
    assert send_waiting() == 1
    assert len(texts()) == 1
    assert send_confirmation(only().pk) is True
    assert len(texts()) == 1


def test_a_message_and_its_note_are_one_transaction(tmp_path: Path) -> None:
    made = form(tmp_path)
    sign_up()
    Signup.objects.update(message_id=None)
    Message.objects.all().delete()
    with transaction.atomic():
        send_confirmation(only().pk)
        assert len(texts()) == 1
        transaction.set_rollback(True)
    assert only().message_id is None
    assert texts() == []
    assert made.sender is not None


def test_a_standing_campaign_is_made_once_and_is_no_other(tmp_path: Path) -> None:
    made = form(tmp_path)
    sign_up()
    first = standing_campaign(key="trial", name="Trial")
    assert standing_campaign(key="trial", name="Trial").pk == first.pk
    assert Plan.objects.filter(campaign=first).count() == 1
    ordinary = Campaign.objects.create(key="spring", name="Spring")
    with pytest.raises(InvalidInput):
        standing_campaign(key="spring", name="Spring")
    assert made.sender is not None
    with pytest.raises(InvalidInput):
        send_single(ordinary, person(PHONE), text="안녕", sender=made.sender)
    sent = send_single(first, person(PHONE), text="{{ phone }} 안녕", sender=made.sender)
    assert sent.message_id is not None
    assert Message.objects.get(pk=sent.message_id).text.endswith(f"{PHONE} 안녕")
