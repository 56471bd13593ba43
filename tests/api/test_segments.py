"""Segments by API alone, on the real engines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

from pabal.accounts.keys import Scope
from pabal.accounts.models import AuditEntry
from pabal.audience.models import List, ListMember, Profile, SegmentSize
from pabal.campaigns import list_making, segment_sizes
from tests.accounts import people
from tests.api.conftest import Call, caller
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.segments import called, country, engine, group, in_segment, on_list
from tests.campaigns.shop import Shop

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]

EVERYBODY = group("all")


@pytest.fixture
def api(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """The API beside an engine that answers."""
    monkeypatch.setattr("pabal.campaigns.questions.engine_runs", lambda: True)  # it holds no leader's lock here
    monkeypatch.setattr("pabal.campaigns.segment_csv.engine_runs", lambda: True)
    with engine(shop.synchroniser, shop.dsn):
        yield caller(people.key(*Scope.values))


def test_a_segment_is_made_changed_copied_archived_and_brought_back(call: Call) -> None:
    made = call("POST", "/segments", {"name": "서울 단골", "condition": country("KR")})
    assert (made.status_code, made.data["key"], made.data["version"]) == (201, "서울-단골", 1)
    changed = call("PATCH", "/segments/서울-단골", {"condition": country("US"), "expected_version": 1})
    assert (changed.data["version"], changed.data["condition"]["value"]) == (2, "US")
    history = AuditEntry.objects.get(action="segment.edit").changes
    assert [condition["value"] for condition in history["condition"]] == ["KR", "US"]
    late = call("PATCH", "/segments/서울-단골", {"condition": EVERYBODY, "expected_version": 1})
    assert (late.status_code, late.data["error"]["code"]) == (409, "segment_changed")
    assert call("PATCH", "/segments/서울-단골", {"name": "VIP"}).data["version"] == 2
    copy = call("POST", "/segments/서울-단골/duplicate").data
    assert (copy["key"], copy["name"], copy["condition"]) == ("서울-단골-2", "VIP (copy)", changed.data["condition"])
    assert call("DELETE", "/segments/서울-단골").status_code == 204
    assert [s["key"] for s in call("GET", "/segments").data["data"]] == ["서울-단골-2"]
    assert [s["key"] for s in call("GET", "/segments?archived=true").data["data"]] == ["서울-단골"]
    assert call("POST", "/segments/서울-단골/restore").data["archived_at"] is None


@pytest.mark.parametrize(
    ("condition", "code", "where"),
    [
        ({"type": "purchase"}, "invalid_condition", "$.type"),
        (group("all", country("KR"), {"type": "list", "lists": []}), "invalid_condition", "$.conditions[1].lists"),
        (on_list("gone"), "unknown_list", None),
        (in_segment("gone"), "unknown_segment", None),
        ({"type": "message", "what": "clicked", "campaigns": ["gone"]}, "unknown_campaign", None),
    ],
)
def test_what_is_wrong_with_a_condition_is_said(call: Call, condition: object, code: str, where: str | None) -> None:
    for path, body in (
        ("/segments", {"name": "x", "condition": condition}),
        ("/segments/count", {"condition": condition}),
    ):
        error = call("POST", path, body).data["error"]
        assert (error["code"], error["field"]) == (code, "condition")
        assert [problem["path"] for problem in error["details"].get("problems", [])] == ([where] if where else [])


def test_a_segment_cannot_contain_itself(call: Call) -> None:
    call("POST", "/segments", {"name": "a", "condition": EVERYBODY})
    call("POST", "/segments", {"name": "b", "condition": in_segment("a")})
    for condition in (in_segment("a"), group("none", in_segment("b"))):
        assert call("PATCH", "/segments/a", {"condition": condition}).data["error"]["code"] == "segment_cycle"


def test_a_segment_in_use_stays(call: Call) -> None:
    call("POST", "/segments", {"name": "a", "condition": EVERYBODY})
    call("POST", "/segments", {"name": "b", "condition": in_segment("a")})
    call("POST", "/campaigns", {"name": "봄", "key": "spring", "exclude_segments": ["a"]})
    assert call("GET", "/segments/a/usage").data == {
        "campaigns": [{"key": "spring", "name": "봄", "state": "draft", "excludes": True}],
        "segments": ["b"],
    }
    refused = call("DELETE", "/segments/a")
    assert (refused.status_code, refused.data["error"]["code"]) == (409, "segment_in_use")
    assert refused.data["error"]["details"] == {"used_in": ["b", "봄"]}
    call("DELETE", "/segments/b")
    call("PATCH", "/campaigns/spring", {"exclude_segments": []})
    assert call("DELETE", "/segments/a").status_code == 204


def test_campaigns_name_their_segments_by_key(call: Call) -> None:
    call("POST", "/segments", {"name": "a", "condition": EVERYBODY})
    made = call("POST", "/campaigns", {"name": "x", "key": "x", "include_segments": ["a"]}).data
    assert (made["include_segments"], made["exclude_segments"]) == (["a"], [])
    assert call("POST", "/campaigns", {"name": "y", "include_segments": ["gone"]}).status_code == 404
    call("DELETE", "/campaigns/x")
    call("DELETE", "/segments/a")
    assert call("POST", "/campaigns", {"name": "z", "include_segments": ["a"]}).data["error"]["code"] == "unknown_entry"


@pytest.mark.django_db(transaction=True)
def test_people_are_counted_sampled_and_listed(api: Call, shop: Shop) -> None:
    ids = [shop.person(f"+82100000000{n}", first_name="민준", properties={"n": n}).pk for n in range(3)]
    other = shop.person("+12125550101")
    shop.synchroniser.run_once()
    tree = group("all", country("KR"), called("민준"))
    found = api("POST", "/segments/count", {"condition": tree}).data
    assert (found["people"], found["reachable"]) == (3, 3)
    assert [(part["path"], part["change"]) for part in found["parts"]] == [([], 0), ([0], -1), ([1], 0)]
    api("POST", "/segments", {"name": "m", "condition": tree})
    assert api("GET", "/segments/m/count").data["people"] == 3
    sample = api("GET", "/segments/m/sample?limit=2").data
    assert [one["values"] for one in sample] == [{"country": "KR", "first_name": "민준"}] * 2
    first = api("GET", "/segments/m/members?limit=2").data
    second = api("GET", f"/segments/m/members?limit=2&cursor={first['next_cursor']}").data
    assert [one["id"] for one in first["data"] + second["data"]] == ids
    assert second["next_cursor"] is None
    assert api("GET", f"/profiles/{ids[0]}/segments").data == ["m"]
    assert api("GET", f"/profiles/{other.pk}/segments").data == []


@pytest.mark.django_db(transaction=True)
def test_members_as_csv_are_safe_in_a_spreadsheet(api: Call, shop: Shop) -> None:
    shop.person("+821012345678", external_id="=cmd()", first_name="민준", last_name="+김", properties={"등급": "-1"})
    shop.person("+12125550101", subscribed=False)
    api("POST", "/segments", {"name": "all", "condition": EVERYBODY})
    from pabal.audience.models import Property

    Property.objects.create(name="등급", kind="text")
    shop.synchroniser.run_once()
    response = api("GET", "/segments/all/members.csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    heading, first, second = csv.reader(io.StringIO(text))
    assert heading[1:3] + heading[-2:] == ["Customer ID", "Phone", "Consent", "등급"]
    assert first[1:5] + first[-2:] == ["'=cmd()", "010-1234-5678", "'+김", "민준", "yes", "'-1"]
    assert second[1:3] + second[-2:] == ["", "'+12125550101", "", ""]
    assert AuditEntry.objects.get(action="segment.export").changes == {"people": 2}


@pytest.mark.django_db(transaction=True)
def test_a_list_is_made_from_a_segment(api: Call, shop: Shop) -> None:
    people_ids = [person.pk for person in shop.people(5)]
    shop.person("+12125550101")
    api("POST", "/segments", {"name": "Koreans", "key": "kr", "condition": country("KR")})
    job = api("POST", "/segments/kr/list", {"name": "Koreans in May", "key": "may"}).data
    assert (job["list"], job["state"], job["done"]) == ("may", "asked", 0)
    list_making.fill(job["id"], shop.synchroniser)
    list_making.fill(job["id"], shop.synchroniser)  # a second engine finds nothing to do
    done = api("GET", f"/list-jobs/{job['id']}").data
    assert (done["state"], done["done"], done["total"], done["added"]) == ("answered", 5, 5, 5)
    made = List.objects.get(key="may")
    assert made.size == 5
    assert sorted(ListMember.objects.filter(list=made).values_list("profile_id", flat=True)) == people_ids
    Profile.objects.filter(pk=people_ids[0]).update(country="US")
    again = api("POST", "/segments/kr/list", {"into": "may"}).data
    list_making.fill(again["id"], shop.synchroniser)
    assert api("GET", f"/list-jobs/{again['id']}").data["added"] == 0
    assert List.objects.get(key="may").size == 5


@pytest.mark.django_db(transaction=True)
def test_a_list_goes_on_when_its_engine_was_killed(api: Call, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the people are on it; the next engine finds the job, counts again and adds the rest."""
    from pabal.audience import lists
    from pabal.campaigns import answers

    members = shop.people(6)
    api("POST", "/segments", {"name": "kr", "condition": country("KR")})
    job = api("POST", "/segments/kr/list", {"key": "half"}).data

    class Killed(BaseException):
        pass

    add = lists.add_members

    def killed(list_: List, ids: list[int]) -> int:
        if list_.size:
            raise Killed
        return add(list_, ids)

    monkeypatch.setattr(answers.Frozen.portions, "__defaults__", (3,))
    with monkeypatch.context() as patch:
        patch.setattr(lists, "add_members", killed)
        with pytest.raises(Killed):
            list_making.fill(job["id"], shop.synchroniser)
    assert List.objects.get(key="half").size == 3
    assert list_making.resume_lists() == 1
    list_making.fill(job["id"], shop.synchroniser)
    done = api("GET", f"/list-jobs/{job['id']}").data
    assert (done["state"], done["total"], done["added"]) == ("answered", 6, 3)
    assert List.objects.get(key="half").size == len(members)


