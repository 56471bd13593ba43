"""A campaign by API alone, on the real engines: draft, review, launch, results."""

import csv
import io
from datetime import timedelta

import pytest
from django.utils import timezone

from pabal.accounts.keys import Scope
from pabal.accounts.models import AuditEntry
from pabal.campaigns.models import Campaign, Plan, PlanMode
from pabal.delivery.models import EventKind, MessageEvent
from tests.accounts import people
from tests.api.conftest import Call, caller
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.shop import Shop

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]


def test_a_draft_is_made_changed_copied_and_thrown_away(call: Call) -> None:
    call("POST", "/lists", {"name": "Members", "key": "members"})
    draft = {"name": "봄 세일", "include_lists": ["members"], "text": "안녕하세요", "per_minute": 600}
    made = call("POST", "/campaigns", draft)
    assert made.status_code == 201
    assert (made.data["key"], made.data["state"], made.data["include_lists"]) == ("campaign-1", "draft", ["members"])
    changed = call("PATCH", "/campaigns/campaign-1", {"text": "반갑습니다", "hours_to": "21:00", "include_lists": []})
    assert (changed.data["version"], changed.data["per_minute"], changed.data["include_lists"]) == (2, 600, [])
    entry = AuditEntry.objects.filter(action="campaign.edit").get()
    assert entry.changes["text"] == ["안녕하세요", "반갑습니다"]
    assert entry.changes["include_lists"] == [["members"], []]
    copy = call("POST", "/campaigns/campaign-1/duplicate").data
    assert (copy["text"], copy["state"]) == ("반갑습니다", "draft")
    assert call("DELETE", f"/campaigns/{copy['key']}").status_code == 204
    assert [c["key"] for c in call("GET", "/campaigns?state=draft&q=봄").data["data"]] == ["campaign-1"]


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"name": " "}, "name_missing", "name"),
        ({"name": "x", "key": "Not A Key"}, "bad_key", "key"),
        ({"name": "x", "include_lists": ["nothing"]}, "not_found", None),
        ({"name": "x", "senders": [99]}, "unknown_entry", "senders"),
        ({"name": "x", "per_minute": 0}, "out_of_range", "per_minute"),
        ({"name": "x", "purpose": "night"}, "unknown_choice", "purpose"),
        ({"name": "x", "starts_at": "2026-12-01T10:00:00"}, "invalid_input", "starts_at"),
        ({"name": "x", "audience": []}, "invalid_input", "audience"),
    ],
)
def test_an_impossible_draft_says_why(call: Call, body: dict[str, object], code: str, field: str | None) -> None:
    error = call("POST", "/campaigns", body).data["error"]
    assert (error["code"], error["field"]) == (code, field)
    assert not Campaign.objects.exists()


def test_what_is_missing_is_named_before_a_review(call: Call) -> None:
    call("POST", "/campaigns", {"name": "x", "key": "x"})
    assert {p["code"] for p in call("GET", "/campaigns/x/problems").data} == {
        "no_audience",
        "no_sender",
        "text_missing",
    }
    assert call("POST", "/campaigns/x/reviews").data["error"]["code"] == "no_audience"
    assert call("POST", "/campaigns/x/launch", {"expected_messages": 0}).status_code == 422
    assert call("POST", "/campaigns/x/pause").data["error"]["code"] == "wrong_state"


