import pytest

from pabal.accounts.models import AuditEntry
from pabal.audience.models import Consent, ConsentEvent, Profile, Suppression
from tests.api.conftest import Call


@pytest.fixture
def people(db: None) -> list[Profile]:
    return [
        Profile.objects.create(
            external_id="c-1", phone="+821000000001", first_name="지민", last_name="김", country="KR"
        ),
        Profile.objects.create(
            external_id="c-2", phone="+821000000002", first_name="서연", last_name="이", country="KR"
        ),
        Profile.objects.create(phone="+12025550101", first_name="Ann", last_name="Lee", country="US"),
    ]


def test_people_are_found_by_id_external_id_phone_and_name(call: Call, people: list[Profile]) -> None:
    def found(query: str) -> list[int]:
        return [row["id"] for row in call("GET", f"/profiles?{query}").data["data"]]

    assert found("external_id=c-2") == [people[1].pk]
    assert found("phone=010-0000-0001") == [people[0].pk]
    assert found("q=김지민") == [people[0].pk]
    assert found("q=0002") == [people[1].pk]
    assert found("") == [people[2].pk, people[1].pk, people[0].pk]
    assert call("GET", f"/profiles/{people[0].pk}").data["first_name"] == "지민"
    assert call("GET", "/profiles/999999").status_code == 404


def test_consent_is_set_with_its_evidence_and_a_later_refusal_wins(call: Call, people: list[Profile]) -> None:
    body = {"external_ids": ["c-1", "c-2", "nobody"], "state": "subscribed", "source": "sign-up form"}
    given = call("POST", "/profiles/consent", {**body, "wording": "동의합니다", "at": "2026-03-02T10:00:00+09:00"})
    assert given.data == {"changed": 2, "unknown": ["nobody"]}
    refused = {"phones": ["010-0000-0002"], "state": "unsubscribed", "source": "call centre"}
    assert call("POST", "/profiles/consent", refused).data["changed"] == 1
    again = {**body, "at": "2026-03-03T10:00:00+09:00"}
    assert call("POST", "/profiles/consent", again).data["changed"] == 0
    assert list(Consent.objects.order_by("profile_id").values_list("state", flat=True)) == [
        "subscribed",
        "unsubscribed",
    ]
    event = ConsentEvent.objects.order_by("id").first()
    assert event is not None
    assert event.statement is not None
    assert (event.method, event.source, event.statement.wording) == ("api", "sign-up form", "동의합니다")
    assert event.actor.startswith("Shop backend (pabal_")
    profile = call("GET", f"/profiles/{people[0].pk}").data
    assert [c["state"] for c in profile["consents"]] == ["subscribed"]
    history = call("GET", f"/profiles/{people[1].pk}/history").data["data"]
    assert [(m["kind"], m["details"]["state"]) for m in history] == [
        ("consent", "unsubscribed"),
        ("consent", "subscribed"),
    ]


def test_suppression_stops_a_phone_until_it_is_lifted(call: Call, people: list[Profile]) -> None:
    assert call("POST", "/profiles/suppress", {"profile_ids": [people[0].pk]}).data["changed"] == 1
    assert Suppression.objects.get().lifted_at is None
    assert call("POST", "/profiles/unsuppress", {"phones": ["+821000000001"]}).data["changed"] == 1
    assert Suppression.objects.get().lifted_at is not None


def test_a_person_is_forgotten(call: Call, people: list[Profile]) -> None:
    call("POST", "/profiles/consent", {"external_ids": ["c-1"], "state": "subscribed", "source": "x"})
    assert "지민" in str(list(AuditEntry.objects.values()))
    assert call("DELETE", f"/profiles/{people[0].pk}").status_code == 204
    assert call("GET", "/profiles?external_id=c-1").data["data"] == []
    assert "지민" not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"state": "subscribed", "source": "x"}, "nobody_named", None),
        ({"profile_ids": [1], "state": "maybe", "source": "x"}, "invalid_input", "state"),
        ({"profile_ids": [1], "state": "subscribed"}, "invalid_input", "source"),
        (
            {"profile_ids": [1], "state": "subscribed", "source": "x", "at": "2026-03-02T10:00:00"},
            "invalid_input",
            "at",
        ),
        ({"profile_ids": [1], "state": "subscribed", "source": "x", "sauce": "y"}, "invalid_input", "sauce"),
        ({"profile_ids": list(range(10_001)), "state": "subscribed", "source": "x"}, "invalid_input", "profile_ids"),
        (
            {"profile_ids": list(range(1, 9_001)), "external_ids": ["x"] * 1_001, "state": "subscribed", "source": "x"},
            "too_many",
            None,
        ),
    ],
)
def test_a_wrong_request_says_what_is_wrong(call: Call, body: dict[str, object], code: str, field: str | None) -> None:
    response = call("POST", "/profiles/consent", body)
    assert response.status_code == 422
    assert (response.data["error"]["code"], response.data["error"]["field"]) == (code, field)


