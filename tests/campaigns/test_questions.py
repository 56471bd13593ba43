"""Questions that only the engine can answer, on the real engines."""

from __future__ import annotations

import time
from datetime import timedelta

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from pabal.audience.models import Question, QuestionState
from pabal.campaigns import answering, questions
from pabal.campaigns.questions import answer, answer_of, ask, engine_runs, portions, wait
from pabal.campaigns.samples import sample_people
from pabal.database import LEADER_LOCK
from pabal.errors import InvalidInput, NotFound, PabalError, Unavailable
from pabal.warehouse.conditions import parse
from tests.campaigns.segments import (
    answered,
    bought,
    called,
    country,
    engine,
    group,
    in_segment,
    on_list,
    order,
    saved,
)
from tests.campaigns.shop import NOON, Shop, suppress


def test_a_count_says_how_many_and_how_many_a_text_reaches(shop: Shop) -> None:
    shop.person("+821000000001")
    shop.person("+821000000002", subscribed=False)
    suppress(shop.person("+821000000003").phone)
    shop.person("", country="KR")
    shop.person("+12125550101")
    found = answered(shop.synchroniser, "count", condition=country("KR"))
    assert (found["people"], found["reachable"], found["everybody"]) == (4, 1, 5)


def test_each_condition_says_what_it_changes(shop: Shop) -> None:
    people = [shop.person(f"+82100000000{n}", first_name="민준" if n < 3 else "서연") for n in range(1, 6)]
    shop.list_of(people[:4], "four")
    order(people[0].pk, 1)
    tree = group("all", on_list("four"), group("any", called("민준"), bought()), on_list("four", member=False))
    found = answered(shop.synchroniser, "count", condition=tree)
    assert [(part["path"], part["people"], part["together"], part["change"]) for part in found["parts"]] == [
        ([], 0, 0, 0),
        ([0], 4, 4, -1),
        ([1], 2, 2, -2),
        ([1, 0], 2, 2, 2),
        ([1, 1], 1, 2, 0),
        ([2], 1, 0, -2),
    ]


def test_the_answer_says_of_when_its_data_is(shop: Shop) -> None:
    found = answered(shop.synchroniser, "count", condition=group("all"))
    assert timezone.now() - timezone.datetime.fromisoformat(found["at"]) < timedelta(seconds=5)  # type: ignore[attr-defined]


def test_a_sample_says_what_the_conditions_measure_of_each_person(shop: Shop) -> None:
    minjun = shop.person("+821000000001", first_name="민준", properties={"city": "서울"})
    shop.person("+821000000002", first_name="서연")
    for number, value in enumerate((10, 20.5), start=1):
        order(minjun.pk, number, at=NOON - timedelta(days=number), value=value)
    city = {"type": "property", "name": "city", "kind": "text", "operator": "exists"}
    total = bought(0, measure="sum", property="value")
    condition = group("all", city, bought(), bought(), group("any", total, bought(9)))
    found = answered(shop.synchroniser, "sample", condition=condition)
    (one,) = sample_people(found, parse(condition))
    assert one.values == {"city": "서울"}
    last = NOON - timedelta(days=1)
    assert [(did.event, did.measure, did.property, did.value, did.at) for did in one.did] == [
        ("Order Completed", "count", "", 2, last),
        ("Order Completed", "sum", "value", 30.5, last),
    ]
    first = bought(measure="first", operator="before_last", value={"value": 1, "unit": "hours"})
    (one,) = sample_people(answered(shop.synchroniser, "sample", condition=first), parse(first))
    assert [(did.value, did.at) for did in one.did] == [(None, NOON - timedelta(days=2))]


def test_a_sample_and_a_page_are_people_who_fulfil_it(shop: Shop) -> None:
    named = [shop.person(f"+82100000000{n}", first_name="민준").pk for n in range(5)]
    shop.person("+821000000009")
    assert set(answered(shop.synchroniser, "sample", condition=called("민준"), limit=3)["ids"]) < set(named)
    assert answered(shop.synchroniser, "page", condition=called("민준"), limit=2)["ids"] == named[:2]
    assert answered(shop.synchroniser, "page", condition=called("민준"), after=named[1])["ids"] == named[2:]


