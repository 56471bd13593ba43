"""What may stand between the braces, and which variables a template reads.

The engine is sandboxed by itself (fuel counts work and the size of what is built). This allow-list keeps the rest out:
no tags beyond if, for and set, no calls, no containers that could grow. While checking, every variable is found and
given a flat name (`first_name` → `v_0`), so that rendering needs one look-up and no object of Python is within reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pabal.content.failures import TemplateError
from pabal.content.lexer import Piece, Token, pieces
from pabal.content.particles import canonical_particle

PROFILE_FIELDS = (
    "external_id",
    "phone",
    "email",
    "first_name",
    "last_name",
    "locale",
    "time_zone",
    "country",
    "region",
)
"""Names that mean the profile itself. Every other name means a custom property."""

SCOPES = ("properties", "event")
"""`properties['name']` is a custom property of the profile, `event['name']` of the event that triggered the message."""

FILTERS = frozenset(
    [
        "default",
        "d",
        "particle",
        "number",
        "date",
        "upper",
        "lower",
        "title",
        "capitalize",
        "trim",
        "length",
        "count",
        "round",
        "int",
        "float",
        "abs",
        "first",
        "last",
        "join",
        "replace",
        "urlencode",
        "sort",
        "unique",
        "reverse",
        "min",
        "max",
        "sum",
    ]
)
TESTS = frozenset(
    [
        "defined",
        "undefined",
        "none",
        "odd",
        "even",
        "divisibleby",
        "number",
        "string",
        "true",
        "false",
        "eq",
        "equalto",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
        "in",
        "startingwith",
        "endingwith",
    ]
)
KEYWORDS = frozenset(["and", "or", "not", "in", "is", "if", "else", "true", "false", "none", "True", "False", "None"])
MULTIPLIER = 10_000
"""The largest number that a template may multiply with."""

_CLOSING = {"endif": "if", "endfor": "for"}
_FLAT = "v_"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A template that may be compiled. `flat` reads `v_0`, `v_1` … which stand for `variables` in that order."""

    flat: str
    variables: tuple[str, ...]


def check(source: str) -> Checked:
    """Check `source` and flatten its variables. Raises TemplateError with the place of what is wrong."""
    return _Checker(source).run()


