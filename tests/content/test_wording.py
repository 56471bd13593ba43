"""Identification and the way out, by the recipient's country."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from pabal.content.encoding import measure
from pabal.content.template import compile_template
from pabal.content.wording import (
    SenderFacts,
    contact,
    decorate,
    decorate_subject,
    literal,
    way_out,
    wording,
    wording_as_of,
)

KOREAN = SenderFacts(name="파발", kind="long_code", address="15880000", country="KR", opt_out_number="080-123-4567")
KOREAN_WITHOUT_080 = SenderFacts(name="파발", kind="long_code", address="02-1234-5678", country="KR")
AMERICAN = SenderFacts(name="Pabal", kind="toll_free", address="+18885550100", country="US")
FRENCH = SenderFacts(name="Pabal", kind="short_code", address="36180", country="FR", opt_out_number="36180")
BRAND = SenderFacts(name="Pabal", kind="brand_name", address="PABAL", country="GB")
BRITISH = SenderFacts(name="Pabal", kind="long_code", address="+447400000000", country="GB")
OUT = "{{ unsubscribe_link }}"


@pytest.mark.parametrize(
    ("sender", "country", "expected"),
    [
        (KOREAN, "KR", "(광고)파발 1588-0000\n안녕\n무료수신거부 080-123-4567"),
        (KOREAN_WITHOUT_080, "KR", f"(광고)파발 02-1234-5678\n안녕\n무료거부 {OUT}"),
        (AMERICAN, "US", "Pabal: 안녕\nReply STOP to opt out"),
        (AMERICAN, "CA", "Pabal: 안녕\nReply STOP to opt out"),
        (AMERICAN, "GB", f"Pabal: 안녕\nOpt out: {OUT}"),
        (AMERICAN, "KR", f"(광고)Pabal +1 888-555-0100\n안녕\n무료거부 {OUT}"),
        (KOREAN, "US", f"파발: 안녕\nOpt out: {OUT}"),
        (FRENCH, "FR", "Pabal: 안녕\nSTOP au 36180"),
        (FRENCH, "BE", f"Pabal: 안녕\nSTOP: {OUT}"),
        (BRAND, "GB", f"Pabal: 안녕\nOpt out: {OUT}"),
        (BRAND, "DE", f"Pabal: 안녕\nAbmelden: {OUT}"),
        (BRAND, "JP", f"Pabal: 안녕\n配信停止 {OUT}"),
        (BRITISH, "GB", "Pabal: 안녕\nReply STOP to opt out"),
        (BRITISH, "DE", "Pabal: 안녕\nAbmelden: STOP antworten"),
        (BRITISH, "AU", "Pabal: 안녕\nReply STOP to opt out"),
        (BRITISH, "ZZ", "Pabal: 안녕\nReply STOP to opt out"),
    ],
)
def test_a_promotional_text_says_who_sends_it_and_how_to_stop(sender: SenderFacts, country: str, expected: str) -> None:
    assert decorate("안녕", sender, country, "promotional").source == expected


@pytest.mark.parametrize(
    ("sender", "country", "expected"),
    [(KOREAN, "KR", "[파발] 주문 완료"), (AMERICAN, "US", "Pabal: 주문 완료"), (BRAND, "GB", "Pabal: 주문 완료")],
)
def test_an_informational_text_only_says_who_sends_it(sender: SenderFacts, country: str, expected: str) -> None:
    assert decorate("주문 완료", sender, country, "informational").source == expected


@pytest.mark.parametrize(
    ("written", "sender", "country", "expected"),
    [
        ("(광고) 안녕", KOREAN, "KR", "(광고)파발 1588-0000\n안녕\n무료수신거부 080-123-4567"),
        ("(광고)파발 안녕", KOREAN, "KR", "(광고)파발 안녕\n무료수신거부 080-123-4567"),
        ("[파발] 안녕", KOREAN, "KR", "(광고)[파발] 안녕\n무료수신거부 080-123-4567"),
        ("안녕\n무료 수신거부 080-1", KOREAN, "KR", "(광고)파발 1588-0000\n안녕\n무료 수신거부 080-1"),
        (f"안녕 그만받기 {OUT}", KOREAN, "KR", f"(광고)파발 1588-0000\n안녕 그만받기 {OUT}"),
        ("Pabal: hi. Txt STOP to end", AMERICAN, "US", "Pabal: hi. Txt STOP to end"),
        ("Hi from PABAL", AMERICAN, "US", "Hi from PABAL\nReply STOP to opt out"),
        ("Don't stop!", AMERICAN, "US", "Pabal: Don't stop!\nReply STOP to opt out"),
        ("Hi, to unsubscribe call us", AMERICAN, "US", "Pabal: Hi, to unsubscribe call us"),
    ],
)
def test_what_the_author_wrote_is_not_repeated(written: str, sender: SenderFacts, country: str, expected: str) -> None:
    assert decorate(written, sender, country, "promotional").source == expected


def test_decorating_twice_changes_nothing() -> None:
    for sender, country in [
        (KOREAN, "KR"),
        (KOREAN_WITHOUT_080, "KR"),
        (AMERICAN, "US"),
        (BRAND, "FR"),
        (BRITISH, "DE"),
    ]:
        once = decorate("안녕 hello", sender, country, "promotional").source
        assert decorate(once, sender, country, "promotional").source == once


def test_each_addition_can_be_turned_off_but_not_the_label_of_the_law() -> None:
    bare = decorate("안녕", KOREAN, "KR", "promotional", opt_out=False, sender_name=False)
    assert bare.source == "(광고)안녕"
    assert decorate("hi", AMERICAN, "US", "promotional", opt_out=False, sender_name=False).source == "hi"


def test_the_title_of_an_advertisement_has_the_label_once() -> None:
    assert decorate_subject("여름 세일", "KR", "promotional") == "(광고)여름 세일"
    assert decorate_subject("(광고)여름 세일", "KR", "promotional") == "(광고)여름 세일"
    assert decorate_subject("주문 안내", "KR", "informational") == "주문 안내"
    assert decorate_subject(" ", "KR", "promotional") == ""


def test_a_name_is_never_read_as_a_template() -> None:
    sender = SenderFacts(name="{{ 7 }}{% x %}{# y #}", kind="long_code", address="+12025550100", country="US")
    source = decorate("hi", sender, "US", "promotional").source
    assert compile_template(source).render({}).startswith("{{ 7 }}{% x %}{# y #}: hi")
    assert compile_template(literal("a { b }} {{{{")).render({}) == "a { b }} {{{{"


def test_a_contact_is_written_as_its_readers_do() -> None:
    assert contact(KOREAN, "KR") == "1588-0000"
    assert contact(AMERICAN, "US") == "(888) 555-0100"
    assert contact(AMERICAN, "KR") == "+1 888-555-0100"
    assert contact(BRAND, "GB") == ""


TABLE = tomllib.loads(files("pabal.content").joinpath("wording.toml").read_text("utf-8"))


@pytest.mark.parametrize("country", sorted(set(TABLE) - {"as_of"}))
def test_every_country_names_its_source_and_recognises_its_own_wording(country: str) -> None:
    here = wording(country)
    assert here.source
    assert wording_as_of().year >= 2026
    for form in (here.reply, here.number, here.link):
        if form is not None:
            said = form.format(number="36180", link=OUT)
            assert here.written.search(said) or OUT in said
            if country not in ("KR", "JP"):
                assert measure(said, "gsm").encoding == "gsm7"


def test_who_cannot_be_answered_offers_a_link() -> None:
    assert way_out(BRAND, "GB") == "link"
    assert way_out(KOREAN, "US") == "link"
    assert way_out(AMERICAN, "KR") == "link"
    assert way_out(FRENCH, "DE") == "link"
    assert way_out(FRENCH, "FR") == "number"


def test_the_contact_keeps_the_zero_of_a_number_that_nobody_knows() -> None:
    facts = SenderFacts(name="파발상점", kind="long_code", address="0700000001", country="KR")
    assert contact(facts, "KR") == "0700000001"