def test_members_are_kept_in_portions(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from pabal.campaigns import answers

    monkeypatch.setattr(answers.Frozen.portions, "__defaults__", (2,))
    ids = [person.pk for person in shop.people(5)]
    shop.synchroniser.run_once()
    question = ask("members", {"condition": group("all")})
    answering.answer_one(question.pk, shop.synchroniser)
    assert answer_of(wait(question.pk, 0)) is not None
    assert list(portions(question.pk)) == [ids[:2], ids[2:4], ids[4:]]


def test_overlaps_are_counted_for_what_is_included_and_excluded(shop: Shop) -> None:
    people = shop.people(6)
    first, second = shop.list_of(people[:4], "first"), shop.list_of(people[2:], "second")
    out = saved("out", on_list("second"), "Out")
    found = answered(
        shop.synchroniser,
        "overlap",
        include_lists=[first.pk, second.pk],
        exclude_segments=[out.pk],
    )
    assert [(one["key"], one["role"], one["people"]) for one in found["sets"]] == [
        ("first", "include", 4),
        ("second", "include", 4),
        ("out", "exclude", 4),
    ]
    assert found["pairs"] == [[0, 1, 2], [0, 2, 2], [1, 2, 4]]
    assert [found[name] for name in ("included", "excluded", "remaining", "reachable")] == [6, 4, 2, 2]
    everybody = answered(shop.synchroniser, "overlap", everybody=True)
    assert [everybody[name] for name in ("included", "excluded", "remaining")] == [6, 0, 6]
    nobody = answered(shop.synchroniser, "overlap")
    assert [nobody[name] for name in ("included", "excluded", "remaining")] == [0, 0, 0]


def test_frequent_values_of_profiles_and_events(shop: Shop) -> None:
    gold, silver, also = (
        shop.person(f"+82100000000{n}", properties={"등급": grade, "tags": ["a", "b"]})
        for n, grade in enumerate(["골드", "실버", "골드"])
    )
    order(gold.pk, 1, category="Shoes", products=[{"sku": "s-1"}, {"sku": "s-2"}], at=timezone.now())
    order(also.pk, 2, category="shirts", at=timezone.now())
    order(silver.pk, 3, category="Hats", at=timezone.now())

    def values(**body: object) -> list[list[object]]:
        return answered(shop.synchroniser, "values", **body)["values"]  # type: ignore[no-any-return]

    assert values(property="등급") == [["골드", 2], ["실버", 1]]
    assert values(property="tags") == [["a", 3], ["b", 3]]
    assert values(event="Order Completed", property="category", prefix="sH") == [["Shoes", 1], ["shirts", 1]]
    assert values(event="Order Completed", property="products[].sku") == [["s-1", 1], ["s-2", 1]]
    assert values(field="country", prefix="k") == [["KR", 3]]
    assert values(property="`; DROP TABLE profile") == []
    with pytest.raises(InvalidInput):
        values(property="a..b")


def test_membership_names_the_segments_of_one_person(shop: Shop) -> None:
    one, other = shop.person("+821000000001", first_name="민준"), shop.person("+12125550101")
    saved("koreans", country("KR"))
    saved("both", group("any", in_segment("koreans"), called("민준")))
    saved("americans", country("US"))
    broken = saved("broken", country("US"))
    type(broken).objects.filter(pk=broken.pk).update(condition={"type": "segment", "segments": ["gone"]})
    assert answered(shop.synchroniser, "membership", profile=one.pk)["segments"] == {
        "americans": False, "both": True, "broken": False, "koreans": True,
    }  # fmt: skip
    found = answered(shop.synchroniser, "membership", profile=other.pk, segments=["americans"])
    assert found["segments"] == {"americans": True}


@pytest.mark.parametrize(
    ("kind", "body", "error", "code"),
    [
        ("count", {"condition": {"type": "nonsense"}}, InvalidInput, "invalid_condition"),
        ("count", {"segment": "nobody"}, NotFound, "unknown_segment"),
        ("count", {"condition": {"type": "list", "lists": ["gone"]}}, InvalidInput, "unknown_name"),
        ("sample", {"condition": {"type": "group"}, "limit": 1000}, InvalidInput, "out_of_range"),
        ("values", {"field": "password"}, InvalidInput, "unknown_field"),
    ],
)
def test_what_is_wrong_with_a_question_is_its_answer(
    shop: Shop, kind: str, body: dict[str, object], error: type[PabalError], code: str
) -> None:
    question = ask(kind, body)
    answering.answer_one(question.pk, shop.synchroniser)
    with pytest.raises(error) as raised:
        answer_of(wait(question.pk, 0))
    assert raised.value.code == code


def test_nobody_answers_without_an_engine(shop: Shop) -> None:
    assert not engine_runs()
    with pytest.raises(Unavailable) as raised:
        answer("count", {"condition": group("all")}, seconds=0.1)
    assert raised.value.code == "engine_not_running"
    with psycopg.connect(shop.dsn, autocommit=True) as leader:
        leader.execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        assert engine_runs()
        with pytest.raises(Unavailable) as raised:
            answer("count", {"condition": group("all")}, seconds=0.1)
    assert raised.value.code == "answer_late"


def test_an_engine_answers_several_at_once_and_within_a_transaction(shop: Shop) -> None:
    shop.people(3)
    shop.synchroniser.run_once()
    with engine(shop.synchroniser, shop.dsn):
        asked = [ask("count", {"condition": group("all")}) for _n in range(12)]
        assert all((answer_of(wait(one.pk, 20)) or {})["people"] == 3 for one in asked)
        with transaction.atomic():
            assert answer("count", {"condition": country("KR")}, seconds=20)["people"] == 3
        began = time.monotonic()
        answer("count", {"condition": country("KR")}, seconds=20)
        assert time.monotonic() - began < 1.0


def test_only_the_newest_question_of_an_asker_is_answered(shop: Shop) -> None:
    shop.synchroniser.run_once()
    older = ask("count", {"condition": group("all")}, asker="page-1")
    newer = ask("count", {"condition": country("KR")}, asker="page-1")
    other = ask("sample", {"condition": country("KR")}, asker="page-1")
    lost = ask("count", {"condition": group("all")})
    Question.objects.filter(pk=lost.pk).update(asked_at=timezone.now() - answering.PATIENCE)
    with engine(shop.synchroniser, shop.dsn):
        assert wait(newer.pk, 10).state == wait(other.pk, 10).state == QuestionState.ANSWERED
        assert (wait(older.pk, 10).error or {})["code"] == "question_superseded"
        assert (wait(lost.pk, 10).error or {})["code"] == "question_expired"


def test_two_engines_do_not_answer_one_question_differently(shop: Shop) -> None:
    """The one that stands by has no warehouse; should both answer, the first answer stays."""
    shop.people(2)
    shop.synchroniser.run_once()
    question = ask("count", {"condition": group("all")})
    answering.answer_one(question.pk, shop.synchroniser)
    first = wait(question.pk, 0)
    shop.person("+821000009999")
    shop.synchroniser.run_once()
    answering.answer_one(question.pk, shop.synchroniser)
    assert wait(question.pk, 0).answer == first.answer


def test_old_questions_are_forgotten(shop: Shop) -> None:
    shop.synchroniser.run_once()
    old = ask("count", {"condition": group("all")})
    Question.objects.update(asked_at=NOON - timedelta(days=400))
    with engine(shop.synchroniser, shop.dsn):
        answer("count", {"condition": group("all")}, seconds=20)
        with pytest.raises(NotFound):
            wait(old.pk, 0)


def test_an_unknown_kind_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidInput):
        questions.ask("delete", {})
