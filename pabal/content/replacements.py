"""Replacements for characters that cost money (UCS-2 instead of GSM-7) or do not arrive at all (EUC-KR).

Offered, never applied by themselves: `encoding.replace_forcing` does it when a person asks. Each entry lists candidates
in order of preference; the first that the network carries is taken. Beyond the table: compatibility forms (full-width
letters, ligatures) and Latin letters without their accents. Nothing is offered that changes what is said.
"""

from __future__ import annotations

import unicodedata

from pabal.content.alphabets import Scheme, carries

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    # quotation marks
    ("‘’‚‛′‵ʹʻʼʽˈˊ´`ˋ❛❜＇", ("'",)),
    ("“”„‟″‶ʺˮ❝❞〝〞＂", ('"',)),
    ("«»", ('"',)),
    ("‹›", ("'",)),
    # dashes and minus
    ("‐‑‒–—―−﹘﹣－⁃", ("-",)),
    ("～〜∼", ("~",)),
    # spaces: no-break, en, em, thin, ideographic …
    ("\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", (" ",)),
    # characters that nobody sees: zero-width space, word joiner, byte-order mark, soft hyphen, variation selectors, marks
    ("\u200b\u2060\ufeff\u00ad\ufe0e\ufe0f\u200e\u200f\u200c\u200d🏻🏼🏽🏾🏿", ("",)),
    # line and paragraph separators
    ("\u2028\u2029\u0085", ("\n",)),
    # punctuation
    ("…⋯", ("...",)),
    ("‥", ("..",)),
    ("•‣∙●◦▪■◆○□◇◾◼⦁", ("·", "*")),
    ("·・･‧⋅ㆍᆞ", ("·", "-")),
    ("※", ("*",)),
    ("✱✲✳＊∗⁎", ("*",)),
    ("⁄∕÷", ("/",)),
    ("×✕✖╳", ("×", "x")),
    ("、", (",",)),
    ("。", (".",)),
    ("〔【［⟦", ("[",)),
    ("〕】］⟧", ("]",)),
    ("〈《≪", ("<",)),
    ("〉》≫", (">",)),
    ("「『", ("'",)),
    ("」』", ("'",)),
    ("¦｜│┃", ("|",)),
    # arrows and pointers
    ("→➔➜➝➞⇒▶►➡", ("→", "->")),
    ("←⇐◀◄⬅", ("←", "<-")),
    ("👉", ("☞", "->")),
    ("👈", ("☜", "<-")),
    ("✓✔☑✅", ("√", "*")),
    # stars and hearts
    ("★⭐🌟", ("★", "*")),
    ("☆✩", ("☆", "*")),
    ("♥❤💗💖💕💙💚💛💜🧡🖤", ("♥", "<3")),
    ("♡🤍", ("♡", "<3")),
    # telephones, music, notes
    ("☎📞", ("☎",)),
    ("♪🎵", ("♪",)),
    # money and marks
    ("₩￦", ("￦",)),
    ("￡", ("£",)),
    ("￥", ("¥",)),
    ("©", ("(c)",)),
    ("®", ("®", "(R)")),
    ("™", ("™", "TM")),
    ("№", ("№", "No.")),
    ("½", ("½", "1/2")),
    ("¼", ("¼", "1/4")),
    ("¾", ("¾", "3/4")),
    # letters without a decomposition
    ("łŁ", ("l",)),
    ("đĐ", ("d",)),
    ("ıİ", ("i",)),
    ("œ", ("œ", "oe")),
    ("Œ", ("Œ", "OE")),
    ("æ", ("æ", "ae")),
    ("Æ", ("Æ", "AE")),
    ("ø", ("ø", "o")),
    ("Ø", ("Ø", "O")),
    ("ß", ("ß", "ss")),
    ("ẞ", ("ß", "SS")),
)

_UPPER = {"Ł": ("L",), "Đ": ("D",), "İ": ("I",)}

TABLE: dict[str, tuple[str, ...]] = {
    character: candidates for characters, candidates in _GROUPS for character in characters
} | _UPPER


def _plain(text: str) -> str:
    """`text` without the accents of its Latin letters."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _of_character(character: str, scheme: Scheme) -> str | None:
    if carries(character, scheme):
        return character
    candidates = [*TABLE.get(character, ()), unicodedata.normalize("NFKC", character)]
    if unicodedata.name(character, "").startswith("LATIN"):
        candidates.append(_plain(character))
    for candidate in candidates:
        if all(carries(c, scheme) for c in candidate) and (candidate or character in TABLE):
            return candidate
    return None


def replacement(cluster: str, scheme: Scheme) -> str | None:
    """What to write instead of a grapheme cluster so that the network carries it, or None if nothing says the same."""
    composed = unicodedata.normalize("NFC", cluster)
    parts = [_of_character(character, scheme) for character in composed]
    if None not in parts:
        return "".join(part for part in parts if part is not None)
    if unicodedata.name(cluster[0], "").startswith("LATIN"):
        plain = _plain(cluster)
        if plain and all(carries(c, scheme) for c in plain):
            return plain
    return None
