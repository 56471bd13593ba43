"""Personal texts: a small, safe template language that renders half a million texts a second.

The engine is `minijinja`. Work and size are bounded by its fuel; `grammar.check` refuses what a text message does not
need. A template is plain data (it can be sent to a worker process); the engine is built once a process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import minijinja

from pabal.content.failures import TemplateError
from pabal.content.filters import OWN, printed
from pabal.content.grammar import check
from pabal.content.lexer import pieces
from pabal.content.values import clean, presentable

SOURCE_LIMIT = 10_000
"""Characters of a template."""

OUTPUT_LIMIT = 4_000
"""Characters of a finished text: more than any network takes, so that cutting it can be left to `over_length`."""

FUEL = 60_000
"""Work of one rendering: a step, or a unit of text built. A text of 4,000 characters takes less than a tenth."""


_ARITHMETIC = frozenset("+-*/%") | {"//"}


@dataclass(frozen=True, kw_only=True)
class Template:
    """A checked template. `variables` are the values it reads, by column name: `first_name`, `properties.등급`,
    `event.금액`, `link_1`. `flat` is the same template over `v_0`, `v_1` …, in their order."""

    source: str
    flat: str
    variables: tuple[str, ...]

    def render(self, values: Mapping[str, Any]) -> str:
        """The finished text for one person, without control characters and without spaces at its ends.

        `values` are keyed by column name; what is missing, null or blank counts as nothing. Raises TemplateError
        `render_failed`, `render_endless` or `output_too_long`.
        """
        given = {
            f"v_{position}": value
            for position, name in enumerate(self.variables)
            if (value := presentable(values.get(name))) is not None
        }
        try:
            text = clean(renderer(self.flat)(**given))
        except minijinja.TemplateError as error:
            raise _failed(error) from error
        if len(text) > OUTPUT_LIMIT:
            words = {"length": f"{len(text):,}", "limit": f"{OUTPUT_LIMIT:,}"}
            raise TemplateError("output_too_long", words=words)
        return text


def compile_template(source: str) -> Template:
    """Check and compile `source`. Raises TemplateError (InvalidInput) with code, line, column and both languages."""
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if len(source) > SOURCE_LIMIT:
        words = {"length": f"{len(source):,}", "limit": f"{SOURCE_LIMIT:,}"}
        raise TemplateError("template_too_long", words=words)
    checked = check(source)
    try:
        renderer(checked.flat)
    except minijinja.TemplateError as error:
        raise _misspelled(source, error) from error
    return Template(source=source, flat=checked.flat, variables=checked.variables)


@lru_cache(maxsize=256)
def renderer(flat: str) -> Callable[..., str]:
    """The engine's function for a flat template: keyword arguments `v_0` … to text.

    Raises minijinja.TemplateError, here if the template is misspelled, in the function if it cannot be rendered.
    """
    engine = minijinja.Environment(
        debug=False,
        fuel=FUEL,
        undefined_behavior="chainable",
        auto_escape_callback=lambda name: False,
        trim_blocks=True,
        lstrip_blocks=True,
        pycompat=False,
        filters=OWN,
    )
    if any(token.text in _ARITHMETIC for piece in pieces(flat) for token in piece.tokens):
        engine.finalizer = printed
    engine.add_template("text", flat)
    return partial(engine.render_template, "text")


def _misspelled(source: str, error: minijinja.TemplateError) -> TemplateError:
    detail = (error.detail or error.message).replace("`", "‘", 1).replace("`", "’", 1)
    at = None
    try:
        minijinja.Environment(debug=False).add_template("text", source)
    except minijinja.TemplateError as original:
        if original.range is not None:
            at = len(source.encode()[: original.range[0]].decode(errors="ignore"))
        detail = (original.detail or detail).replace("`", "'")
    return TemplateError("template_syntax", source=source, at=at or 0, words={"detail": detail})


def _failed(error: minijinja.TemplateError) -> TemplateError:
    if error.kind == "OutOfFuel":
        return TemplateError("render_endless")
    return TemplateError("render_failed", words={"detail": error.detail or error.message})
