from __future__ import annotations

from pabal.policy.skips import SKIP_WORDS, TEXT_REASONS, SkipReason

STORED = {
    "not_subscribed": 1,
    "suppressed": 2,
    "no_usable_phone": 3,
    "excluded": 4,
    "duplicate_phone": 5,
    "already_received": 6,
    "country_not_supported": 7,
    "kind_not_supported": 8,
    "encoding_not_supported": 17,
    "recently_messaged": 9,
    "state_cap": 10,
    "outside_hours": 11,
    "deadline_passed": 12,
    "empty_text": 13,
    "over_length": 14,
    "unsendable_characters": 15,
    "render_error": 16,
}


def test_codes_that_are_stored_never_change() -> None:
    assert {reason.key: int(reason) for reason in SkipReason} == STORED
    assert all(SkipReason.from_key(key) == code for key, code in STORED.items())


def test_every_reason_says_what_why_and_what_to_do_in_both_languages() -> None:
    for reason in SkipReason:
        words = SKIP_WORDS[reason]
        for texts in (words.label, words.why, words.remedy):
            assert set(texts) == {"en", "ko"}
            assert any("가" <= char <= "힣" for char in texts["ko"])
            assert texts["en"].isascii()
        for sentence in (words.why, words.remedy):
            assert sentence["en"].endswith(".")
            assert sentence["ko"].endswith(".")


def test_labels_are_distinct() -> None:
    for language in ("en", "ko"):
        assert len({words.label[language] for words in SKIP_WORDS.values()}) == len(SkipReason)


def test_text_reasons_come_after_all_others() -> None:
    assert set(list(SkipReason)[-len(TEXT_REASONS) :]) == TEXT_REASONS
