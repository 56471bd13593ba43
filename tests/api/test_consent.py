"""Consent in figures, the suppression list, merging and the whole record, for programs."""

from __future__ import annotations

import pytest

from pabal.accounts.models import AuditEntry
from pabal.audience import consent_figures
from pabal.audience.actions import set_consent, suppress
from pabal.audience.models import Event, Profile
from tests.api.conftest import Call

pytestmark = pytest.mark.django_db
KIM, LEE = "+821000000001", "+821000000002"


def agree(state: str, *phones: str) -> None:
    set_consent(phones=phones, channel="text", purposes=["promotional"], state=state, method="api", source="checkout")


def test_consent_is_counted_and_its_growth_and_sources_said(call: Call) -> None:
    for phone in (KIM, LEE):
        Profile.objects.create(phone=phone)
    agree("subscribed", KIM, LEE)
    agree("unsubscribed", LEE)
    consent_figures.count_sources()
    standing = {"channel": "text", "purpose": "promotional", "subscribed": 1, "unsubscribed": 1}
    assert call("GET", "/consent").data == [standing]
    day = call("GET", "/consent/growth?days=2").data[-1]
    assert (day["gained"], day["lost"], day["subscribed"]) == (2, 1, 1)
    source = call("GET", "/consent/sources").data[0]
    assert (source["method"], source["source"], source["people"], source["withdrawn"]) == ("api", "checkout", 2, 1)


def test_numbers_are_suppressed_listed_by_page_and_lifted(call: Call) -> None:
    done = call("POST", "/suppressions", {"phones": ["010-0000-0001", LEE, "x"], "reason": "complaint"}).data
    assert done == {"changed": 2, "refused": ["x"]}
    first = call("GET", "/suppressions?limit=1").data
    second = call("GET", f"/suppressions?limit=1&cursor={first['next_cursor']}").data
    assert [row["phone"] for row in (*first["data"], *second["data"])] == [KIM, LEE]
    assert second["next_cursor"] is None
    assert call("POST", "/suppressions/lift", {"phones": [KIM, LEE]}).data["changed"] == 2
    assert call("GET", "/suppressions").data["data"] == []
    assert len(call("GET", "/suppressions?lifted=true").data["data"]) == 2


def test_profiles_are_merged_after_a_dry_run(call: Call) -> None:
    keep, gone = Profile.objects.create(external_id="a"), Profile.objects.create(external_id="b", phone=KIM)
    assert [row["id"] for row in call("GET", f"/profiles/{keep.pk}/duplicates").data] == []
    body = {"keep_external_id": "a", "gone_external_id": "b"}
    shown = call("POST", "/profiles/merge", body | {"dry_run": True}).data
    assert Profile.objects.count() == 2
    done = call("POST", "/profiles/merge", body).data
    assert shown == done
    assert (done["keep"], done["gone"], done["values"]["phone"], done["lost"]) == (
        keep.pk,
        gone.pk,
        KIM,
        ["external_id"],
    )
    assert Profile.objects.get().pk == keep.pk


def test_the_history_is_read_by_kind_and_page(call: Call) -> None:
    person = Profile.objects.create(phone=KIM)
    agree("subscribed", KIM)
    suppress([KIM], reason="manual")
    history = f"/profiles/{person.pk}/history"
    assert [m["kind"] for m in call("GET", f"{history}?kind=consent").data["data"]] == ["consent"]
    first = call("GET", f"{history}?limit=1").data
    second = call("GET", f"{history}?limit=1&cursor={first['next_cursor']}").data
    assert {first["data"][0]["kind"], second["data"][0]["kind"]} == {"consent", "block"}


def test_the_record_has_everything_and_reading_it_is_kept(call: Call) -> None:
    person = Profile.objects.create(phone=KIM)
    Event.objects.create(
        key="00000000-0000-0000-0000-000000000001", profile_id=person.pk, name="Viewed", at="2026-03-01T00:00:00Z"
    )
    agree("subscribed", KIM)
    record = call("GET", f"/profiles/{person.pk}/record").data
    assert record["events"][0]["name"] == "Viewed"
    assert record["consent_history"][0]["source"] == "checkout"
    assert AuditEntry.objects.filter(action="profile.export").count() == 1
