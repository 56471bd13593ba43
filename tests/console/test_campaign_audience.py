"""The audience of a campaign: segments and lists are chosen, and their overlap is seen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from pabal.accounts.models import AuditEntry, Role
from pabal.audience.models import Question
from pabal.campaigns import actions, answering
from pabal.campaigns.models import Campaign
from tests.accounts.people import someone
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.segments import called, country, saved
from tests.campaigns.shop import Shop

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]


@pytest.fixture
def editor(client: Client, db: None) -> Client:
    client.force_login(someone(Role.EDITOR))
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def draft(db: None) -> Campaign:
    return actions.create(by=None, name="Spring", key="spring")


def form(**fields: Any) -> dict[str, Any]:
    return {"who": "lists", "purpose": "promotional", **fields}


def test_segments_are_chosen_beside_lists(editor: Client, draft: Campaign) -> None:
    inside, outside = saved("vip", country("KR"), "단골"), saved("out", country("US"))
    sent = form(include_segments=[inside.pk], exclude_segments=[outside.pk])
    assert editor.post("/campaigns/spring/audience", sent).status_code == 302
    assert (list(draft.include_segments.all()), list(draft.exclude_segments.all())) == ([inside], [outside])
    page = editor.get("/campaigns/spring/audience").content.decode()
    for name, chosen in (("include_segments", inside), ("exclude_segments", outside)):
        assert re.search(rf'name="{name}" value="{chosen.pk}"[^>]* checked', page)
    assert "단골" in page
    entry = AuditEntry.objects.latest("id")
    assert entry.changes["include_segments"] == [None, ["단골"]]


def test_the_same_segment_cannot_be_chosen_and_left_out(editor: Client, draft: Campaign) -> None:
    segment = saved("vip", country("KR"), "단골")
    response = editor.post(
        "/campaigns/spring/audience", form(include_segments=[segment.pk], exclude_segments=[segment.pk])
    )
    assert response.status_code == 422
    assert "단골 is also chosen above" in response.content.decode()
    nobody = editor.post("/campaigns/spring/audience", form())
    assert "Choose at least one segment or list" in nobody.content.decode()


def test_everyone_minus_a_segment(editor: Client, draft: Campaign) -> None:
    segment = saved("vip", country("KR"))
    editor.post(
        "/campaigns/spring/audience", form(who="all", include_segments=[segment.pk], exclude_segments=[segment.pk])
    )
    draft.refresh_from_db()
    assert draft.all_profiles
    assert (draft.include_segments.count(), draft.exclude_segments.count()) == (0, 1)


def test_nothing_chosen_asks_nothing(editor: Client, draft: Campaign) -> None:
    page = editor.get("/campaigns/spring/overlap", {"who": "lists"}).content.decode()
    assert "Choose a segment or list" in page
    assert not Question.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_without_an_engine_the_page_says_so(editor: Client, draft: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pabal.console.views.campaigns.overlap.PATIENCE", 0)
    page = editor.get("/campaigns/spring/overlap", {"who": "all"}).content.decode()
    assert "The engine is not running" in page


@pytest.mark.django_db(transaction=True)
def test_the_overlap_is_shown_while_choosing(
    editor: Client, draft: Campaign, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pabal.console.views.campaigns.overlap.PATIENCE", 0)
    monkeypatch.setattr("pabal.campaigns.questions.engine_runs", lambda: True)
    people = shop.people(4, first_name="민준")
    listed = shop.list_of(people[:3], "some")
    segment, out = saved("all", called("민준"), "민준님"), saved("kr", country("US"))
    shop.synchroniser.run_once()
    chosen = form(include_segments=[segment.pk], include_lists=[listed.pk], exclude_segments=[out.pk])
    waiting = editor.get("/campaigns/spring/overlap", chosen).content.decode()
    question = Question.objects.get()
    assert f"question={question.pk}" in waiting
    answering.answer_one(question.pk, shop.synchroniser)
    page = editor.get("/campaigns/spring/overlap", {"question": str(question.pk)}).content.decode()
    assert "3 people in both" in page
    assert "<strong>4</strong> people remain; 4 can be reached" in page
    assert "kr (left out)" in page
    Question.objects.update(state="failed", error={"type": "Conflict", "code": "question_superseded", "message": "x"})
    assert editor.get("/campaigns/spring/overlap", {"question": str(question.pk)}).status_code == 204
    assert editor.get("/campaigns/spring/overlap", {"question": "x"}).status_code == 400


def test_the_page_of_a_campaign_says_whom_it_was_for(editor: Client, draft: Campaign) -> None:
    draft.include_segments.add(saved("vip", country("KR"), "단골"))
    draft.exclude_segments.add(saved("out", country("US"), "해외"))
    Campaign.objects.update(state="done")
    page = editor.get("/campaigns/spring").content.decode()
    assert re.search(r'href="/segments/vip"[^>]*>.*?단골</a>', page)
    assert re.search(r'href="/segments/out"[^>]*>.*?해외</a>', page)
