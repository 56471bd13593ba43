"""Every sentence that a person reads exists in Korean."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.utils.translation import templatize

ROOT = Path(__file__).parent.parent / "pabal"
KEYWORDS = DEFAULT_KEYWORDS | {
    "_": None,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "gettext_noop": None,
    "_p": ((1, "c"), 2),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")

Id = tuple[str, str | None]


def sources() -> Iterator[tuple[str, bytes]]:
    for path in sorted(ROOT.rglob("*.py")):
        yield str(path.relative_to(ROOT)), path.read_bytes()
    for path in sorted(ROOT.rglob("*.html")):
        yield str(path.relative_to(ROOT)), templatize(path.read_text("utf-8"), origin=str(path)).encode()


def wanted() -> dict[Id, str]:
    """(singular, context) → where it stands."""
    found: dict[Id, str] = {}
    for name, text in sources():
        for line, message, _comments, context in extract("python", io.BytesIO(text), keywords=KEYWORDS):
            singular = message[0] if isinstance(message, tuple | list) else message
            if singular:
                found.setdefault((singular, context), f"{name}:{line}")
    for place, at, sentence in inside_f_strings():
        found.setdefault((sentence, None), f"{place}:{at}")
    return found


def inside_f_strings() -> Iterator[tuple[str, int, str]]:
    """Sentences that are translated within an f-string: Babel does not look there before Python 3.12."""
    for path in sorted(ROOT.rglob("*.py")):
        for joined in (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.JoinedStr)):
            for call in (node for node in ast.walk(joined) if isinstance(node, ast.Call)):
                if isinstance(call.func, ast.Name) and call.func.id in {"_", "gettext"} and call.args:
                    sentence = call.args[0]
                    if isinstance(sentence, ast.Constant) and isinstance(sentence.value, str):
                        yield str(path.relative_to(ROOT)), call.lineno, sentence.value


def korean() -> dict[Id, tuple[str | tuple[str, ...], str]]:
    found: dict[Id, tuple[str | tuple[str, ...], str]] = {}
    for path in sorted((ROOT / "locale" / "ko").glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale="ko"):
                if message.id:
                    singular = message.id[0] if isinstance(message.id, tuple | list) else message.id
                    found[singular, message.context] = (message.string, path.name)
    return found


def test_every_sentence_exists_in_korean() -> None:
    have = korean()
    missing = [f"{where}: {text!r}" for (text, context), where in wanted().items() if (text, context) not in have]
    assert not missing, f"{len(missing)} without Korean:\n" + "\n".join(missing)


def test_no_korean_sentence_is_empty_or_loses_a_placeholder() -> None:
    wrong = []
    for (text, _context), (translation, file) in korean().items():
        strings = translation if isinstance(translation, tuple | list) else [translation]
        if not all(strings) or set(PLACEHOLDER.findall(text)) - {p for s in strings for p in PLACEHOLDER.findall(s)}:
            wrong.append(f"{file}: {text!r} → {translation!r}")
    # The number of a plural may be left out of the singular form, but Korean has one form only.
    assert not wrong, "\n".join(wrong)
