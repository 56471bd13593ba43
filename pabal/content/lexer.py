"""Cuts a template into text, `{{ expressions }}`, `{% statements %}` and `{# comments #}`, with their tokens.

The engine has a parser of its own; ours sees the same pieces first, so that links are found only in text, variables
are known before a plan starts, and what a text message has no business doing is refused with a place and a reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn

import regex

from pabal.content.failures import TemplateError

_OPENERS = regex.compile(r"\{\{|\{%|\{#")
_CLOSERS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_KINDS: dict[str, Literal["expression", "statement", "comment"]] = {
    "{{": "expression",
    "{%": "statement",
    "{#": "comment",
}
TokenKind = Literal["string", "number", "name", "sign"]
_TOKEN_KINDS: dict[str, TokenKind] = {"string": "string", "number": "number", "name": "name", "sign": "sign"}
_TOKEN = regex.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
  | (?P<number>\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<sign>\*\*|//|==|!=|<=|>=|[-+*/%~|.,:()\[\]{}<>=])
    """,
    regex.VERBOSE | regex.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Token:
    """A word of an expression; `start` and `end` are offsets (code points) into the template."""

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def string(self) -> str:
        """The value of a string token: without its quotes and escapes."""
        return regex.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), self.text[1:-1])


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of a template; `tokens` are those of an expression or statement."""

    kind: Literal["text", "expression", "statement", "comment"]
    start: int
    end: int
    tokens: tuple[Token, ...] = ()


def pieces(source: str) -> Iterator[Piece]:
    """The pieces of `source`, in order and without gaps.

    Raises TemplateError `unclosed_tag` or `unexpected_character`.
    """
    at = 0
    while at < len(source):
        opener = _OPENERS.search(source, at)
        if opener is None:
            yield Piece(kind="text", start=at, end=len(source))
            return
        if opener.start() > at:
            yield Piece(kind="text", start=at, end=opener.start())
        piece = _comment(source, opener.start()) if opener[0] == "{#" else _tag(source, opener.start())
        yield piece
        at = piece.end


def _comment(source: str, start: int) -> Piece:
    end = source.find("#}", start + 2)
    if end < 0:
        _fail("unclosed_tag", source, start, found="{#", expected="#}")
    return Piece(kind="comment", start=start, end=end + 2)


def _tag(source: str, start: int) -> Piece:
    opener = source[start : start + 2]
    closer = _CLOSERS[opener]
    tokens: list[Token] = []
    at = start + 2
    if source[at : at + 1] in ("-", "+"):
        at += 1
    while True:
        for ending in (closer, f"-{closer}", f"+{closer}"):
            if source.startswith(ending, at):
                return Piece(kind=_KINDS[opener], start=start, end=at + len(ending), tokens=tuple(tokens))
        match = _TOKEN.match(source, at)
        if match is None:
            if at >= len(source) or source[at] in "'\"":
                _fail("unclosed_tag", source, start, found=opener, expected=closer)
            _fail("unexpected_character", source, at, found=source[at])
        kind = _TOKEN_KINDS.get(match.lastgroup or "")
        if kind is not None:
            tokens.append(Token(kind=kind, text=match[0], start=at, end=match.end()))
        at = match.end()


def _fail(code: str, source: str, at: int, **words: str) -> NoReturn:
    raise TemplateError(code, source=source, at=at, words=words)
