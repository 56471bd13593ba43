"""A person's page: one timeline with filters, properties with their kinds, merging, the whole record."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from pabal.accounts.models import AuditEntry, Role
from pabal.audience.merge import merge_profiles
from pabal.audience.models import Event, Profile, Property
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import Click, Message, ProviderAccount, Sender
from pabal.reports.profile import timeline
from tests.console.audience import actions, logged_in, person, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    return logged_in(client, Role.EDITOR)


def did(who: Profile, name: str, *, ago: timedelta = timedelta(), **properties: object) -> Event:
    return Event.objects.create(
        key=uuid4(), profile_id=who.pk, name=name, at=timezone.now() - ago, properties=json.dumps(properties)
    )


def sent(who: Profile, text: str) -> Message:
    account, _made = ProviderAccount.objects.get_or_create(name="sandbox", provider="sandbox")
    sender, _made = Sender.objects.get_or_create(
        account=account, address="0212345678", name="달빛상점", kind="long_code", country="KR"
    )
    campaign, _made = Campaign.objects.get_or_create(key="spring", name="Spring sale", text="x")
    return Message.objects.create(
        id=1, campaign_id=campaign.pk, profile_id=who.pk, sender_id=sender.pk, phone=who.phone, country="KR", kind=1,
        encoding=3, parts=1, amount=12000, send_after=timezone.now(), text=text,
    )  # fmt: skip


def test_events_stand_in_the_timeline_with_their_properties(editor: Client) -> None:
    who = person()
    did(who, "Order Completed", total=29.5, products=[{"sku": "A-1"}, {"sku": "B-2"}], coupon=None)
    page = said(editor.get(f"/profiles/{who.pk}"))
    for text in ("Order Completed", "total", "29.5", "products[1].sku", "B-2", "Copy as JSON"):
        assert text in page


def test_the_timeline_is_filtered_by_kind(editor: Client) -> None:
    who = person()
    did(who, "Viewed")
    campaign = Campaign.objects.create(key="c", name="C", text="x")
    Skip.objects.create(campaign_id=campaign.pk, profile_id=who.pk, reason=1, at=timezone.now())
    events = said(
        editor.get(f"/profiles/{who.pk}?show=events", headers={"HX-Request": "true", "HX-Target": "what-happened"})
    )
    assert "Viewed" in events
    assert "No message" not in events
    assert "<html" not in events
    assert "Viewed" not in said(editor.get(f"/profiles/{who.pk}?show=messages"))


def test_paging_shows_everything_once_even_when_all_happened_at_one_moment() -> None:
    who, now = person(), timezone.now()
    campaign = Campaign.objects.create(key="c", name="C", text="x")
    for number in range(25):
        Event.objects.create(key=uuid4(), profile_id=who.pk, name=f"e{number}", at=now)
        Skip.objects.create(campaign_id=campaign.pk, profile_id=who.pk, reason=1, at=now)
    seen, place = [], None
    while True:
        found, place = timeline(who, before=place, limit=7)
        seen += [(moment.kind, moment.id) for moment in found]
        if place is None:
            break
    assert len(seen) == len(set(seen)) == 50


def test_a_page_of_five_thousand_events_is_fast() -> None:
    who, now = person(), timezone.now()
    Event.objects.bulk_create(
        Event(key=uuid4(), profile_id=who.pk, name="Viewed", at=now - timedelta(minutes=n)) for n in range(5000)
    )
    started = timezone.now()
    found, place = timeline(who, limit=20)
    assert timezone.now() - started < timedelta(milliseconds=100)
    assert len(found) == 20
    assert place is not None


def test_messages_to_a_merged_profile_stay_in_the_history_and_its_address_leads_on(editor: Client) -> None:
    who, old = person(), person(phone="+821000000002", external_id="old")
    sent(old, "봄 세일 안내")
    merge_profiles(who.pk, old.pk, by="admin")
    page = said(editor.get(f"/profiles/{who.pk}"))
    assert "봄 세일 안내" in page
    assert f"Merged with profile {old.pk}" in page
    assert editor.get(f"/profiles/{old.pk}").headers["Location"] == f"/profiles/{who.pk}"
    assert editor.get("/profiles/999999").status_code == 404


def test_properties_keep_their_kind_and_new_ones_are_given_one(editor: Client) -> None:
    who = person(properties={"born": "1990-05-01", "tags": ["a", "b"], "vip": True, "x": {"deep": 1}})
    form = {"last_name": "김", "phone": who.phone, "country": "KR", "p0": "1991-05-01", "p1": "a\nc", "p2": "no"}
    form |= {"k0": "date", "k1": "list", "k2": "boolean"}
    form |= {"new_name0": "points", "new_value0": "1,200", "new_kind0": "number"}
    form |= {"new_name1": "sizes", "new_value1": "S, M", "new_kind1": "list"}
    assert editor.post(f"/profiles/{who.pk}/edit", form).status_code == 302
    who.refresh_from_db()
    assert who.properties == {
        "born": "1991-05-01", "tags": ["a", "c"], "vip": False, "x": {"deep": 1}, "points": 1200, "sizes": ["S", "M"],
    }  # fmt: skip
    assert dict(Property.objects.values_list("name", "kind"))["points"] == "number"


@pytest.mark.parametrize(
    ("kind", "text", "problem"),
    [
        ("number", "many", "not a number"),
        ("boolean", "maybe", "Write yes or no"),
        ("date", "2026-13-01", "Write a date"),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused_beside_it(
    editor: Client, kind: str, text: str, problem: str
) -> None:
    who = person()
    form = {"phone": who.phone, "country": "KR", "new_name0": "x", "new_value0": text, "new_kind0": kind}
    answer = editor.post(f"/profiles/{who.pk}/edit", form)
    assert answer.status_code == 422
    assert problem in said(answer)


def test_two_profiles_are_compared_and_merged(editor: Client) -> None:
    who, other = person(external_id="c-1"), person(email="mj@shop.example")
    assert "Perhaps the same person" in said(editor.get(f"/profiles/{who.pk}"))
    assert "Compare" in said(editor.get(f"/profiles/{who.pk}/merge"))
    assert "mj@shop.example" in said(editor.get(f"/profiles/{who.pk}/merge?with={other.pk}"))
    assert f'name="keep" value="{other.pk}"' in said(
        editor.get(f"/profiles/{who.pk}/merge?with={other.pk}&keep={other.pk}")
    )
    answer = editor.post(f"/profiles/{who.pk}/merge", {"keep": who.pk, "gone": other.pk})
    assert answer.headers["Location"] == f"/profiles/{who.pk}"
    who.refresh_from_db()
    assert who.email == "mj@shop.example"
    assert actions() == ["profile.merge"]
    assert AuditEntry.objects.get().changes["merged"].endswith(f"(#{other.pk})")


def test_a_merge_of_other_people_is_refused(editor: Client) -> None:
    who, a, b = person(), person(phone="+821000000002"), person(phone="+821000000003")
    editor.post(f"/profiles/{who.pk}/merge", {"keep": a.pk, "gone": b.pk})
    assert Profile.objects.count() == 3


def test_the_whole_record_is_read_and_downloaded_by_admins(client: Client) -> None:
    admin, who = logged_in(client, Role.ADMIN), person(external_id="c-1", properties={"grade": "gold"})
    did(who, "Viewed", page="/shoes")
    sent(who, "안내")
    Click.objects.create(message_id=1, position=0, user_agent="Chrome")
    page = said(admin.get(f"/profiles/{who.pk}/record"))
    for text in ("gold", "Viewed", "안내", "data-print"):
        assert text in page
    record = json.loads(admin.post(f"/profiles/{who.pk}/export").content)
    assert record["profile"]["external_id"] == "c-1"
    assert record["events"][0]["properties"] == {"page": "/shoes"}
    assert record["messages"][0]["clicks"][0]["user_agent"] == "Chrome"
    assert actions() == ["profile.export"]


def test_nobody_else_exports_or_merges(client: Client) -> None:
    viewer, who = logged_in(client, Role.VIEWER), person()
    assert viewer.get(f"/profiles/{who.pk}/record").status_code == 403
    assert viewer.post(f"/profiles/{who.pk}/export").status_code == 403
    assert viewer.post(f"/profiles/{who.pk}/merge").status_code == 403
