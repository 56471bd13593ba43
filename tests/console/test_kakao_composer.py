"""The composer: what its form says, what its buttons do, what is kept and what is refused."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pabal.accounts.audit import Actor
from pabal.accounts.models import AuditEntry, Role
from pabal.audience.models import List, Profile
from pabal.campaigns import actions
from pabal.campaigns.kakao_problems import kakao_problems
from pabal.campaigns.models import Campaign
from pabal.delivery.channels import add_sandbox_channel
from pabal.delivery.models import Image, Sender
from pabal.processes import demo_kakao
from tests.accounts.people import someone
from tests.console.pictures import jpeg
from tests.console.sent import sender

pytestmark = pytest.mark.django_db


@pytest.fixture
def channel() -> Sender:
    return add_sandbox_channel(name="달빛상점", by=Actor(name="tests"))


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(someone(Role.EDITOR))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def draft(channel: Sender) -> Campaign:
    Profile.objects.create(external_id="C1", phone="+821000000001", first_name="지우", country="KR")
    return actions.create(by=None, name="가을", key="fall", channel="kakao", senders=[channel])


def form(draft: Campaign, **fields: str) -> dict[str, str]:
    base = {"m.preset": "brand_message", "m.layout": "text", "m.ad": "on", "senders": str(draft.senders.get().pk)}
    return base | fields


def said(answer: object) -> str:
    return answer.content.decode()  # type: ignore[attr-defined]


def test_a_new_campaign_can_be_for_kakaotalk(editor: Client, channel: Sender) -> None:
    editor.post("/campaigns/new", {"name": "가을", "key": "fall", "channel": "kakao"})
    made = Campaign.objects.get()
    assert made.channel == "kakao"
    assert (f"{made.hours_from:%H:%M}", f"{made.hours_to:%H:%M}") == ("08:00", "20:50")
    page = said(editor.get("/campaigns/fall/message"))
    assert "Wide item list" in page
    assert "m.text" in page


def test_what_is_typed_is_kept_as_one_goes(editor: Client, draft: Campaign) -> None:
    data = form(
        draft, **{"m.text": "안녕하세요", "m.buttons.0.kind": "WL", "m.buttons.0.name": "보러 가기", "do": "save"}
    )
    assert editor.post("/campaigns/fall/message", data).status_code == 204
    draft.refresh_from_db()
    assert draft.kakao["text"] == "안녕하세요"
    assert draft.kakao["buttons"] == [{"name": "보러 가기"}]
    assert AuditEntry.objects.filter(action="campaign.edit").count() == 1
    editor.post("/campaigns/fall/message", data)
    assert AuditEntry.objects.filter(action="campaign.edit").count() == 1, "nothing changed, nothing is written"


def test_buttons_are_added_moved_and_removed(editor: Client, draft: Campaign) -> None:
    data = form(
        draft, **{"m.text": "x", "m.buttons.0.name": "하나", "m.buttons.1.name": "둘", "do": "move:buttons:1:0"}
    )
    page = said(editor.post("/campaigns/fall/message", data))
    assert page.index('value="둘"') < page.index('value="하나"')
    draft.refresh_from_db()
    assert [b["name"] for b in draft.kakao["buttons"]] == ["둘", "하나"]
    editor.post("/campaigns/fall/message", data | {"do": "remove:buttons.0"})
    draft.refresh_from_db()
    assert [b["name"] for b in draft.kakao["buttons"]] == ["둘"]
    assert "m.coupon.kind" in said(editor.post("/campaigns/fall/message", data | {"do": "add:coupon"}))


def test_the_counter_counts_what_a_person_reads(editor: Client, draft: Campaign) -> None:
    data = form(draft, **{"m.text": "{{ first_name|default('고객') }}님"})
    page = said(editor.post("/campaigns/fall/kakao", data))
    assert "지우님" in page
    assert "<strong>3</strong> / 1,300" in page


def test_too_long_is_said_beside_the_field_at_once(editor: Client, draft: Campaign) -> None:
    data = form(draft, **{"m.layout": "wide", "m.text": "가" * 77})
    page = said(editor.post("/campaigns/fall/kakao", data))
    assert "77 characters; at most 76." in page
    assert "Fill this in." not in page, "what is missing is said only when one goes on"
    assert "Fill this in." in said(editor.post("/campaigns/fall/message", data))


@pytest.mark.parametrize(
    "layout",
    ["text", "image", "wide", "wide_item_list", "carousel_feed", "commerce", "carousel_commerce", "video"],
)
def test_every_layout_can_be_chosen_and_drawn(editor: Client, draft: Campaign, layout: str) -> None:
    data = form(draft, **{"m.text": "가을 신상품", "do": f"layout:{layout}"})
    answer = editor.post("/campaigns/fall/message", data)
    assert answer.status_code == 200
    assert f'data-layout="{layout}"' in said(answer)
    draft.refresh_from_db()
    assert draft.kakao["layout"] == layout
    assert editor.get("/campaigns/fall/message").status_code == 200
    assert editor.post("/campaigns/fall/kakao", {}).status_code == 200


def test_what_a_layout_cannot_hold_is_named_and_comes_back(editor: Client, draft: Campaign) -> None:
    data = form(
        draft, **{"m.text": "본문", "m.buttons.0.kind": "BK", "m.buttons.0.name": "상담", "do": "layout:commerce"}
    )
    page = said(editor.post("/campaigns/fall/message", data))
    assert "The new layout has no place for these" in page
    assert "Text" in page
    draft.refresh_from_db()
    assert "text" not in draft.kakao
    back = {"m.preset": "brand_message", "m.layout": "commerce", "m.product.here": "1", "do": "layout:text"}
    assert "본문" in said(editor.post("/campaigns/fall/message", form(draft, **back)))


def test_a_picture_is_taken_judged_and_shown(editor: Client, draft: Campaign) -> None:
    place = {"path": "image", "layout": "image", "preset": "brand_message"}
    made = editor.post("/kakao/pictures", place | {"file": jpeg()})
    assert made.status_code == 200, said(made)
    assert editor.get(made.json()["url"]).headers["content-type"] == "image/jpeg"
    narrow = editor.post("/kakao/pictures", place | {"file": jpeg(400, 200)})
    assert narrow.status_code == 422
    assert "at least 500" in narrow.json()["message"]
    broken = SimpleUploadedFile("x.jpg", b"no image")
    assert editor.post("/kakao/pictures", place | {"file": broken}).status_code == 422
    assert Image.objects.filter(width=800).exists()


def test_next_needs_a_whole_message(editor: Client, draft: Campaign) -> None:
    assert editor.post("/campaigns/fall/message", form(draft)).status_code == 422
    answer = editor.post("/campaigns/fall/message", form(draft, **{"m.text": "안녕하세요"}))
    assert answer.status_code == 302
    assert answer.headers["location"].endswith("/campaigns/fall/sending")


def test_channels_are_connected_and_tested(client: Client) -> None:
    client.force_login(someone(Role.ADMIN))
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert "Try with the sandbox" in said(client.get("/channels/"))
    client.post("/channels/sandbox")
    made = Sender.objects.get()
    assert made.kind == "kakao_channel"
    page = said(client.get("/channels/"))
    assert "@sandbox" in page
    assert "60,000" in page
    values = {"name": "별빛", "address": "star", "sender_key": "k", "throughput": "50", "friends": "70000"}
    answer = client.post(f"/channels/{made.pk}", values, follow=True)
    assert "is connected" in said(answer)
    made.refresh_from_db()
    assert (made.name, made.address, made.settings["friends"]) == ("별빛", "@star", 70_000)
    wrong = client.post(f"/channels/{made.pk}", values | {"address": "@x y"})
    assert wrong.status_code == 422
    assert "The search id begins with @" in said(wrong)


SENDING = {
    "timing": "now", "timeout_hours": "4", "hours_from": "08:00", "hours_to": "20:50", "quiet_hours": "hold",
    "target": "I", "fallback": "off",
}  # fmt: skip


def test_the_sending_step_keeps_target_hours_and_the_text_instead(editor: Client, draft: Campaign) -> None:
    number = sender()
    page = said(editor.get("/campaigns/fall/sending"))
    assert "Where KakaoTalk does not reach" in page
    data = SENDING | {
        "target": "M", "fallback": "ours", "fallback_text": "가을 니트", "fallback_senders": str(number.pk),
        "again": "on", "again_every": "2", "again_unit": "days",
    }  # fmt: skip
    answer = editor.post("/campaigns/fall/sending", data)
    assert answer.status_code == 302, said(answer)
    draft.refresh_from_db()
    assert (draft.target, draft.fallback, draft.fallback_text, draft.reentry_minutes) == (
        "M",
        "ours",
        "가을 니트",
        2880,
    )
    assert list(draft.fallback_senders.all()) == [number]
    measured = said(editor.post("/campaigns/fall/fallback", data))
    assert "(광고)" in measured
    assert "SMS" in measured


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hours_to": "21:00"}, "KakaoTalk delivers between 08:00 and 20:50 only."),
        ({"fallback": "ours"}, "Write the text."),
        ({"again": "on", "again_every": ""}, "Say after how long."),
    ],
    ids=["late", "no text", "no interval"],
)
def test_the_sending_step_says_what_is_wrong(
    editor: Client, draft: Campaign, change: dict[str, str], sentence: str
) -> None:
    answer = editor.post("/campaigns/fall/sending", SENDING | change)
    assert answer.status_code == 422
    assert sentence in said(answer)


def test_people_who_are_no_friends_need_a_large_channel(editor: Client, draft: Campaign, channel: Sender) -> None:
    channel.settings = {**channel.settings, "friends": 49_999}
    channel.save()
    answer = editor.post("/campaigns/fall/sending", SENDING | {"target": "N"})
    assert "has 49,999 friends; this needs 50,000." in said(answer)


def test_the_review_names_what_is_wrong_and_leads_to_the_field(editor: Client, draft: Campaign) -> None:
    kakao = {"preset": "brand_message", "layout": "text", "ad": True, "text": "x", "buttons": [{"name": "보기"}]}
    actions.edit(draft, by=None, all_profiles=True, kakao=kakao)
    page = said(editor.get("/campaigns/fall/review"))
    assert "Mobile link: Fill this in." in page
    assert "/campaigns/fall/message#m-buttons-0-mobile" in page


def test_a_copy_keeps_the_message(editor: Client, draft: Campaign) -> None:
    kakao = {"preset": "brand_message", "layout": "text", "ad": True, "text": "x"}
    actions.edit(draft, by=None, kakao=kakao, target="M", reentry_minutes=60)
    copy = actions.duplicate(draft, by=None)
    assert (copy.channel, copy.kakao, copy.target, copy.reentry_minutes) == ("kakao", kakao, "M", 60)
    assert list(copy.senders.all()) == list(draft.senders.all())


def test_the_sample_shop_has_a_draft_that_is_whole(draft: Campaign) -> None:
    everyone = List.objects.create(key="everyone", name="Everyone")
    made = demo_kakao.fill(someone(Role.ADMIN, "demo@pabal.example"), sender(), everyone)
    assert [p.code for p in kakao_problems(made)] == []
    assert demo_kakao.fill(someone(Role.ADMIN, "two@pabal.example"), sender("twilio"), everyone) == made


def test_channels_stand_apart_from_numbers(client: Client, channel: Sender) -> None:
    client.force_login(someone(Role.ADMIN))
    assert client.get(f"/senders/{channel.pk}").headers["location"] == f"/channels/{channel.pk}"
    assert 'value="kakao_channel"' not in said(client.get("/senders/new"))
