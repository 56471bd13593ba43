"""The reference page of providers says what the code does. Each table there is one of these, word for word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from pabal.providers import nhn_codes, nhn_kakao_codes, solapi
from pabal.providers.reasons import LABELS
from pabal.providers.registry import PROVIDERS, get
from pabal.providers.sandbox.numbers import BEHAVIOURS
from pabal.providers.settings import Field, fields
from pabal.providers.smpp.status import MAP_ERRORS, OUT_OF_ORDER, REFUSALS, STATES, THROTTLED
from pabal.providers.twilio import ACCOUNT, CODES
from pabal.providers.twilio import THROTTLED as THROTTLED_BY_TWILIO
from pabal.providers.uploads import MediaLimits

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "providers.md"

WORDS = {
    "refused": "refused",
    "failed": "accepted, then failed",
    "expired": "accepted, then expired",
    "late": "accepted; its receipt is late",
    "twice": "accepted; its receipt comes twice",
    "early": "its receipt comes before the answer",
    "never": "accepted; its receipt never comes",
    "uncertain": "carried, but the answer is lost",
}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def matrix() -> str:
    """What each provider can do at most."""
    able = {name: provider.capabilities for name, provider in PROVIDERS.items()}

    def yes(answer: bool) -> str:
        return "yes" if answer else "–"

    rows = [
        [
            "kinds",
            *(", ".join(kind for kind in ("sms", "lms", "mms", "kakao") if kind in can.kinds) for can in able.values()),
        ],
        *(
            [f"encoding {encoding}", *(yes(encoding in can.encodings) for can in able.values())]
            for encoding in ("gsm7", "ucs2", "euckr", "utf8")
        ),
        ["receipts", *(yes(can.receipts) for can in able.values())],
        ["two-way", *(yes(can.two_way) for can in able.values())],
        ["can be asked after a crash", *(yes(can.can_look_up) for can in able.values())],
        ["title of LMS and MMS", *(yes(can.subject) for can in able.values())],
        ["pictures of an MMS", *(_pictures(can.media) for can in able.values())],
        ["messages in one window", *(f"{can.max_window:,}" for can in able.values())],
    ]
    return _table(["", *(f"`{name}`" for name in able)], rows)


def _pictures(media: MediaLimits | None) -> str:
    if media is None:
        return "–"
    formats = ", ".join(name.upper() for name in ("jpeg", "png", "gif") if name in media.formats)
    size = f"{media.max_bytes // 1000} KB, {media.max_width}×{media.max_height}"
    several = f"; up to {media.count}, {media.total_bytes // 1000} KB in all" if media.count > 1 else ""
    return f"{formats} ≤ {size}{several}"


def _default(field: Field) -> str:
    if field.required:
        return "required"
    if isinstance(field.default, bool):
        return "yes" if field.default else "no"
    return (
        f"`{field.default:g}`" if isinstance(field.default, float) else f"`{field.default}`" if field.default else "–"
    )


def settings_table(name: str) -> str:
    """Every setting of a provider."""
    return _table(
        ["setting", "meaning", "default"],
        (
            [
                f"`{field.name}`",
                ": ".join(filter(None, (field.label["en"] + (" (secret)" if field.secret else ""), field.help["en"])))
                + (f" ({', '.join(f'`{choice}`' for choice in field.choices)})" if field.choices else ""),
                _default(field) if field.default != 0 or isinstance(field.default, bool) else "`0`",
            ]
            for field in fields(get(name).settings_type)
        ),
    )


def reasons_table() -> str:
    """Every failure reason."""
    return _table(
        ["reason", "English", "한국어"], ([f"`{r}`", label["en"], label["ko"]] for r, label in LABELS.items())
    )


def numbers_table() -> str:
    """Every number of the sandbox that always behaves the same."""
    return _table(
        ["ends in", "behaviour", "reason"],
        (
            [f"99{digits}", WORDS[special.what], f"`{special.reason}`" if special.reason else "–"]
            for digits, special in BEHAVIOURS.items()
        ),
    )


def codes_table() -> str:
    """Every SMPP code that we know."""
    rows = [[f"command_status 0x{status:02X}", "throttled"] for status in sorted(THROTTLED)]
    rows += [[f"command_status 0x{status:02X}", "unavailable"] for status in sorted(OUT_OF_ORDER)]
    rows += [[f"command_status 0x{status:02X}", f"rejected, `{reason}`"] for status, reason in REFUSALS.items()]
    rows += [
        [f"stat {stat}", f"{ending[0]}" + (f", `{ending[1]}`" if ending[1] else "") if ending else "not final"]
        for stat, ending in STATES.items()
    ]
    rows += [[f"MAP error {error}", f"`{reason}`"] for error, reason in MAP_ERRORS.items()]
    return _table(["code", "meaning"], rows)


def twilio_table() -> str:
    """Every Twilio code that we know."""
    meanings = {code: f"`{reason}`" for code, reason in CODES.items()}
    meanings |= dict.fromkeys(THROTTLED_BY_TWILIO, "throttled")
    meanings |= dict.fromkeys(ACCOUNT, "unavailable: the account cannot send")
    return _table(["code", "meaning"], ([code, meanings[code]] for code in sorted(meanings)))


def solapi_table() -> str:
    """Every Solapi code that we know."""
    meanings = {code: f"`{reason}`" for code, reason in solapi.CODES.items()}
    meanings |= {code: f"{meanings[code]}; in an answer: unavailable" for code in solapi.ACCOUNT}
    meanings |= {"2000": "accepted", "3000": "accepted", "4000": "delivered"}
    return _table(["code", "meaning"], ([code, meanings[code]] for code in sorted(meanings)))


def nhn_table() -> str:
    """Every NHN code that we know."""
    meanings = {code: f"rejected, `{reason}`" for code, reason in nhn_codes.REFUSALS.items()}
    meanings |= dict.fromkeys(nhn_codes.ACCOUNT, "unavailable: the account cannot send")
    meanings |= dict.fromkeys(nhn_codes.AGAIN, "throttled")
    meanings |= dict.fromkeys(nhn_codes.PERHAPS, "uncertain")
    meanings |= {code: f"`{reason}`" for code, reason in nhn_codes.RESULTS.items()} | {"1000": "delivered"}
    return _table(["code", "meaning"], ([code, meanings[code]] for code in sorted(meanings)))


def nhn_kakao_table() -> str:
    """Every code of NHN's KakaoTalk service that we know."""
    meanings = {code: f"rejected, `{reason}`" for code, reason in nhn_kakao_codes.REFUSALS.items()}
    meanings |= dict.fromkeys(nhn_kakao_codes.ACCOUNT, "unavailable: the account or channel cannot send")
    meanings |= dict.fromkeys({*nhn_kakao_codes.PERHAPS, nhn_kakao_codes.REPEATED}, "uncertain")
    meanings |= {code: f"`{reason}`" for code, reason in nhn_kakao_codes.RESULTS.items()}
    meanings |= dict.fromkeys(nhn_kakao_codes.DELIVERED, "delivered")
    meanings |= dict.fromkeys(nhn_kakao_codes.UNCONFIRMED, "not confirmed: unknown")
    return _table(["code", "meaning"], ([code, meanings[code]] for code in sorted(meanings)))


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(matrix(), id="matrix"),
        *(pytest.param(settings_table(name), id=f"settings of {name}") for name in PROVIDERS),
        pytest.param(reasons_table(), id="reasons"),
        pytest.param(numbers_table(), id="numbers"),
        pytest.param(codes_table(), id="codes"),
        pytest.param(twilio_table(), id="codes of Twilio"),
        pytest.param(solapi_table(), id="codes of Solapi"),
        pytest.param(nhn_table(), id="codes of NHN"),
        pytest.param(nhn_kakao_table(), id="codes of NHN's KakaoTalk service"),
    ],
)
def test_the_reference_page_shows(table: str) -> None:
    assert table in PAGE.read_text(), f"docs/reference/providers.md must contain:\n\n{table}\n"
