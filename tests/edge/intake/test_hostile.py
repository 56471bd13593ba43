"""Bodies of any kind: the answer is one that is documented, and what was accepted is in the database."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pabal.audience.models import Event, Profile
from pabal.edge.intake import moments
from pabal.edge.intake.documents import compact, depth
from pabal.edge.intake.failures import IntakeError, Refused
from pabal.edge.intake.keys import Key
from pabal.edge.intake.limits import DEEPEST, LARGEST_EVENT, LARGEST_REQUEST, LONGEST_LINE, MOST_MESSAGES
from pabal.edge.intake.messages import Message, Told, read_batch, read_message
from pabal.edge.intake.reading import CALLS, read
from tests.edge.intake.edge import SERVER_KEY, Edge

KEY = Key(id=1, name="Shop", browser=False, origins=frozenset())

odd_text = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(
    [
        "\0",
        "a\0b",
        "\ud800",
        "\udc00x",
        "\U0001f600",
        "c1",
        "track",
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "user:x",
    ]
)
odd_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([10**400, -(2**63), 2**64]) | st.floats() | odd_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd_text, inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "type", "messageId", "userId", "anonymousId", "previousId", "groupId", "event", "name", "category", "properties",
    "traits", "context", "timestamp", "originalTimestamp", "sentAt", "receivedAt", "writeKey", "consent",
)  # fmt: skip
odd_message = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(CALLS) | odd_value,
        "event": st.just("x") | odd_value,
        "userId": st.sampled_from(["c1", "c2"]) | odd_value,
        "properties": st.dictionaries(odd_text, odd_value, max_size=3) | odd_value,
        "traits": st.dictionaries(
            st.sampled_from(["phone", "email", "name", "consent", "address"]) | odd_text, odd_value
        )
        | odd_value,
        **{name: odd_value for name in FIELDS if name not in ("type", "event", "userId", "properties", "traits")},
    },
)


def attempt(way: Callable[[bytes], Told], body: bytes) -> Told | IntakeError:
    try:
        return way(body)
    except IntakeError as error:
        return error


@settings(max_examples=150, deadline=None)
@given(batch=st.lists(odd_message | odd_value, max_size=5), junk=st.binary(max_size=20), cut=st.integers(0, 3))
def test_reading_any_body_ends_in_messages_or_a_documented_refusal(batch: list[Any], junk: bytes, cut: int) -> None:
    body = json.dumps({"batch": batch}).encode()
    for hostile in (body, body[: len(body) // (cut + 1)], junk, body + junk, junk + body):
        for way in (read_batch, read_message):
            told = attempt(way, hostile)
            if isinstance(told, IntakeError):
                assert told.status in (400, 413)
                continue
            found = read(told, KEY)
            for part in (*found.events.users, *found.events.names, *found.events.properties, *found.events.anonymous):
                assert b"\0" not in part[4:]
                part[4:].decode()
            for properties in found.events.properties:
                json.loads(properties[4:], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.django_db(transaction=True)
def test_an_edge_answers_any_batch_and_stores_what_it_accepts(shop: Edge) -> None:
    with httpx.Client(auth=(SERVER_KEY, ""), timeout=60) as http:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(batch=st.lists(odd_message, min_size=1, max_size=4))
        @example(batch=[{"type": "track", "event": "x\0", "userId": "\ud800", "properties": {"\0": "\udfff"}}])
        @example(batch=[{"type": "identify", "userId": "c1", "traits": {"phone": "\0", "name": "\ud800", "n": 10**30}}])
        def check(batch: list[Any]) -> None:
            before = Event.objects.count()
            answer = http.post(f"{shop.url}/v1/batch", content=json.dumps({"batch": batch}).encode())
            assert answer.status_code in (200, 400), answer.text
            found = answer.json()
            refused = {one["index"] for one in found.get("refused", [])}
            calls = [one.get("type") for place, one in enumerate(batch) if place not in refused]
            stored = Event.objects.count() - before
            assert stored <= sum(call in ("track", "page", "screen", "group") for call in calls)
            without_id = sum(
                "messageId" not in one and call not in ("identify", "alias")
                for one, call in [(one, one.get("type")) for place, one in enumerate(batch) if place not in refused]
            )
            assert stored >= without_id

        check()


@pytest.mark.parametrize("levels", [DEEPEST + 1, 500, 200_000])
def test_properties_that_are_too_deep_are_refused(levels: int) -> None:
    inner = '{"a":' * (levels - 1) + "{}" + "}" * (levels - 1)
    body = f'{{"batch":[{{"type":"track","event":"x","userId":"c","properties":{inner}}}]}}'.encode()
    told = attempt(read_batch, body)
    codes = [told.code] if isinstance(told, IntakeError) else [one.code for one in read(told, KEY).refused]
    assert codes == ["too_deep"]


def test_depth_and_size_are_bounded_to_the_letter() -> None:
    nested: Any = {}
    for _ in range(DEEPEST - 1):
        nested = {"a": nested}
    assert depth(nested) == DEEPEST
    assert compact(nested)
    with pytest.raises(Refused):
        compact({"a": nested})
    compact({"a": "x" * (LARGEST_EVENT - 8)})
    with pytest.raises(Refused):
        compact({"a": "x" * (LARGEST_EVENT - 7)})


def test_brackets_within_text_are_no_levels() -> None:
    assert compact({"a": "[{" * 500})


@given(st.text() | st.integers() | st.floats() | st.datetimes().map(lambda at: at.isoformat() + "Z"), odd_value)
@settings(max_examples=300, deadline=None)
@example("0001-01-01T00:00:00Z", None)
@example("0001-01-01T00:00:00+14:00", None)
@example("9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z")
@example("1e400", "1e400")
def test_a_time_is_within_bounds_or_refused(said: Any, sent: Any) -> None:
    now = moments.now()
    sent_at = sent if isinstance(sent, str | int | float) else None
    at: int | str
    try:
        at = moments.happened(Message(timestamp=said), sent_at, now)
    except Refused as refused:
        at = refused.code
    assert at == "bad_time" if isinstance(at, str) else moments.OLDEST <= at <= now


@pytest.mark.django_db(transaction=True)
def test_too_large_is_413_and_a_gzip_bomb_does_not_fill_memory(shop: Edge) -> None:
    bomb = gzip.compress(b" " * (LARGEST_REQUEST * 50), mtime=0)
    cases: list[tuple[bytes, dict[str, str]]] = [
        (b" " * (LARGEST_REQUEST + 1), {}),
        (bomb, {"content-encoding": "gzip"}),
        (json.dumps({"batch": [0] * (MOST_MESSAGES + 1)}).encode(), {}),
    ]
    for content, headers in cases:
        answer = httpx.post(f"{shop.url}/v1/batch", content=content, headers=headers, auth=(SERVER_KEY, ""), timeout=60)
        assert answer.status_code == 413, answer.text
    large = {"type": "track", "event": "x", "userId": "c1", "properties": {"a": "x" * LARGEST_EVENT}}
    found = shop.post("batch", {"batch": [large, large | {"properties": {}}]}).json()
    assert [(one["index"], one["code"]) for one in found["refused"]] == [(0, "too_large")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("content", "headers", "code"),
    [
        (b"", {}, "bad_json"),
        (b"{", {}, "bad_json"),
        (b"[]", {}, "no_batch"),
        (b'{"batch":"' + b"\xff\xfe" + b'"}', {}, "bad_encoding"),
        (b"not gzip", {"content-encoding": "gzip"}, "bad_gzip"),
        (gzip.compress(b'{"batch":[]}', mtime=0)[:-9], {"content-encoding": "gzip"}, "bad_gzip"),
        (b"x", {"content-encoding": "br"}, "bad_encoding"),
    ],
)
def test_a_body_that_is_none_is_400_with_a_reason(
    shop: Edge, content: bytes, headers: dict[str, str], code: str
) -> None:
    answer = httpx.post(f"{shop.url}/v1/batch", content=content, headers=headers, auth=(SERVER_KEY, ""), timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.django_db(transaction=True)
def test_an_import_takes_any_number_of_lines_and_names_the_bad_ones(shop: Edge) -> None:
    lines = [json.dumps({"userId": f"c{n % 7}", "event": "x", "messageId": str(n)}) for n in range(5_000)]
    lines[10], lines[20], lines[30] = "{", json.dumps({"event": "x"}), '"' + "x" * LONGEST_LINE * 3 + '"'
    lines.append(json.dumps({"userId": "c1", "traits": {"grade": "VIP"}}))
    content = gzip.compress("\r\n".join([*lines, "", ""]).encode())
    for _ in range(2):
        answer = httpx.post(
            f"{shop.url}/v1/import",
            content=content,
            headers={"content-encoding": "gzip"},
            auth=(SERVER_KEY, ""),
            timeout=90,
        )
        found = answer.json()
        assert (answer.status_code, found["accepted"], found["refused_count"]) == (400, 4_998, 3)
        assert [(one["index"], one["code"]) for one in found["refused"]] == [
            (10, "bad_json"),
            (20, "no_identity"),
            (30, "too_large"),
        ]
        assert Event.objects.count() == 4_997
    assert Profile.objects.get(external_id="c1").properties == {"grade": "VIP"}


@pytest.mark.django_db(transaction=True)
def test_a_revoked_key_ends_within_seconds_and_use_is_noted_once_a_minute(shop: Edge) -> None:
    from django.db.models.functions import Now

    from pabal.audience.models import WriteKey

    WriteKey.objects.create(name="Old", key="wk_old")
    body = {"userId": "c1", "event": "x"}
    assert shop.post("track", body, key="wk_old").status_code == 200
    deadline = time.monotonic() + 20
    while (used := WriteKey.objects.get(key="wk_old").last_used_at) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    shop.post("track", body, key="wk_old")
    assert WriteKey.objects.get(key="wk_old").last_used_at == used
    WriteKey.objects.filter(key="wk_old").update(revoked_at=Now())
    while shop.post("track", body, key="wk_old").status_code != 401:
        assert time.monotonic() < deadline
        time.sleep(0.2)
