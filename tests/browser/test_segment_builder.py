"""A marketer builds a segment: the real pages in a real browser, counted by the real engine while it is built."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from pabal.accounts.models import AuditEntry, Role
from pabal.audience import segments
from pabal.audience.models import EventName, EventProperty, Property, Segment, SegmentSize
from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.models import Campaign
from pabal.console.views.segments import answers
from pabal.database import LEADER_LOCK
from pabal.warehouse import conditions as c
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.segments import engine, order
from tests.campaigns.shop import Shop

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]
ORDER = "Order Completed"


@pytest.fixture
def store(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Five customers with orders, known to the engine, which answers. Two live in 서울."""
    monkeypatch.setattr(answers, "PATIENCE", 5.0)  # a busy machine: the page need not look twice
    now = timezone.now()
    name = EventName.objects.create(name=ORDER, events=9, first_at=now, last_at=now)
    EventProperty.objects.create(event=name, path="category", kind="text", examples=["신발", "가방"])
    Property.objects.create(name="도시", kind="text", example="서울")
    number = 0
    for n, (orders, days, city) in enumerate(
        [(3, 200, "서울"), (2, 120, "부산"), (2, 5, "서울"), (1, 200, "서울"), (0, 0, "")]
    ):
        person = shop.person(f"+8210000000{n:02}", first_name=f"고객{n}", properties={"도시": city} if city else {})
        for _each in range(orders):
            number += 1
            order(person.pk, number, at=now - timedelta(days=days), category="신발" if n else "가방", revenue=50_000)
    shop.synchroniser.run_once()
    with psycopg.connect(database_dsn(), autocommit=True) as leads, engine(shop.synchroniser, database_dsn()):
        leads.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        yield shop


def size(page: Any, people: int) -> None:
    """Wait until the page says so many people."""
    page.locator("#answer .size-number", has_text=f"{people}").wait_for()


def add(page: Any, kind: str) -> Any:
    """A new condition at the end of the root, once it is there."""
    root = page.locator("[data-root]")
    before = root.locator(":scope > .conds-list > li").count()
    root.locator(":scope > .conds-add > summary").click()
    root.locator(f':scope > .conds-add [data-add*=\'"type": "{kind}"\']').click()
    root.locator(":scope > .conds-list > li").nth(before).wait_for()
    return root.locator(":scope > .conds-list > li").last


def test_a_ready_made_segment_is_changed_counted_saved_and_used(open_console: OpenConsole, store: Shop) -> None:
    page = open_console(someone(Role.EDITOR), "/segments/", language="ko")
    page.get_by_role("link", name="다시 모실 단골").click()
    page.wait_for_url("**/segments/new?from=lapsed")
    size(page, 2)
    counts = page.locator("[data-root] > .conds-list > li [data-count]")
    counts.nth(1).locator(".count-change", has_text="−1").wait_for()
    page.locator("#sample a", has_text="고객0").wait_for()

    page.locator("[data-root] [data-f=value]").first.fill("3")
    size(page, 1)
    page.locator("[data-root] [data-f=value]").first.fill("2")

    city = add(page, "property")
    city.locator("[data-f=of]").select_option("own:도시")
    city.locator("[data-f=value]").fill("서울")
    city.locator(".count-change", has_text="−1").wait_for()
    size(page, 1)

    page.get_by_label("이름").fill("서울 단골")
    page.get_by_role("button", name="저장").click()
    page.wait_for_url("**/segments/*")
    segment = Segment.objects.get()
    assert segment.condition["conditions"][2]["value"] == "서울"
    assert AuditEntry.objects.filter(action="segment.create").count() == 1
    assert "도시가 ‘서울’인 사람" in page.locator(".words-sentence").inner_text()
    page.locator("#sample a", has_text="고객0").wait_for()

    for days, people in ((2, 3), (1, 2), (0, 1)):
        at = timezone.now() - timedelta(days=days)
        SegmentSize.objects.create(segment=segment, at=at, size=people)
    page.reload()
    page.locator("figure.chart").wait_for()
    page.get_by_role("button", name="JSON 복사").click()
    page.locator(".toast", has_text="복사").wait_for()

    page.get_by_role("button", name="캠페인에 사용").click()
    page.get_by_role("button", name="초안 만들기").click()
    page.wait_for_url("**/audience")
    assert list(Campaign.objects.get().include_segments.all()) == [segment]
    page.goto(f"/segments/{segment.key}")
    page.locator(".split-side").get_by_role("link", name="서울 단골").wait_for()


