"""A KakaoTalk message made ready for a million recipients: what is personal becomes slots, what is shared is frozen.

The frozen message is an ordinary `KakaoMessage` in which `{{ text }}` stands for the main text of a recipient and
`{{ slot_N }}` for one of the other personal strings and short links. `fill` puts them back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from pabal.content.codes import POSITIONS, WIDE_POSITIONS, make_codes
from pabal.content.compose import Compiled
from pabal.content.failures import TemplateError
from pabal.content.grammar import is_link
from pabal.content.links import compile_target, quote_links
from pabal.content.rendering import Rendered, ShortLinks, render
from pabal.content.template import Template, compile_template
from pabal.kakao.checks import is_template, string_limit
from pabal.kakao.limits import COMMON, StringLimit
from pabal.kakao.message import KakaoMessage, parse
from pabal.kakao.places import Place, strings, with_strings

TEXT: Final = "{{ text }}"

FIRST_POSITION: Final = POSITIONS
"""Links of KakaoTalk messages come after the positions of texts, one of which is the way out."""

#: Columns that a KakaoTalk message has beside those of a text, in `CompiledKakao.render_frame`.
EXTRA: Final = pl.Schema(
    {
        "slots": pl.List(pl.String()),
        "fallback_text": pl.String(),
        "fallback_subject": pl.String(),
        "fallback_encoding": pl.String(),
        "fallback_units": pl.Int32(),
        "fallback_parts": pl.Int32(),
        "fallback_kind": pl.String(),
        "fallback_problem": pl.String(),
    }
)


@dataclass(frozen=True, kw_only=True)
class KakaoLink:
    """A tracked link: `place` is its field's path, `target_template` as the author wrote it."""

    position: int
    place: str
    target_template: str


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One personal string. `link`: the position of a tracked link, else `template` is rendered within `limit`."""

    path: str
    template: Template | None = None
    limit: StringLimit | None = None
    link: int | None = None


@dataclass(frozen=True, kw_only=True)
class CompiledKakao:
    """A message ready for recipients. Has what `Compiled` has for whoever renders: `variables`, `links`, `render_frame`.

    `frozen` is what all recipients share, `main` the main text. `fallback` is the text in its place, if there is one:
    its links get the codes of message 0, since its own id is not known yet.
    """

    frozen: KakaoMessage
    main: Slot
    slots: tuple[Slot, ...]
    links: tuple[KakaoLink, ...]
    short_links: ShortLinks
    fallback: Compiled | None = None
    country: str = "KR"

    @property
    def variables(self) -> tuple[str, ...]:
        """The values that the message reads, by column name."""
        templates = [slot.template for slot in (self.main, *self.slots) if slot.template is not None]
        read = [name for template in templates for name in template.variables]
        return tuple(dict.fromkeys([*read, *(self.fallback.variables if self.fallback else ())]))

    def render_frame(self, frame: pl.DataFrame, message_ids: npt.NDArray[np.int64] | None = None) -> pl.DataFrame:
        """One row for each row of `frame`, with the columns of `Compiled.render_frame` and `EXTRA`."""
        ids = np.zeros(len(frame), dtype=np.int64) if message_ids is None else message_ids
        assert self.main.template is not None
        text = render(self.main.template, frame, ids, self.short_links)
        units = _length(text.texts)
        problem = _first(
            pl.select(pl.when(text.failed).then(pl.lit("render_error"))).to_series(),
            pl.select(pl.when(text.texts == "").then(pl.lit("empty_text"))).to_series(),
            _over(text, units, self.main.limit),
        )
        columns: list[pl.Series] = []
        for number, slot in enumerate(self.slots):
            made, wrong = self._slot(slot, frame, ids)
            columns.append(made.alias(f"slot_{number}"))
            if wrong is not None:
                problem = _first(problem, wrong)
        slots = pl.DataFrame(columns).select(pl.concat_list(pl.all())).to_series() if columns else None
        whole = pl.DataFrame({"text": text.texts, "units": units.cast(pl.Int32), "problem": problem}).select(
            "text",
            pl.lit(None, pl.String()).alias("subject"),
            pl.lit("utf8").alias("encoding"),
            "units",
            pl.lit(1, pl.Int32()).alias("parts"),
            pl.lit("kakao").alias("kind"),
            "problem",
            pl.lit(slots if slots is not None else None, EXTRA["slots"]).alias("slots"),
        )
        return whole.with_columns(self._fallback_columns(frame))

    def render_one(self, values: Mapping[str, Any]) -> tuple[KakaoMessage, dict[str, Any]]:
        """The message as one person sees it, and the row of `render_frame`."""
        names = self.variables
        frame = pl.DataFrame({name: [values.get(name)] for name in names}, strict=False)
        row = self.render_frame(frame if names else pl.DataFrame({"row": [0]})).row(0, named=True)
        return fill(self.frozen, row["text"], row["slots"]), row

    def _slot(self, slot: Slot, frame: pl.DataFrame, ids: npt.NDArray[np.int64]) -> tuple[pl.Series, pl.Series | None]:
        if slot.link is not None:
            return f"{_web(self.short_links.base)}/" + make_codes(self.short_links.key, ids, slot.link, wide=True), None
        assert slot.template is not None
        made = render(slot.template, frame, ids, self.short_links)
        empty = pl.select(pl.when(made.texts == "").then(pl.lit("render_error"))).to_series()
        return made.texts, _first(_over(made, _length(made.texts), slot.limit), empty)

    def _fallback_columns(self, frame: pl.DataFrame) -> list[pl.Expr]:
        names = ("text", "subject", "encoding", "units", "parts", "kind", "problem")
        if self.fallback is None:
            return [pl.lit(None, EXTRA[f"fallback_{name}"]).alias(f"fallback_{name}") for name in names]
        made = self.fallback.render_frame(frame)
        return [pl.lit(made[name]).cast(EXTRA[f"fallback_{name}"]).alias(f"fallback_{name}") for name in names]


def compile_kakao(
    message: KakaoMessage, short_links: ShortLinks, *, track: bool, fallback: Compiled | None = None, gateway: str = ""
) -> CompiledKakao:
    """Make a message ready for recipients. `track`: web links of buttons, cards and coupons become short links.

    Raises TemplateError (InvalidInput) with the path of the string as `field`.
    """
    places = strings(message)
    main = main_place(message)
    slots: list[Slot] = []
    links: list[KakaoLink] = []
    frozen: dict[str, str] = {}
    body = Slot(path="text", template=compile_template(""))
    for place in places:
        limit = string_limit(message, place.path, gateway)
        if main is not None and place.path == main.path:
            body = Slot(path=place.path, template=_template(place, quote_links(place.value)), limit=limit)
            frozen[place.path] = TEXT
            continue
        slot = None
        position = FIRST_POSITION + len(links)
        if place.kind == "link" and track and position < WIDE_POSITIONS:
            _template(place, place.value)
            slot = Slot(path=place.path, link=position)
            links.append(KakaoLink(position=position, place=place.path, target_template=place.value))
        elif place.personal and is_template(place.value):
            source = place.value if place.kind == "words" else quote_links(place.value)
            slot = Slot(path=place.path, template=_template(place, source), limit=limit or _link_limit(place))
        if slot is not None:
            frozen[place.path] = f"{{{{ slot_{len(slots)} }}}}"
            slots.append(slot)
    return CompiledKakao(
        frozen=with_strings(message, frozen),
        main=body,
        slots=tuple(slots),
        links=tuple(links),
        short_links=short_links,
        fallback=fallback,
    )


def main_place(message: KakaoMessage) -> Place | None:
    """The string that stands for the message in lists: its text, else the first words of it."""
    words = [place for place in strings(message) if place.kind == "words"]
    return next((place for place in words if place.path == "text"), next(iter(words), None))


def fill(frozen: KakaoMessage, text: str, slots: Sequence[str] | None) -> KakaoMessage:
    """The finished message of one recipient."""
    return filler(msgspec.json.encode(frozen))(text, () if slots is None else slots)


@lru_cache(maxsize=64)
def filler(frozen: bytes) -> Filler:
    """What fills a frozen message (as JSON), remembered: a dispatcher does so for thousands."""
    return Filler(frozen)


class Filler:
    """Puts personal strings into a frozen message. A message without any is made once."""

    def __init__(self, frozen: bytes) -> None:
        message = parse(msgspec.json.decode(frozen))
        self._pieces: list[str | int] = []
        self._decoder = msgspec.json.Decoder(KakaoMessage)
        self._encode = msgspec.json.Encoder().encode
        rest = frozen.decode()
        marks = {place.value: _number(place.value) for place in strings(message) if _number(place.value) is not None}
        while True:
            found = [(rest.find(f'"{mark}"'), mark) for mark in marks if f'"{mark}"' in rest]
            if not found:
                break
            at, mark = min(found)
            self._pieces += [rest[:at], marks[mark] or 0]
            rest = rest[at + len(mark) + 2 :]
        self._rest = rest
        self._whole = message if not self._pieces else None

    def __call__(self, text: str, slots: Sequence[str]) -> KakaoMessage:
        if self._whole is not None:
            return self._whole
        values = (text, *slots)
        encode = self._encode
        parts = [encode(values[piece]).decode() if isinstance(piece, int) else piece for piece in self._pieces]
        return self._decoder.decode("".join([*parts, self._rest]))


def _number(mark: str) -> int | None:
    """Which value a mark stands for: 0 the text, n + 1 slot n; None for an ordinary string."""
    if mark == TEXT:
        return 0
    if mark.startswith("{{ slot_") and mark.endswith(" }}") and mark[8:-3].isdigit():
        return int(mark[8:-3]) + 1
    return None


def _template(place: Place, source: str) -> Template:
    try:
        made = compile_target(source) if place.kind == "link" else compile_template(source)
        for name in made.variables:
            if is_link(name):
                raise TemplateError("name_reserved", source=source, at=source.find(name), words={"found": name})
    except TemplateError as error:
        error.field = place.path
        raise
    return made


def _link_limit(place: Place) -> StringLimit | None:
    return StringLimit(most=COMMON.link, newlines=0) if place.kind in ("link", "app_link") else None


def _web(base: str) -> str:
    return base if base.startswith(("http://", "https://")) else f"https://{base}"


def _length(texts: pl.Series) -> pl.Series:
    """Characters as KakaoTalk counts them (`kakao.counting`): beyond the basic plane, two."""
    points = texts.str.len_chars().cast(pl.Int32)
    astral = texts.str.contains(r"[\x{10000}-\x{10FFFF}]")
    if not astral.any():
        return points
    return points + texts.str.count_matches(r"[\x{10000}-\x{10FFFF}]").cast(pl.Int32)


def _over(made: Rendered, units: pl.Series, limit: StringLimit | None) -> pl.Series:
    over = made.cut
    if limit is not None:
        over = over | (units > limit.most)
        if limit.newlines is not None:
            over = over | (made.texts.str.count_matches("\n") > limit.newlines)
    return pl.select(pl.when(over).then(pl.lit("over_length"))).to_series()


def _first(*problems: pl.Series) -> pl.Series:
    return pl.select(pl.coalesce(*problems)).to_series()
