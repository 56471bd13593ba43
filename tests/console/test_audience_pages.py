"""Profiles and lists in the console: what each role sees and may do, and what is kept of it."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from pabal.accounts.models import AuditEntry, Role
from pabal.audience import lists
from pabal.audience.members import growth
from pabal.audience.models import (
    Consent,
    ListMember,
    Profile,
    Property,
    Suppression,
)
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import Inbound, Message, MessageEvent, ProviderAccount, Sender
from pabal.policy.skips import SkipReason
from tests.console.audience import actions, logged_in, person, said

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client: Client) -> Client:
    return logged_in(client, Role.EDITOR)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_list_is_made_renamed_archived_and_brought_back(editor: Client) -> None:
    assert editor.post("/lists/new", {"name": "VIP"}).headers["Location"] == "/lists/vip"
    editor.post("/lists/vip/edit", {"name": "VIPs", "description": "Best customers"})
    editor.post("/lists/vip/archive")
    assert "VIPs" not in said(editor.get("/lists/"))
    assert "VIPs" in said(editor.get("/lists/?show=archived"))
    editor.post("/lists/vip/restore")
    assert "Best customers" in said(editor.get("/lists/"))
    assert actions() == ["list.create", "list.edit", "list.archive", "list.restore"]


def test_a_key_that_is_taken_is_refused_beside_its_field(editor: Client) -> None:
    lists.create_list("VIP", key="vip")
    answer = editor.post("/lists/new", {"name": "Other", "key": "vip"})
    assert answer.status_code == 422
    assert 'id="id_key_error"' in said(answer)


def test_a_list_may_be_called_new(editor: Client) -> None:
    assert editor.post("/lists/new", {"name": "New"}).headers["Location"] == "/lists/new-2"
    assert editor.post("/lists/new", {"name": "Other", "key": "new"}).status_code == 422


def test_people_are_added_by_phone_or_customer_id_and_the_unknown_are_named(editor: Client) -> None:
    made = lists.create_list("VIP")
    person(external_id="C-1")
    person(phone="+821000000002")
    page = said(editor.post("/lists/vip/add", {"people": "C-1\n010-0000-0002, C-404"}, follow=True))
    assert "2 people added." in page
    assert "Nobody is known by: C-404" in page
    made.refresh_from_db()
    assert made.size == 2


def test_naming_only_strangers_changes_nothing_and_says_so(editor: Client) -> None:
    lists.create_list("VIP")
    answer = editor.post("/lists/vip/add", {"people": "C-404"})
    assert answer.status_code == 422
    assert "Nobody is known by these numbers or IDs." in said(answer)
    assert "data-dialog-open" in said(answer)


def test_a_person_is_taken_off_a_list(editor: Client) -> None:
    made, who = lists.create_list("VIP"), person()
    lists.add_members(made, [who.pk])
    editor.post(f"/lists/vip/remove/{who.pk}")
    assert not ListMember.objects.filter(removed_at=None).exists()
    assert actions() == ["list.remove_members"]


def test_members_are_searched_and_paged(editor: Client) -> None:
    made = lists.create_list("Many")
    people = [person(phone=f"+8210000{n:05}", first_name=f"{n:03}") for n in range(60)]
    lists.add_members(made, [p.pk for p in people])
    person(phone="+821099999999", last_name="없", first_name="는이")
    first = said(editor.get("/lists/many"))
    assert first.count('<th scope="row">') == 50
    assert f"before={people[10].pk}" in first
    assert said(editor.get(f"/lists/many?before={people[10].pk}")).count('<th scope="row">') == 10
    assert said(editor.get("/lists/many?q=김007")).count('<th scope="row">') == 1
    assert said(editor.get("/lists/many?q=없는이")).count('<th scope="row">') == 0


def test_growth_counts_back_from_today(editor: Client) -> None:
    made = lists.create_list("Growing")
    people = [person(phone=f"+82100000000{n}") for n in range(4)]
    lists.add_members(made, [p.pk for p in people])
    now = timezone.now()
    ListMember.objects.filter(profile__in=people[:2]).update(added_at=now - timedelta(days=40))
    ListMember.objects.filter(profile=people[2]).update(added_at=now - timedelta(days=2))
    lists.remove_members(made, [people[0].pk])
    sizes = [size for _day, size in growth(made, days=4, zone="Asia/Seoul")]
    assert sizes == [2, 3, 3, 3]
    assert "Members, last 30 days" in said(editor.get("/lists/growing/growth"))


def test_an_export_has_everybody_with_consent_and_properties_and_no_formulas(editor: Client) -> None:
    made = lists.create_list("VIP")
    who = person(external_id="=1+1", properties={"grade": "VIP", "points": 12.5})
    Consent.objects.create(
        profile=who, channel="text", purpose="promotional", state="subscribed", changed_at=timezone.now()
    )
    Property.objects.create(name="grade", kind="text")
    Property.objects.create(name="points", kind="number")
    lists.add_members(made, [who.pk])
    answer = editor.post("/lists/vip/export")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    line = next(csv.DictReader(io.StringIO(text)))
    assert line["Customer ID"] == "'=1+1"
    assert (line["Phone"], line["Consent"], line["grade"], line["points"]) == ("+821000000001", "yes", "VIP", "12.5")
    assert actions() == ["list.export"]


# ── profiles ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("search", ["김민", "0001", "010-0000", "+8210", "C-1", "minji@"])
def test_people_are_found_by_what_one_would_type(editor: Client, search: str) -> None:
    person(external_id="C-1", email="Minji@shop.example")
    person(phone="+12025550123", country="US", last_name="Lee", first_name="Ann", external_id="X-9")
    page = said(editor.get("/profiles/", {"q": search}))
    assert "김민지" in page
    assert "Ann" not in page


def test_a_new_person_is_normalised_like_an_import(editor: Client) -> None:
    editor.post("/profiles/new", {"last_name": "박", "first_name": "서준", "phone": "010 0000 0005"})
    made = Profile.objects.get()
    assert (made.phone, made.country, made.zones) == ("+821000000005", "KR", "Asia/Seoul")
    assert actions() == ["profile.create"]


def test_a_phone_that_cannot_be_is_refused_beside_its_field(editor: Client) -> None:
    answer = editor.post("/profiles/new", {"first_name": "A", "phone": "02-123-4567"})
    assert answer.status_code == 422
    assert "Not a mobile number" in said(answer)
    assert 'id="id_phone_error"' in said(answer)


def test_editing_changes_fields_and_properties_and_the_place_follows_the_phone(editor: Client) -> None:
    who = person(properties={"grade": "VIP", "points": 3, "old": "x"})
    form = {"last_name": "김", "first_name": "민서", "phone": "+12025550123", "p0": "Gold", "p1": "", "p2": "4"}
    form |= {"new_name0": "city", "new_value0": "Busan"}
    assert editor.post(f"/profiles/{who.pk}/edit", form).status_code == 302
    who.refresh_from_db()
    assert (who.first_name, who.phone, who.country) == ("민서", "+12025550123", "US")
    assert who.properties == {"grade": "Gold", "points": 4, "city": "Busan"}
    entry = AuditEntry.objects.get(action="profile.edit")
    assert entry.changes["first_name"] == ["민지", "민서"]


def test_a_person_known_only_by_phone_can_be_renamed(editor: Client) -> None:
    who = person()
    editor.post(
        f"/profiles/{who.pk}/edit", {"last_name": "이", "first_name": "민지", "phone": who.phone, "country": "KR"}
    )
    who.refresh_from_db()
    assert (who.last_name, who.phone, who.external_id, who.zones) == ("이", "+821000000001", None, "Asia/Seoul")


def test_two_people_cannot_have_one_customer_id(editor: Client) -> None:
    person(external_id="C-1")
    other = person(phone="+821000000002")
    answer = editor.post(f"/profiles/{other.pk}/edit", {"phone": other.phone, "external_id": "C-1"})
    assert answer.status_code == 422
    assert "Somebody else has this customer ID." in said(answer)


def test_consent_is_recorded_with_how_and_what_was_read(editor: Client) -> None:
    who = person()
    form = {"state": "subscribed", "channel": "text", "purposes": ["promotional", "night"], "source": "Call"}
    assert "Consent needs its wording" in said(editor.post(f"/profiles/{who.pk}/consent", form))
    editor.post(f"/profiles/{who.pk}/consent", form | {"wording": "Offers by text, at night too"})
    assert set(Consent.objects.values_list("purpose", "state")) == {
        ("promotional", "subscribed"),
        ("night", "subscribed"),
    }
    page = said(editor.get(f"/profiles/{who.pk}"))
    assert "Agreed to Text message: Advertising, Advertising at night (Korea)" in page
    assert "Offers by text, at night too" in page
    assert "Console · Call · editor person" in page
    assert actions() == ["profiles.set_consent"]


def test_an_older_decision_does_not_overrule_a_newer_one(editor: Client) -> None:
    who = person()
    form = {"state": "unsubscribed", "channel": "text", "purposes": ["promotional"], "source": "Call"}
    editor.post(f"/profiles/{who.pk}/consent", form)
    late = form | {"state": "subscribed", "wording": "x", "at": "2025-01-01T10:00"}
    page = said(editor.post(f"/profiles/{who.pk}/consent", late, follow=True))
    assert "a later decision stands" in page
    assert Consent.objects.get().state == "unsubscribed"


def test_a_number_is_blocked_and_the_block_lifted(editor: Client) -> None:
    who = person()
    editor.post(f"/profiles/{who.pk}/suppress", {"source": "Asked by email"})
    page = said(editor.get(f"/profiles/{who.pk}"))
    assert "Nothing is sent to this number" in page
    assert "Asked by email" in page
    editor.post(f"/profiles/{who.pk}/unsuppress")
    assert Suppression.objects.get().lifted_at is not None
    assert actions() == ["profiles.suppress", "profiles.unsuppress"]


def test_the_timeline_tells_what_was_sent_skipped_answered_and_why(editor: Client) -> None:
    who, now = person(), timezone.now()
    account = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    sender = Sender.objects.create(
        account=account, address="0212345678", name="달빛상점", kind="long_code", country="KR"
    )
    spring = Campaign.objects.create(key="spring", name="Spring sale", text="x")
    summer = Campaign.objects.create(key="summer", name="Summer sale", text="x")
    Message.objects.create(
        id=1, campaign_id=spring.pk, profile_id=who.pk, sender_id=sender.pk, phone=who.phone, country="KR", kind=1,
        encoding=3, parts=1, amount=12000, send_after=now - timedelta(hours=3), text="봄 세일 안내",
    )  # fmt: skip
    MessageEvent.objects.create(message_id=1, kind=1, at=now - timedelta(hours=3))
    MessageEvent.objects.create(message_id=1, kind=3, at=now - timedelta(hours=2), reason="unreachable")
    Skip.objects.create(
        campaign_id=summer.pk, profile_id=who.pk, reason=SkipReason.RECENTLY_MESSAGED, at=now - timedelta(hours=1)
    )
    Inbound.objects.create(sender=sender, phone=who.phone, profile_id=who.pk, text="언제까지인가요?", at=now)
    page = said(editor.get(f"/profiles/{who.pk}"))
    order = [page.index(text) for text in ("언제까지인가요?", "Summer sale", "Spring sale", "봄 세일 안내")]
    assert order == sorted(order)
    for text in ("No message: Recently messaged", "shorten the window", "Phone unreachable", "Wrote to 달빛상점"):
        assert text in page


def test_the_timeline_goes_on_where_a_page_ended(editor: Client) -> None:
    who, now = person(), timezone.now()
    campaign = Campaign.objects.create(key="c", name="C", text="x")
    for n in range(25):
        Skip.objects.create(campaign_id=campaign.pk, profile_id=who.pk, reason=1, at=now - timedelta(days=n))
    page = said(editor.get(f"/profiles/{who.pk}"))
    assert page.count("No message") == 20
    address = f"{who.pk}?before=" + page.split("?before=")[1].split('"')[0].replace("&amp;", "&")
    rest = said(editor.get(f"/profiles/{address}", headers={"HX-Request": "true"}))
    assert rest.count("No message") == 5
    assert "<html" not in rest
    assert "Show earlier" not in rest


def test_a_forgotten_person_leaves_no_trace_of_who_it_was(client: Client) -> None:
    admin, who = logged_in(client, Role.ADMIN), person(email="minji@shop.example")
    admin.post(f"/profiles/{who.pk}/erase")
    who.refresh_from_db()
    assert (who.phone, who.email, who.first_name) == ("", "", "")
    assert "A forgotten person" in said(admin.get(f"/profiles/{who.pk}"))
    entry = AuditEntry.objects.get(action="profile.erase")
    assert "민지" not in f"{entry.label}{entry.changes}"


# ── roles and empty pages ────────────────────────────────────────────────────────────────────────────────────────────


def test_viewers_see_everything_and_change_nothing(client: Client) -> None:
    viewer, made, who = logged_in(client, Role.VIEWER), lists.create_list("VIP"), person()
    lists.add_members(made, [who.pk])
    for path in ("/profiles/", f"/profiles/{who.pk}", "/lists/", "/lists/vip", "/imports/"):
        page = said(viewer.get(path))
        assert "/edit" not in page
        assert "/imports/new" not in page
    changes = ["/lists/new", "/lists/vip/edit", "/lists/vip/archive", "/lists/vip/add", "/lists/vip/export"]
    changes += ["/profiles/new", "/imports/new"]
    changes += [f"/profiles/{who.pk}/{verb}" for verb in ("edit", "consent", "suppress", "unsuppress", "erase")]
    assert {viewer.post(path).status_code for path in changes} == {403}


def test_only_admins_forget_people(editor: Client) -> None:
    who = person()
    assert editor.post(f"/profiles/{who.pk}/erase").status_code == 403
    assert "Forget this person" not in said(editor.get(f"/profiles/{who.pk}"))


@pytest.mark.parametrize(
    ("path", "sentence"),
    [("/profiles/", "You know nobody yet"), ("/lists/", "No lists yet"), ("/imports/", "No imports yet")],
)
def test_an_empty_page_says_what_would_be_here_and_what_to_do(editor: Client, path: str, sentence: str) -> None:
    page = said(editor.get(path))
    assert sentence in page
    assert "/imports/new" in page


def test_the_pages_are_in_korean_too(editor: Client) -> None:
    editor.cookies["django_language"] = "ko"
    who = person()
    assert "활동 내역" in said(editor.get(f"/profiles/{who.pk}"))
    assert "연락처 가져오기" in said(editor.get("/profiles/"))