def test_the_keyboard_alone_builds_moves_copies_and_removes(open_console: OpenConsole, store: Shop) -> None:
    page = open_console(someone(Role.EDITOR), "/segments/new?from=lapsed")
    size(page, 2)
    page.get_by_label("Move down").first.focus()
    page.keyboard.press("Enter")
    said = page.evaluate("pabal.builder.read().conditions.map((one) => one.measure)")
    assert said == ["never", "count"]
    assert page.evaluate("document.activeElement.dataset.act") == "down"

    page.get_by_label("Duplicate").first.press("Enter")
    page.locator("[data-root] > .conds-list > li").nth(2).wait_for()
    page.get_by_label("Remove", exact=True).first.press("Enter")
    assert page.evaluate("pabal.builder.read().conditions.length") == 2
    size(page, 2)

    add(page, "group")
    page.get_by_label("Move down").nth(1).press("Enter")  # into the group that is next
    assert page.evaluate("pabal.builder.read().conditions[1].conditions.length") == 1
    assert page.evaluate("pabal.builder.read().conditions.length") == 2


def test_a_name_is_chosen_from_what_there_is_and_brings_its_values(open_console: OpenConsole, store: Shop) -> None:
    page = open_console(someone(Role.EDITOR), "/segments/new")
    event = add(page, "event")
    assert page.evaluate("document.activeElement.dataset.f") == "name"
    page.locator("#suggestions [role=option]", has_text=ORDER).wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert event.locator("[data-f=name]").input_value() == ORDER
    event.locator("[data-f=when]").select_option("ever")
    size(page, 4)
    event.get_by_role("button", name="Add a detail").click()
    page.locator("#suggestions [role=option]", has_text="category").click()
    page.locator("#suggestions [role=option]", has_text="가방").click()
    size(page, 1)
    assert page.evaluate("pabal.builder.read().conditions[0].where[0].values") == [{"value": "가방"}]


def test_nothing_is_lost_when_something_is_missing(open_console: OpenConsole, store: Shop) -> None:
    page = open_console(someone(Role.EDITOR), "/segments/new?from=cart")
    add(page, "list")
    page.locator("[data-root] .count-open", has_text="Not finished").wait_for()
    page.get_by_label("Name", exact=True).fill("Mine")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Choose a list.").wait_for()
    assert page.get_by_label("Name", exact=True).input_value() == "Mine"
    assert page.evaluate("pabal.builder.read().conditions.length") == 3
    assert page.evaluate("document.activeElement.getAttribute('aria-invalid')") == "true"


def test_an_older_answer_never_overwrites_a_newer_one(open_console: OpenConsole, store: Shop) -> None:
    page = open_console(someone(Role.EDITOR), "/segments/new?from=lapsed")
    size(page, 2)
    held: list[Any] = []

    def first_is_held(route: Any) -> None:
        held.append(route) if not held else route.continue_()

    page.route("**/segments/-/count", first_is_held)
    page.evaluate(
        "window.seen = []; new MutationObserver(() => seen.push(document.querySelector('.size-number')?.textContent))"
        ".observe(document.getElementById('answer'), {childList: true, subtree: true})"
    )
    value = page.locator("[data-root] [data-f=value]").first
    value.fill("3")
    while not held:
        page.wait_for_timeout(50)
    value.fill("1")
    held[0].continue_()
    size(page, 3)
    assert not [text for text in page.evaluate("seen") if text and text.startswith("1")]


def test_without_an_engine_the_page_says_so_and_saves_all_the_same(open_console: OpenConsole, shop: Shop) -> None:
    page = open_console(someone(Role.EDITOR), "/segments/new?from=vip")
    page.get_by_text("The engine is not running").wait_for()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/segments/vip")
    assert Segment.objects.count() == 1


@pytest.mark.parametrize("path", ["/segments/", "/segments/new?from=vip", "/segments/twice", "/segments/twice/edit"])
def test_pages_of_segments_fit_a_phone(open_console: OpenConsole, store: Shop, path: str) -> None:
    condition = c.Group(conditions=(c.Event(name=ORDER, value=2),))
    segments.create(
        by=None,
        key="twice",
        name="아주 긴 이름을 가진 세그먼트 " * 3,
        condition=json.loads(json.dumps(c.dump(condition))),
    )
    page = open_console(someone(Role.EDITOR), path, width=390, language="ko")
    page.wait_for_timeout(500)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
