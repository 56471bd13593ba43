"""Merging and forgetting people, as plans and the warehouse see it."""

from __future__ import annotations

import pytest

from pabal.accounts import audit
from pabal.accounts.audit import Actor, Subject
from pabal.accounts.models import AuditEntry
from pabal.audience.actions import set_consent, suppress
from pabal.audience.merge import merge_profiles
from pabal.audience.models import Suppression
from pabal.campaigns.models import Campaign
from pabal.delivery.forgetting import erase_people
from pabal.delivery.models import Message, MessageEvent
from tests.campaigns.shop import Shop

KIM, LEE = "+821000000001", "+821000000002"


def skipped(shop: Shop, campaign: Campaign) -> list[str]:
    return [skip.reason for skip in shop.plan(campaign).skips]


@pytest.mark.parametrize("rebuilt", [False, True])
def test_who_got_a_campaign_does_not_get_it_again_through_another_profile(shop: Shop, rebuilt: bool) -> None:
    keep, gone = shop.person(KIM), shop.person(LEE)
    campaign = shop.campaign(include_lists=[shop.list_of([gone])])
    assert shop.launch(campaign).messages == 1
    shop.synchroniser.run_once()
    merge_profiles(keep.pk, gone.pk)
    if rebuilt:
        shop.synchroniser.rebuild()
    assert skipped(shop, campaign) == ["already_received"]


def test_three_profiles_that_became_one_count_as_one(shop: Shop) -> None:
    keep, middle, gone = shop.person(KIM), shop.person(LEE), shop.person("+821000000003")
    campaign = shop.campaign(include_lists=[shop.list_of([gone])])
    shop.launch(campaign)
    merge_profiles(middle.pk, gone.pk)
    shop.synchroniser.run_once()
    merge_profiles(keep.pk, middle.pk)
    assert skipped(shop, campaign) == ["already_received"]


def test_a_forgotten_phone_goes_from_the_warehouse_too(shop: Shop) -> None:
    person, other = shop.person(KIM), shop.person(LEE)
    campaign = shop.campaign()
    shop.launch(campaign)
    suppress([KIM, LEE], reason="complaint")
    shop.synchroniser.run_once()
    erase_people([person.pk])
    shop.synchroniser.run_once()
    warehouse = shop.synchroniser.warehouse
    assert warehouse.rows("SELECT profile_id, phone, number FROM message FINAL ORDER BY profile_id") == [
        (person.pk, "", 0),
        (other.pk, LEE, 821000000002),
    ]
    assert warehouse.rows("SELECT phone FROM suppression FINAL") == [(LEE,)]
    assert list(Suppression.objects.values_list("phone", flat=True)) == [LEE]


def test_what_was_sent_and_answered_is_forgotten_and_still_counts(shop: Shop) -> None:
    person = shop.person(KIM, first_name="민지")
    campaign = shop.campaign("{{ first_name }}님")
    shop.launch(campaign)
    message = Message.objects.get()
    MessageEvent.objects.create(message_id=message.pk, kind=1, at=message.send_after, detail={"to": KIM})
    set_consent([person.pk], channel="text", purposes=["promotional"], state="unsubscribed", method="reply", actor=KIM)
    audit.record(
        Actor(), "suppression.lift", Subject(type="suppression", label="2"), {"phones": [LEE, KIM], "lifted": 2}
    )
    assert erase_people([person.pk]) == 1
    assert AuditEntry.objects.get(action="suppression.lift").changes == {"lifted": 2}
    message.refresh_from_db()
    assert (message.phone, message.text, message.amount) == ("", "", 12_000)
    assert MessageEvent.objects.get().detail is None
