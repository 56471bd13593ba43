from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pabal.policy.optout import (
    CONFIRMATIONS,
    HELP_WORDS,
    LANGUAGES,
    START_WORDS,
    STOP_WORDS,
    confirmation,
    language_of,
    read_reply,
)

REPLIES = [
    ("STOP", "US", "stop"),
    ("stop", "US", "stop"),
    ("  Stop!! ", "US", "stop"),
    ("STOP.", "KR", "stop"),
    ("ＳＴＯＰ", "KR", "stop"),
    ("\"stop\"", "US", "stop"),
    ("stop 🛑", "US", "stop"),
    ("STOPALL", "US", "stop"),
    ("stop all", "US", "stop"),
    ("opt out", "US", "stop"),
    ("Opt-Out", "US", "stop"),
    ("OPTOUT", "US", "stop"),
    ("quit", "US", "stop"),
    ("End", "US", "stop"),
    ("REVOKE", "US", "stop"),
    ("cancel", "US", "stop"),
    ("Unsubscribe", "US", "stop"),
    ("수신거부", "KR", "stop"),
    ("수신 거부", "KR", "stop"),
    ("수신거부.", "KR", "stop"),
    ("거부", "KR", "stop"),
    ("그만", "KR", "stop"),
    ("중지", "KR", "stop"),
    ("해지", "KR", "stop"),
    ("그만 보내세요", "KR", "stop"),
    ("수신거부", "US", "stop"),
    ("ARRET", "FR", "stop"),
    ("Arrêt", "FR", "stop"),
    ("STOPP", "DE", "stop"),
    ("kündigen", "DE", "stop"),
    ("BAJA", "ES", "stop"),
    ("alto", "MX", "stop"),
    ("SAIR", "BR", "stop"),
    ("ストップ", "JP", "stop"),
    ("退订", "CN", "stop"),
    ("TD", "CN", "stop"),
    ("START", "US", "start"),
    ("unstop", "US", "start"),
    ("Yes", "US", "start"),
    ("재수신", "KR", "start"),
    ("수신동의", "KR", "start"),
    ("START", "KR", "start"),
    ("Oui", "FR", "start"),
    ("ALTA", "ES", "start"),
    ("Sí", "ES", "start"),
    ("HELP", "US", "help"),
    ("info", "US", "help"),
    ("도움말", "KR", "help"),
    ("AIDE", "FR", "help"),
    ("Hilfe", "DE", "help"),
    ("", "US", None),
    ("   ", "KR", None),
    ("👍", "US", None),
    ("stop by our shop", "US", None),
    ("don't stop", "US", None),
    ("nonstop", "US", None),
    ("the end", "US", None),
    ("yes please call me", "US", None),
    ("수신거부는 어떻게 하나요?", "KR", None),
    ("거부감이 드네요", "KR", None),
    ("배송 중지 아니죠?", "KR", None),
    ("Oui", "KR", None),
    ("ja", "US", None),
    ("TD", "US", None),
    ("T", "KR", None),
    ("1", "US", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "country", "expected"), REPLIES)
def test_a_reply_is_read_whole(text: str, country: str, expected: str | None) -> None:
    assert read_reply(text, country) == expected


def test_decomposed_hangul_is_read() -> None:
    decomposed = unicodedata.normalize("NFD", "수신거부")
    assert len(decomposed) > 4
    assert read_reply(decomposed, "KR") == "stop"


@pytest.mark.parametrize("word", ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"])
@pytest.mark.parametrize("country", ["US", "CA", "KR", "FR", "XX", ""])
def test_the_words_of_the_federal_rule_stop_everywhere(word: str, country: str) -> None:
    assert read_reply(word, country) == "stop"


ALL_STOP_WORDS = sorted({word for words in STOP_WORDS.values() for word in words})
spaces = st.text(alphabet=" \t\n.!?,-_'\"()~…。！*", max_size=4)


@given(
    word=st.sampled_from(ALL_STOP_WORDS), country=st.sampled_from([*LANGUAGES, "XX", ""]), before=spaces, after=spaces
)
def test_a_stop_word_stops_in_every_country_and_case(word: str, country: str, before: str, after: str) -> None:
    for text in (word, word.lower(), word.title()):
        assert read_reply(before + text + after, country) == "stop"


@given(word=st.sampled_from(ALL_STOP_WORDS), more=st.text(alphabet="qxz뷁쫭", min_size=4, max_size=8))
def test_a_stop_word_inside_other_words_is_not_one(word: str, more: str) -> None:
    assert read_reply(f"{word} {more}", "US") is None
    assert read_reply(f"{more}{word}", "KR") is None


def test_start_and_help_words_never_stop_in_their_own_country() -> None:
    for country, languages in LANGUAGES.items():
        for language in ("en", *languages):
            assert {read_reply(word, country) for word in START_WORDS[language]} == {"start"}, (country, language)
            assert {read_reply(word, country) for word in HELP_WORDS[language]} == {"help"}, (country, language)


def test_confirmations_name_the_sender_and_in_korea_the_day() -> None:
    for reply in CONFIRMATIONS:
        english = confirmation(reply, "en", sender="Pabal Shop", day=date(2026, 11, 24))
        korean = confirmation(reply, "ko", sender="파발상점", day=date(2026, 11, 24))
        assert english.startswith("Pabal Shop: ")
        assert english.isascii()
        assert len(english) <= 160
        assert korean.startswith("[파발상점] ")
        assert ("2026-11-24" in korean) == (reply != "help")
        assert len(korean.encode("cp949")) <= 90
    assert confirmation("stop", "sv", sender="A", day=date(2026, 1, 1)) == confirmation(
        "stop", "en", sender="A", day=date(2026, 1, 1)
    )


@pytest.mark.parametrize(
    ("locale", "country", "language"),
    [
        ("", "KR", "ko"), ("", "FR", "fr"), ("", "DE", "de"), ("", "US", "en"), ("", "CA", "en"), ("", "SE", "en"),
        ("en-GB", "KR", "en"), ("es-MX", "US", "es"), ("fr_CA", "CA", "fr"), ("sv", "SE", "en"), ("", "JP", "ja"),
    ],
)  # fmt: skip
def test_people_are_answered_in_their_language_else_in_the_senders(locale: str, country: str, language: str) -> None:
    assert language_of(locale, country) == language


@pytest.mark.parametrize(
    ("country", "language", "again"),
    [
        ("FR", "fr", "OUI"), ("DE", "de", "ANMELDEN"), ("ES", "es", "ALTA"), ("PT", "pt", "VOLTAR"),
        ("IT", "it", "ISCRIVIMI"), ("NL", "nl", "AANMELDEN"), ("JP", "ja", "再開"), ("CN", "zh", "订阅"),
    ],
)  # fmt: skip
def test_the_word_that_a_confirmation_names_is_understood(country: str, language: str, again: str) -> None:
    assert again in confirmation("stop", language, sender="A", day=date(2026, 1, 1))
    assert read_reply(again, country) == "start"