@pytest.mark.django_db(transaction=True)
def test_a_campaign_from_draft_to_results(shop: Shop) -> None:
    call = caller(people.key(*Scope.values))
    shop.people(5, first_name="지민")
    refuser = shop.person("+821000009999", subscribed=False)
    made = call(
        "POST",
        "/campaigns",
        {
            "name": "Spring", "key": "spring", "all_profiles": True, "senders": [shop.korean.pk], "smart_hours": None,
            "text": "{{ first_name|default('고객') }}님, 봄 할인", "hours_from": "00:00", "hours_to": "00:00", "quiet_hours": "hold", "timeout_minutes": 2_880,
        },
    )  # fmt: skip
    assert made.status_code == 201
    review = call("POST", "/campaigns/spring/reviews")
    assert review.status_code == 202
    shop.carry_out(Plan.objects.get(pk=review.data["id"]))
    plan = call("GET", f"/plans/{review.data['id']}").data
    assert plan["state"] == "done"
    assert plan["summary"]["messages"] == 5

    refused = call("POST", "/campaigns/spring/launch", {"expected_messages": 4}, idempotency="go")
    assert (refused.status_code, refused.data["error"]["code"]) == (409, "expected_messages_differ")
    launched = call("POST", "/campaigns/spring/launch", {"expected_messages": 5}, idempotency="go")
    assert launched.data["state"] == "planning"
    repeated = call("POST", "/campaigns/spring/launch", {"expected_messages": 5}, idempotency="go")
    assert repeated.content == launched.content
    assert call("POST", "/campaigns/spring/launch", {"expected_messages": 5}).data["error"]["code"] == "wrong_state"
    shop.carry_out(Plan.objects.get(mode=PlanMode.SEND))
    assert call("GET", "/campaigns/spring").data["state"] == "sending"

    messages = shop.messages(Campaign.objects.get())
    happened = timezone.now()
    MessageEvent.objects.bulk_create(
        [MessageEvent(message_id=m.pk, kind=EventKind.ACCEPTED, at=happened) for m in messages[:2]]
        + [
            MessageEvent(message_id=messages[0].pk, kind=EventKind.DELIVERED, at=happened + timedelta(seconds=2)),
            MessageEvent(
                message_id=messages[1].pk, kind=EventKind.FAILED, at=happened, reason="unreachable", code="27"
            ),
        ]
    )
    first = call("GET", "/campaigns/spring/messages?limit=3").data
    second = call("GET", f"/campaigns/spring/messages?limit=3&cursor={first['next_cursor']}").data
    listed = first["data"] + second["data"]
    assert [m["id"] for m in listed] == [m.pk for m in messages]
    assert second["next_cursor"] is None
    assert [m["state"] for m in listed][:3] == ["delivered", "failed", "waiting"]
    assert [e["kind"] for e in listed[0]["events"]] == ["accepted", "delivered"]
    assert listed[1]["events"][1] | {"at": None} == {
        "kind": "failed", "at": None, "reason": "unreachable", "reason_label": listed[1]["events"][1]["reason_label"],
        "code": "27", "provider_ref": None,
    }  # fmt: skip
    assert [m["id"] for m in call("GET", "/campaigns/spring/messages?show=failed").data["data"]] == [messages[1].pk]
    assert call("GET", f"/messages/{messages[0].pk}").data == listed[0]

    skipped = call("GET", "/campaigns/spring/skips?reason=not_subscribed").data["data"]
    assert [s["profile_id"] for s in skipped] == [refuser.pk]
    assert call("GET", "/campaigns/spring/skips?reason=bad_luck").data["error"]["code"] == "unknown_skip_reason"
    history = call("GET", f"/profiles/{refuser.pk}/history").data["data"]
    assert [(m["kind"], m["details"]["reason"]) for m in history] == [("skip", "not_subscribed")]

    export = call("GET", "/campaigns/spring/messages.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(export.streaming_content).decode("utf-8-sig"))))
    assert [row["state"] for row in rows] == ["delivered", "failed", "waiting", "waiting", "waiting", "skipped"]
    assert rows[5]["reason"] == "not_subscribed"

    results = call("GET", "/campaigns/spring/results").data
    assert (results["planned"], results["audience"]) == (5, 6)
    assert results["skips"] == [{"reason": "not_subscribed", "profiles": 1}]
    assert call("POST", "/campaigns/spring/pause").data["state"] == "paused"
    assert call("POST", "/campaigns/spring/resume").data["state"] == "sending"
    assert call("POST", "/campaigns/spring/end").data["state"] == "ended"
    assert [e.action for e in AuditEntry.objects.filter(object_type="campaign").order_by("id")] == [
        "campaign.create", "campaign.review", "campaign.launch", "campaign.export", "campaign.pause", "campaign.resume", "campaign.end",
    ]  # fmt: skip