class _Checker:
    def __init__(self, source: str) -> None:
        self.source = source
        self.variables: dict[str, int] = {}
        self.edits: list[tuple[int, int, str]] = []
        self.local: list[str] = ["loop"]
        self.blocks: list[tuple[str, Token, int]] = []

    def run(self) -> Checked:
        for piece in pieces(self.source):
            if piece.kind == "expression":
                if not piece.tokens:
                    self.fail("nothing_to_show", piece.start)
                self.expression(piece.tokens)
            elif piece.kind == "statement":
                self.statement(piece)
        if self.blocks:
            kind, token, _ = self.blocks[-1]
            self.fail("unclosed_block", token.start, found=kind, expected=f"end{kind}")
        flat, at = [], 0
        for start, end, text in sorted(self.edits):
            flat += [self.source[at:start], text]
            at = end
        return Checked(flat="".join([*flat, self.source[at:]]), variables=tuple(self.variables))

    def fail(self, code: str, at: int, **words: str) -> NoReturn:
        raise TemplateError(code, source=self.source, at=at, words=words)

    def statement(self, piece: Piece) -> None:
        if not piece.tokens:
            self.fail("nothing_to_show", piece.start)
        tag, *rest = piece.tokens
        match tag.text:
            case "if":
                self.blocks.append(("if", tag, len(self.local)))
                self.expression(rest)
            case "elif" | "else":
                if not self.blocks:
                    self.fail("unopened_block", tag.start, found=tag.text)
                self.expression(rest)
            case "endif" | "endfor":
                if not self.blocks or self.blocks[-1][0] != _CLOSING[tag.text] or rest:
                    self.fail("unopened_block", tag.start, found=tag.text)
                kind, _, depth = self.blocks.pop()
                if kind == "for":
                    del self.local[depth:]
            case "for":
                self.loop(tag, rest)
            case "set":
                if len(rest) < 3 or rest[0].kind != "name" or rest[1].text != "=":
                    self.fail("tag_not_allowed", tag.start, found=self.source[piece.start : piece.end])
                self.expression(rest[2:], multiply=0)
                self.bind(rest[0])
            case _:
                self.fail("tag_not_allowed", tag.start, found=tag.text)

    def loop(self, tag: Token, rest: Sequence[Token]) -> None:
        keyword = next((index for index, token in enumerate(rest) if token.text == "in"), None)
        if keyword is None:
            self.fail("template_syntax", tag.start, detail="for … in …")
        condition = next((index for index, token in enumerate(rest) if token.text == "if"), len(rest))
        self.expression(rest[keyword + 1 : condition])
        self.blocks.append(("for", tag, len(self.local)))
        for token in rest[:keyword]:
            if token.kind == "name":
                self.bind(token)
        self.expression(rest[condition:])

    def bind(self, name: Token) -> None:
        if name.text in KEYWORDS or name.text.startswith(("__", _FLAT)):
            self.fail("name_reserved", name.start, found=name.text)
        self.local.append(name.text)

    def expression(self, tokens: Sequence[Token], *, multiply: int = 1) -> None:
        self.bounded(tokens, multiply)
        at = 0
        while at < len(tokens):
            token = tokens[at]
            before = tokens[at - 1] if at else None
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if token.kind == "name":
                at = self.name(tokens, at, before.text if before else "", after)
                continue
            if token.text == "{":
                self.fail("unexpected_character", token.start, found="{")
            if token.text in ("(", "[") and not self.opens_fairly(tokens, at):
                self.fail("call_not_allowed", token.start, found=before.text if before else "")
            at += 1

    def bounded(self, tokens: Sequence[Token], multiply: int) -> None:
        """Refuse products that could repeat a list or text beyond measure before the engine's fuel notices."""
        products = [at for at, token in enumerate(tokens) if token.text in ("*", "**")]
        for at in products:
            sides = [token for token in tokens[max(at - 1, 0) : at + 2] if token.kind == "number"]
            large = any(float(token.text.replace("_", "")) > MULTIPLIER for token in sides)
            if len(products) > multiply or tokens[at].text == "**" or large:
                self.fail("multiplication_not_allowed", tokens[at].start, limit=f"{MULTIPLIER:,}")

    def opens_fairly(self, tokens: Sequence[Token], at: int) -> bool:
        """Whether a bracket groups, subscripts, lists literals, or holds the arguments of a filter or test."""
        token, before = tokens[at], tokens[at - 1] if at else None
        follows_value = before is not None and (
            before.kind in ("string", "number")
            or before.text in (")", "]")
            or (before.kind == "name" and before.text not in KEYWORDS)
        )
        if token.text == "(":
            if not follows_value:
                return True
            earlier = tokens[at - 2].text if at >= 2 else ""
            return (
                before is not None
                and before.kind == "name"
                and (earlier in ("|", "is", "not") or before.text == "range")
            )
        if not follows_value:
            for inside in tokens[at + 1 :]:
                if inside.text == "]":
                    break
                if inside.kind not in ("string", "number") and inside.text not in (",", "-", "true", "false"):
                    self.fail("list_not_allowed", inside.start)
        return True

    def name(self, tokens: Sequence[Token], at: int, before: str, after: str) -> int:
        """Judge the name at `at`; the index of the first token that is not judged yet."""
        token = tokens[at]
        if before == "|":
            self.filter(tokens, at)
        elif token.text in KEYWORDS or before == "." or (after == "=" and before in ("(", ",")):
            pass
        elif before == "is" or (before == "not" and at >= 2 and tokens[at - 2].text == "is"):
            if token.text not in TESTS:
                self.fail("unknown_test", token.start, found=token.text)
        elif after == "(":
            if token.text != "range":
                self.fail("call_not_allowed", token.start, found=token.text)
        elif token.text not in self.local:
            return self.variable(tokens, at)
        return at + 1

    def filter(self, tokens: Sequence[Token], at: int) -> None:
        token, arguments = tokens[at], tokens[at + 1 : at + 4]
        if token.text not in FILTERS:
            self.fail("unknown_filter", token.start, found=token.text)
        if token.text != "particle":
            return
        if [t.kind for t in arguments] != ["sign", "string", "sign"] or arguments[0].text != "(":
            self.fail("unknown_particle", token.start, found="particle")
        pair = canonical_particle(arguments[1].string)
        if pair is None:
            self.fail("unknown_particle", arguments[1].start, found=arguments[1].string)
        self.edits.append((arguments[1].start, arguments[1].end, f"'{pair}'"))

    def variable(self, tokens: Sequence[Token], at: int) -> int:
        base = tokens[at]
        if base.text.startswith(("__", _FLAT)):
            self.fail("name_reserved", base.start, found=base.text)
        name, last = base.text, at
        if base.text in SCOPES:
            key, last = self.key(tokens, at)
            name = f"{base.text}.{key}"
        elif base.text not in PROFILE_FIELDS and not is_link(base.text):
            name = f"properties.{base.text}"
        number = self.variables.setdefault(name, len(self.variables))
        self.edits.append((base.start, tokens[last].end, f"{_FLAT}{number}"))
        if [t.text for t in tokens[last + 1 : last + 3]] == ["|", "default"]:
            # A value is never null or blank here (`values.presentable`), so the engine's own filter does, and faster.
            fallback = tokens[last + 2]
            self.edits.append((fallback.start, fallback.end, "d"))
        return last + 1

    def key(self, tokens: Sequence[Token], at: int) -> tuple[str, int]:
        following = tokens[at + 1 : at + 4]
        texts = [token.text for token in following]
        if len(following) >= 2 and texts[0] == "." and following[1].kind == "name":
            return following[1].text, at + 2
        if len(following) == 3 and texts[0] == "[" and following[1].kind == "string" and texts[2] == "]":
            return following[1].string, at + 3
        self.fail("key_not_literal", tokens[at].start, found=tokens[at].text)


def property_expression(name: str) -> str:
    """How a template names a custom property: plainly if that means the property, else in brackets."""
    taken = name in PROFILE_FIELDS or name in SCOPES or name in KEYWORDS or name == "loop" or is_link(name)
    if name.isidentifier() and not taken and not name.startswith(("__", _FLAT)):
        return name
    quoted = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"properties['{quoted}']"


def is_link(name: str) -> bool:
    """Whether a variable is one of ours: a short link of this message, or the way out."""
    return name == "unsubscribe_link" or (name.startswith("link_") and name[5:].isdigit())
