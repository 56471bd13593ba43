"""Segments in the console: listed, built, shown, copied, archived."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from pabal.accounts.models import AuditEntry, Role
from pabal.audience import segments
from pabal.audience.models import Segment
from pabal.campaigns.models import Campaign
from pabal.console.segments.filling import fill
from pabal.warehouse import conditions as c
from tests.console.audience import actions, logged_in, said

pytestmark = pytest.mark.django_db

TWICE = c.Group(conditions=(c.Event(name="Order Completed", value=2, window=c.Window(last=30, unit="days")),))


@pytest.fixture
def editor(client: Client) -> Client:
    return logged_in(client, Role.EDITOR)


def made(name: str = "Twice", condition: c.Group = TWICE, **more: Any) -> Segment:
    return segments.create(by=None, name=name, condition=c.dump(condition), **more)


def tree(condition: c.Group = TWICE) -> str:
    return json.dumps(fill(condition))


def test_without_segments_the_page_offers_ready_made_ones(editor: Client) -> None:
    html = said(editor.get("/segments/"))
    assert "No segments yet" in html
    assert html.count("/segments/new?from=") >= 6


@pytest.mark.parametrize("key", ["lapsed", "birthday", "unclicked", "cart", "vip", "new"])
def test_each_ready_made_segment_opens_filled_in_and_can_be_saved(editor: Client, key: str) -> None:
    from pabal.console.segments.starters import starter

    found = starter(key)
    assert found is not None
    page = editor.get(f"/segments/new?from={key}")
    assert page.status_code == 200
    assert "data-root" in said(page)
    form = {"name": "Ready", "tree": json.dumps(fill(found.make()))}
    assert editor.post("/segments/new", form).status_code == 302
    assert c.parse(Segment.objects.get().condition) == found.make()


def test_a_sentence_becomes_a_segment_with_an_entry_in_the_trail(editor: Client) -> None:
    answer = editor.post("/segments/new", {"name": "Twice", "description": "Good ones", "tree": tree()})
    assert answer.status_code == 302
    segment = Segment.objects.get()
    assert answer["Location"] == f"/segments/{segment.key}"
    assert segment.condition["conditions"][0]["value"] == 2
    assert actions()[-1] == "segment.create"


def test_what_is_missing_is_said_beside_its_control_and_nothing_is_lost(editor: Client) -> None:
    draft = fill(TWICE)
    draft["conditions"][0]["value"] = ""
    draft["conditions"][0]["where"] = [{"name": "category", "values": [{"value": "신발"}]}]
    answer = editor.post("/segments/new", {"name": "Mine", "tree": json.dumps(draft)})
    assert answer.status_code == 422
    html = said(answer)
    assert "Fill this in." in html
    assert html.count('aria-invalid="true"') == 1
    assert 'value="신발"' in html
    assert 'value="Mine"' in html
    assert not Segment.objects.exists()


def test_without_a_name_it_is_asked_for(editor: Client) -> None:
    answer = editor.post("/segments/new", {"name": " ", "tree": tree()})
    assert answer.status_code == 422
    assert "Give the segment a name." in said(answer)


def test_a_page_that_is_none_of_ours_is_refused(editor: Client) -> None:
    for wrong in ("", "[]", '{"type": "query"}', "[" * 50_000, '{"type":"group","conditions":[{"type":"drop"}]}'):
        assert editor.post("/segments/new", {"name": "x", "tree": wrong}).status_code == 422


def test_somebody_elses_change_is_not_overwritten(editor: Client) -> None:
    segment = made()
    other = c.Group(conditions=(c.Event(name="Product Viewed"),))
    segments.change(segment, condition=c.dump(other))
    form = {"name": "Twice", "version": "1", "tree": tree()}
    answer = editor.post(f"/segments/{segment.key}/edit", form)
    assert answer.status_code == 422
    assert "Somebody else changed this segment" in said(answer)
    segment.refresh_from_db()
    assert c.parse(segment.condition) == other


def test_an_edit_keeps_the_old_condition_in_the_trail(editor: Client) -> None:
    segment = made()
    other = c.Group(conditions=(c.Event(name="Product Viewed"),))
    form = {"name": "Viewed", "version": "1", "tree": tree(other)}
    assert editor.post(f"/segments/{segment.key}/edit", form).status_code == 302
    entry = AuditEntry.objects.latest("id")
    assert entry.action == "segment.edit"
    assert entry.changes["name"] == ["Twice", "Viewed"]


def test_the_page_says_it_in_words_and_where_it_is_used(editor: Client) -> None:
    segment = made()
    made("Built on it", c.Group(conditions=(c.SegmentMembership(segments=(segment.key,)),)))
    html = said(editor.get(f"/segments/{segment.key}"))
    assert "People who did Order Completed at least 2 times in the last 30 days." in html
    assert "Built on it" in html
    assert "&quot;Order Completed&quot;" in html


def test_a_segment_in_use_cannot_be_archived(editor: Client) -> None:
    segment = made()
    made("Built on it", c.Group(conditions=(c.SegmentMembership(segments=(segment.key,)),)))
    assert editor.post(f"/segments/{segment.key}/archive").status_code in (303, 409)
    segment.refresh_from_db()
    assert segment.archived_at is None


def test_it_is_copied_archived_and_brought_back(editor: Client) -> None:
    segment = made()
    assert editor.post(f"/segments/{segment.key}/duplicate").status_code == 302
    assert Segment.objects.count() == 2
    editor.post(f"/segments/{segment.key}/archive")
    assert f"/segments/{segment.key}&quot;" not in said(editor.get("/segments/")).replace('"', "&quot;")
    assert f"/segments/{segment.key}&quot;" in said(editor.get("/segments/?show=archived")).replace('"', "&quot;")
    editor.post(f"/segments/{segment.key}/restore")
    assert actions()[-3:] == ["segment.duplicate", "segment.archive", "segment.restore"]


def test_a_campaign_to_its_people_is_one_click(editor: Client) -> None:
    segment = made()
    answer = editor.post(f"/segments/{segment.key}/use", {"name": "Hello again"})
    campaign = Campaign.objects.get()
    assert answer["Location"] == f"/campaigns/{campaign.key}/audience"
    assert list(campaign.include_segments.all()) == [segment]
    assert actions()[-1] == "campaign.create"


def test_viewers_look_and_editors_build(client: Client) -> None:
    segment = made()
    viewer = logged_in(client, Role.VIEWER)
    assert viewer.get(f"/segments/{segment.key}").status_code == 200
    assert "/edit" not in said(viewer.get(f"/segments/{segment.key}"))
    assert viewer.get("/segments/new").status_code == 403
    assert viewer.post("/segments/-/count", {"tree": tree()}).status_code == 403


def test_the_list_is_searched_and_shows_growth_and_uses(editor: Client) -> None:
    segment = made()
    Segment.objects.update(size=1234)
    made("Other", c.Group(conditions=(c.SegmentMembership(segments=(segment.key,)),)))
    html = said(editor.get("/segments/?q=twice"))
    assert "1,234" in html
    assert "1 place" in html
    assert "Other" not in html


def test_a_new_condition_and_a_changed_one_are_drawn_by_the_server(editor: Client) -> None:
    node = {"type": "event", "name": "Order Completed", "measure": "sum", "property": "revenue"}
    html = said(editor.post("/segments/-/part", {"node": json.dumps(node), "depth": "1"}))
    assert html.lstrip().startswith("<li")
    assert 'data-f="property"' in html
    assert 'value="revenue"' in html
