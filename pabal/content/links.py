"""Links in a template: found, replaced by short ones, and their targets kept for the moment of the click.

An address may contain expressions (`https://shop.kr/?u={{ external_id }}`). It ends where a reader would end it: before
closing punctuation, and before Korean that is stuck to it (`https://a.kr/b에서`). Korean that belongs to the address
follows a separator (`https://a.kr/할인`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import regex

from pabal.content.codes import POSITIONS, UNSUBSCRIBE, make_code, make_codes, read_code
from pabal.content.failures import TemplateError
from pabal.content.lexer import Piece, pieces
from pabal.content.template import Template, compile_template

__all__ = [
    "POSITIONS",
    "UNSUBSCRIBE",
    "Link",
    "compile_target",
    "extract_links",
    "make_code",
    "make_codes",
    "quote_links",
    "read_code",
]

_HOLE = "\x1a"
"""Stands for an expression while addresses are looked for."""

_ADDRESS = regex.compile(
    rf"""
    https?://
    (?:(?:[\w-]|{_HOLE})+\.)*(?:[a-z]{{2,63}}|한국|localhost|\d{{1,3}}|{_HOLE})   # host
    (?::\d+)?
    (?:[/?\#{_HOLE}](?:[a-z0-9\-._~:/?\#\[\]@!$&'()*+,;=%{_HOLE}]|(?<=[/=_&?+\-\#])[\p{{L}}\p{{M}}--[a-z]]+)*)?
    """,
    regex.VERBOSE | regex.IGNORECASE | regex.V1,
)
_STUCK = regex.compile(
    r"(?<=[/=_&?+\-#])(?:에서|에게|에는|에|으로|로|을|를|은|는|이|가|와|과|의|도|만|까지|부터|입니다|이에요|예요)$"
)
_BRACKETS = {")": "(", "]": "["}


@dataclass(frozen=True, kw_only=True)
class Link:
    """A tracked link. `position` counts from 0 and is part of its code; in the text it is `{{ link_N }}`, N from 1.

    `target_template` is the address as the author wrote it; `compile_target` makes it ready for rendering.
    """

    position: int
    target_template: str

    @property
    def name(self) -> str:
        """The variable that stands for it in the text."""
        return f"link_{self.position + 1}"


def extract_links(source: str) -> tuple[str, list[Link]]:
    """`source` with every address replaced by `{{ link_1 }}` …, and the links. The same address is one link.

    Raises TemplateError `too_many_links` beyond seven: the eighth position belongs to the way out.
    """
    links: dict[str, Link] = {}
    rewritten: list[str] = []
    at = 0
    for start, end in _addresses(source):
        target = source[start:end]
        link = links.setdefault(target, Link(position=len(links), target_template=target))
        rewritten += [source[at:start], f"{{{{ {link.name} }}}}"]
        at = end
    if len(links) > UNSUBSCRIBE:
        words = {"count": str(len(links)), "limit": str(UNSUBSCRIBE)}
        raise TemplateError("too_many_links", words=words)
    return "".join([*rewritten, source[at:]]), list(links.values())


def compile_target(target_template: str) -> Template:
    """The target of a link, ready to be rendered: what is inserted is percent-encoded."""
    return compile_template(quote_links(target_template))


def quote_links(source: str) -> str:
    """`source` with the expressions inside addresses percent-encoding what they insert."""
    rewritten: list[str] = []
    at = 0
    spans = list(_addresses(source))
    for piece in pieces(source):
        inside = piece.kind == "expression" and any(start <= piece.start < end for start, end in spans)
        if inside and piece.tokens and piece.tokens[-1].text != "urlencode":
            first, last = piece.tokens[0].start, piece.tokens[-1].end
            rewritten += [source[at:first], f"({source[first:last]})|urlencode"]
            at = last
    return "".join([*rewritten, source[at:]])


def _addresses(source: str) -> Iterator[tuple[int, int]]:
    """Where the addresses are: offsets into `source`."""
    for run in _runs(source):
        masked, offsets = "", list[int]()
        for piece in run:
            if piece.kind == "expression":
                masked += _HOLE
                offsets.append(piece.start)
            else:
                masked += source[piece.start : piece.end].replace(_HOLE, " ")
                offsets += range(piece.start, piece.end)
        offsets.append(run[-1].end)
        for match in _ADDRESS.finditer(masked):
            length = len(_trimmed(match[0]))
            yield offsets[match.start()], offsets[match.start() + length]


def _runs(source: str) -> Iterator[list[Piece]]:
    """Stretches of text and expressions between statements: an address does not reach across a statement."""
    run: list[Piece] = []
    for piece in pieces(source):
        if piece.kind in ("text", "expression"):
            run.append(piece)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _trimmed(address: str) -> str:
    """`address` without the punctuation or particle that belongs to the sentence around it."""
    while True:
        shorter = _STUCK.sub("", address).rstrip(".,;:!?'")
        last = shorter[-1:]
        if last in _BRACKETS and shorter.count(last) > shorter.count(_BRACKETS[last]):
            shorter = shorter[:-1]
        if shorter == address:
            return address
        address = shorter
