"""The one path from a content to the texts of its recipients: preview, estimate and sending all come through here.

`compile_content` checks the author's text once for a country; `Compiled.render_frame` renders a frame of recipients.
Both are plain data in and out, so a compiled content and its frames can go to a worker process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from pabal.content.alphabets import Scheme
from pabal.content.columns import as_mms, measure_column
from pabal.content.failures import TemplateError
from pabal.content.grammar import is_link
from pabal.content.lexer import pieces
from pabal.content.links import Link, extract_links, quote_links
from pabal.content.rendering import BEGIN, END, ShortLinks, finished, render
from pabal.content.template import Template, compile_template
from pabal.content.values import without_controls
from pabal.content.wording import Purpose, SenderFacts, decorate, decorate_subject

__all__ = ["Compiled", "Content", "Purpose", "SenderFacts", "ShortLinks", "compile_content", "scheme_of"]


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an author wrote, the same for every country. `subject` is the title of an LMS; `mms`: there is a picture."""

    text: str
    subject: str | None = None
    shorten_links: bool = True
    opt_out: bool = True
    sender_name: bool = True
    allow_lms: bool = True
    mms: bool = False


def scheme_of(country: str) -> Scheme:
    """How networks count in the country of the recipient."""
    return "kr" if country == "KR" else "gsm"


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A content ready for the recipients of one country.

    `variables` are the columns that a frame must have; `links` the tracked links in order of position; `decorated` the
    whole template, with the wording of the country.
    """

    country: str
    scheme: Scheme
    text: Template
    subject: Template | None
    links: tuple[Link, ...]
    short_links: ShortLinks
    allow_lms: bool
    mms: bool = False

    @property
    def variables(self) -> tuple[str, ...]:
        """The values that text and title read, by column name, links left out."""
        read = [*self.text.variables, *(self.subject.variables if self.subject else ())]
        return tuple(dict.fromkeys(name for name in read if not is_link(name)))

    @property
    def decorated(self) -> str:
        """The whole template of the text."""
        return self.text.source.replace(BEGIN, "").replace(END, "")

    def render_frame(self, frame: pl.DataFrame, message_ids: npt.NDArray[np.int64] | None = None) -> pl.DataFrame:
        """One row for each row of `frame`: text, subject, encoding, units, parts, kind, problem.

        `frame` has the columns `variables` (those of an event may be missing; others are ignored); `message_ids` are
        the ids that the messages will have. Without them links get the codes of message 0, which is never sent and
        is as long as a real one (up to 114 million messages). `problem` is null or a key of `labels.PROBLEMS`; the text
        is kept where there is one, to show what is wrong. Raises ValueError if a column is missing.
        """
        ids = np.zeros(len(frame), dtype=np.int64) if message_ids is None else message_ids
        if len(ids) != len(frame):
            raise ValueError("as many message ids as rows, please")
        text = render(self.text, frame, ids, self.short_links)
        measured = measure_column(text.texts, self.scheme)
        if self.mms:
            measured = as_mms(measured)
        subject = None
        if self.subject is not None and (measured["kind"] != "sms").any():
            subject = render(self.subject, frame, ids, self.short_links)
        return finished(text, measured, subject, allow_lms=self.allow_lms)

    def render_one(self, values: Mapping[str, Any], message_id: int = 0) -> dict[str, Any]:
        """`render_frame` for one person: the preview. `values` by column name; what is missing is nothing."""
        frame = pl.DataFrame({name: [values.get(name)] for name in self.variables}, strict=False)
        if not self.variables:
            frame = pl.DataFrame({"row": [0]})
        return self.render_frame(frame, np.array([message_id], dtype=np.int64)).row(0, named=True)


def compile_content(
    content: Content, sender: SenderFacts, country: str, short_links: ShortLinks, purpose: Purpose
) -> Compiled:
    """Make `content` of `sender` ready for recipients in `country` (ISO 3166 alpha-2).

    Raises TemplateError (InvalidInput) with `field` "text" or "subject", and the place in what the author wrote.
    """
    written = _checked(content.text, "text")
    decorated = decorate(written, sender, country, purpose, opt_out=content.opt_out, sender_name=content.sender_name)
    body = decorated.body if _always_says_something(decorated.body) else f"{BEGIN}{decorated.body}{END}"
    try:
        whole, links = extract_links(body) if content.shorten_links else (quote_links(body), [])
        text = compile_template(decorated.head + whole + decorated.tail)
    except TemplateError as error:
        error.field = "text"
        raise
    subject = None
    if content.subject and content.subject.strip() and not (content.mms and country != "KR"):  # no MMS has one abroad
        subject = compile_template(decorate_subject(_checked(content.subject, "subject"), country, purpose))
    return Compiled(
        country=country,
        scheme=scheme_of(country),
        text=text,
        subject=subject,
        links=tuple(links),
        short_links=short_links,
        allow_lms=content.allow_lms,
        mms=content.mms,
    )


def _checked(source: str, field: str) -> str:
    """`source` without control characters, if it is a template that an author may write."""
    source = without_controls(source.replace("\r\n", "\n").replace("\r", "\n"))
    try:
        template = compile_template(source)
        for name in template.variables:
            if is_link(name) and (name != "unsubscribe_link" or field == "subject"):
                raise TemplateError("name_reserved", source=source, at=source.find(name), words={"found": name})
    except TemplateError as error:
        error.field = field
        raise
    return source


def _always_says_something(body: str) -> bool:
    """Whether there is text that does not depend on a value or condition."""
    depth = 0
    for piece in pieces(body):
        if piece.kind == "statement" and piece.tokens[0].text in ("if", "for"):
            depth += 1
        elif piece.kind == "statement" and piece.tokens[0].text.startswith("end"):
            depth -= 1
        elif piece.kind == "text" and depth == 0 and body[piece.start : piece.end].strip():
            return True
    return False
