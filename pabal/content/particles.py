"""Korean particles that agree with the word before them: 민수는, 지현은, 서울로, 부산으로.

Which form follows depends on the last sound. Hangul and numbers are read by `tossi`; Latin letters are read as Koreans
do (John 존, Kate 케이트, LG 엘지). Where nobody can tell, both forms are given, as Korean software does: 은(는).
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

import regex
from tossi.coda import filter_only_significant, guess_coda

PARTICLES: Final[dict[str, tuple[str, str]]] = {
    f"{closed}/{opened}": (closed, opened)
    for closed, opened in [
        ("은", "는"),
        ("이", "가"),
        ("을", "를"),
        ("과", "와"),
        ("아", "야"),
        ("이여", "여"),
        ("으로", "로"),
        ("으로서", "로서"),
        ("으로써", "로써"),
        ("으로부터", "로부터"),
        ("이라", "라"),
        ("이라면", "라면"),
        ("이라고", "라고"),
        ("이란", "란"),
        ("이랑", "랑"),
        ("이나", "나"),
        ("이며", "며"),
        ("이고", "고"),
        ("이든", "든"),
        ("이에요", "예요"),
        ("이네", "네"),
    ]
}
"""The form after a closed syllable (받침) and the form after an open one."""

_SPELLINGS = {form: pair for pair, forms in PARTICLES.items() for form in forms} | {
    spelling: pair
    for pair, (closed, opened) in PARTICLES.items()
    for spelling in (pair, f"{opened}/{closed}", f"{closed}({opened})", f"{opened}({closed})")
}

_EURO = frozenset(closed for closed, _ in PARTICLES.values() if closed.startswith("으로"))
"""Forms that a closing ㄹ does not call for: 서울로."""

_FIRST_SYLLABLE, _SYLLABLES, _CODAS, _RIEUL_INDEX = 0xAC00, 11_172, 28, 8
"""Hangul syllables stand in order of their parts (Unicode, chapter 3.12), the final consonant changing fastest."""

_LATIN = regex.compile(r"[A-Za-z]+$")
_RIEUL, _MIEUM, _NIEUN, _IEUNG, _STOP = "ㄹ", "ㅁ", "ㄴ", "ㅇ", "ㅂ"
_LETTER_CODA = {"L": _RIEUL, "R": _RIEUL, "M": _MIEUM, "N": _NIEUN}
_SOUND_CODA: tuple[tuple[regex.Pattern[str], str], ...] = tuple(
    (regex.compile(pattern), coda)
    for pattern, coda in [
        (r"ng$", _IEUNG),
        (r"(l|lle?|[^aeiou]le|[aeiou]le)$", _RIEUL),
        (r"(m|mb|[aeiou]me)$", _MIEUM),
        (r"(nn?|gn|[aeiou]nne?|[aeiou]ne)$", _NIEUN),
        # A short vowel before a stop closes the syllable (Jack 잭, Bob 밥, Eric 에릭, Scott 스콧); a long one or a
        # consonant does not (Kate 케이트, Mark 마크, Luke 루크).
        (r"(^|[^aeiouy])[aeiou](ck|c|k|pp?|tt?|bb?)$", _STOP),
        (r"(oo)(k|p|t)$", _STOP),
    ]
)


def canonical_particle(spelling: str) -> str | None:
    """The entry of `PARTICLES` that `spelling` means (은/는, 는, 은(는) …), or None if there is none."""
    return _SPELLINGS.get(spelling.replace(" ", ""))


def with_particle(word: str, pair: str) -> str:
    """`word` followed by the form of `pair` (a key of `PARTICLES`) that agrees with it. An empty word stays empty."""
    if not word:
        return word
    closed, opened = PARTICLES[pair]
    syllable = ord(word[-1]) - _FIRST_SYLLABLE
    if not 0 <= syllable < _SYLLABLES:
        return word + _form(word, pair)
    coda = syllable % _CODAS
    return word + (opened if coda == 0 or (coda == _RIEUL_INDEX and closed in _EURO) else closed)


@lru_cache(maxsize=100_000)
def _form(word: str, pair: str) -> str:
    closed, opened = PARTICLES[pair]
    coda = coda_of(word)
    if coda is None:
        return both_forms(pair)
    return opened if not coda or (coda == _RIEUL and closed in _EURO) else closed


def both_forms(pair: str) -> str:
    """Both forms at once, for a word whose reading is unknown: 은(는), (으)로."""
    closed, opened = PARTICLES[pair]
    return f"({closed[: -len(opened)]}){opened}" if closed.endswith(opened) else f"{closed}({opened})"


def coda_of(word: str) -> str | None:
    """The final consonant of the last syllable as read aloud: empty for an open syllable, None if unknown."""
    significant = filter_only_significant(unicodedata.normalize("NFKC", word))
    if not significant:
        return None
    coda: str | None = guess_coda(significant)
    if coda is not None:
        return coda
    latin = _LATIN.search(significant)
    return _coda_of_latin(latin.group()) if latin else None


def _coda_of_latin(word: str) -> str:
    if len(word) == 1 or (word.isupper() and (len(word) <= 3 or not regex.search("[AEIOUY]", word))):
        return _LETTER_CODA.get(word[-1].upper(), "")
    lower = word.lower()
    return next((coda for pattern, coda in _SOUND_CODA if pattern.search(lower)), "")