@pytest.mark.django_db(transaction=True)
def test_a_list_from_a_broken_segment_says_so(api: Call, shop: Shop) -> None:
    api("POST", "/lists", {"name": "x", "key": "x"})
    api("POST", "/segments", {"name": "s", "condition": on_list("x")})
    job = api("POST", "/segments/s/list", {}).data
    List.objects.filter(key="x").update(key="y")
    list_making.fill(job["id"], shop.synchroniser)
    failed = api("GET", f"/list-jobs/{job['id']}").data
    assert (failed["state"], failed["error"]["code"]) == ("failed", "unknown_name")


@pytest.mark.django_db(transaction=True)
def test_growth_is_counted_by_the_hour_and_after_a_change(api: Call, shop: Shop) -> None:
    shop.people(2)
    api("POST", "/segments", {"name": "kr", "condition": country("KR")})
    shop.synchroniser.run_once()
    assert segment_sizes.count_due(shop.synchroniser)
    assert not segment_sizes.count_due(shop.synchroniser)
    assert api("GET", "/segments/kr").data["size"] == 2
    api("PATCH", "/segments/kr", {"condition": country("US")})
    assert segment_sizes.count_due(shop.synchroniser)
    assert [one["size"] for one in api("GET", "/segments/kr/growth").data["data"]] == [0, 2]
    assert SegmentSize.objects.count() == 2
    segment_sizes.thin()
    assert SegmentSize.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_the_overlap_of_a_campaign(api: Call, shop: Shop) -> None:
    members = shop.people(4)
    shop.list_of(members[:3], "some")
    shop.synchroniser.run_once()
    api("POST", "/segments", {"name": "all", "condition": EVERYBODY})
    api("POST", "/campaigns", {"name": "x", "key": "x", "include_segments": ["all"], "exclude_lists": ["some"]})
    found = api("GET", "/campaigns/x/overlap").data
    assert [found[name] for name in ("included", "excluded", "remaining", "reachable")] == [4, 3, 1, 1]
    assert found["pairs"] == [[0, 1, 3]]


@pytest.mark.django_db(transaction=True)
def test_a_count_without_an_engine_is_unavailable(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pabal.api.segment_people.PATIENCE", 0.05)
    refused = call("POST", "/segments/count", {"condition": EVERYBODY})
    assert (refused.status_code, refused.data["error"]["code"]) == (503, "engine_not_running")


@pytest.mark.django_db(transaction=True)
def test_a_count_needs_only_a_key_that_reads(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pabal.api.segment_people.PATIENCE", 0.05)
    reader = caller(people.key(Scope.READ))
    assert reader("POST", "/segments/count", {"condition": EVERYBODY}).status_code == 503
    assert reader("POST", "/segments", {"name": "x", "condition": EVERYBODY}).status_code == 403