def test_lists_are_made_renamed_filled_emptied_archived_and_restored(call: Call, people: list[Profile]) -> None:
    assert call("POST", "/lists", {"name": "VIP 고객"}).data["key"] == "vip-고객"
    assert call("POST", "/lists", {"name": "x", "key": "vip-고객"}).data["error"]["code"] == "key_taken"
    added = call("POST", "/lists/vip-고객/members", {"external_ids": ["c-1", "?"], "phones": ["+1 202 555 0101", "x"]})
    assert added.data == {"changed": 2, "size": 2, "unknown": ["?", "x"]}
    assert call("POST", "/lists/vip-고객/members", {"external_ids": ["c-1"]}).data["changed"] == 0
    members = call("GET", "/lists/vip-고객/members?limit=1").data
    rest = call("GET", f"/lists/vip-고객/members?limit=1&cursor={members['next_cursor']}").data
    assert [row["id"] for row in members["data"] + rest["data"]] == [people[0].pk, people[2].pk]
    assert rest["next_cursor"] is None
    removed = call("POST", "/lists/vip-고객/members/remove", {"external_ids": ["c-1"]})
    assert removed.data == {"changed": 1, "size": 1, "unknown": []}
    assert call("PATCH", "/lists/vip-고객", {"name": "VIP"}).data["name"] == "VIP"
    assert call("GET", f"/profiles/{people[2].pk}").data["lists"] == ["vip-고객"]
    assert call("DELETE", "/lists/vip-고객").status_code == 204
    assert call("GET", "/lists").data["data"] == []
    assert [row["key"] for row in call("GET", "/lists?archived=true").data["data"]] == ["vip-고객"]
    assert call("POST", "/lists/vip-고객/members", {"external_ids": ["c-1"]}).data["error"]["code"] == "list_archived"
    assert call("POST", "/lists/vip-고객/restore").data["archived_at"] is None
    actions = [e.action for e in AuditEntry.objects.filter(object_type="list").order_by("id")]
    assert actions == [
        "list.create", "list.add_members", "list.add_members", "list.remove_members", "list.edit", "list.archive",
        "list.restore",
    ]  # fmt: skip


def test_profiles_are_written_in_bulk_with_list_and_consent(call: Call) -> None:
    call("POST", "/lists", {"name": "Members", "key": "members"})
    consent = {"wording": "동의합니다", "source": "sign-up form", "collected_at": "2026-03-02T10:00:00+09:00"}
    rows = [
        {
            "external_id": "c-1",
            "phone": "010-0000-0001",
            "first_name": "지민",
            "properties": {"grade": "VIP", "age": 31},
        },
        {"external_id": "c-2", "phone": "12"},
        {"external_id": "c-3", "phone": "010-0000-0003", "nickname": "x"},
        {"external_id": "c-4", "phone": 1012345678},
    ]
    body = {"profiles": rows, "list_key": "members", "consent": consent}
    first = call("POST", "/profiles", body)
    assert first.status_code == 200
    counts = {name: first.data[name] for name in ("created", "updated", "unchanged", "refused", "subscribed")}
    assert counts == {"created": 1, "updated": 0, "unchanged": 0, "refused": 3, "subscribed": 1}
    assert [r["outcome"] for r in first.data["results"]] == ["created", "refused", "refused", "refused"]
    assert [r["field"] for r in first.data["results"][1:]] == ["phone", "nickname", "phone"]
    profile = call("GET", f"/profiles/{first.data['results'][0]['profile_id']}").data
    assert (profile["phone"], profile["lists"]) == ("+821000000001", ["members"])
    assert [c["state"] for c in profile["consents"]] == ["subscribed"]
    again = call("POST", "/profiles", {"profiles": [{"external_id": "c-1", "properties": {"grade": None}}]})
    assert again.data["updated"] == 1
    assert call("GET", f"/profiles/{profile['id']}").data["properties"] == {"age": 31}
    assert AuditEntry.objects.filter(action="profiles.upsert").count() == 2


def test_ten_thousand_profiles_are_one_request_and_more_are_too_many(call: Call) -> None:
    rows = [{"external_id": f"c-{n}", "phone": f"010-0000-{n:04d}"} for n in range(10_000)]
    assert call("POST", "/profiles", {"profiles": rows}).data["created"] == 10_000
    assert call("POST", "/profiles", {"profiles": [*rows, {"external_id": "x"}]}).status_code == 422
    huge = [{"external_id": f"c-{n}", "properties": {"x": "y" * 3000}} for n in range(8_000)]
    refused = call("POST", "/profiles", {"profiles": huge})
    assert (refused.status_code, refused.data["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_what_cannot_be_stored_is_refused(call: Call, people: list[Profile], text: str) -> None:
    for path, body in [
        ("/lists", {"name": text}),
        ("/lists", {"name": "x", "description": text}),
        ("/profiles/suppress", {"external_ids": ["c-1"], "source": text}),
        ("/profiles/suppress", {"external_ids": [text]}),
    ]:
        response = call("POST", path, body)
        assert response.status_code == 422, (path, response.data)
