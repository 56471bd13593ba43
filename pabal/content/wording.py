"""Who sends this, and how to stop it: put around a text as the recipient's country asks, without repeating the author.

The wording is data (`wording.toml`, dated, each with its source). A sender that cannot be answered (a brand name, a
Korean number, a short code of another country) offers a link instead of a reply.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import phonenumbers
import regex

SenderKind = Literal["long_code", "short_code", "toll_free", "brand_name"]
Purpose = Literal["promotional", "informational"]
WayOut = Literal["number", "reply", "link"]

UNSUBSCRIBE_LINK = "{{ unsubscribe_link }}"
_UNSUBSCRIBE = regex.compile(r"\{\{[^}]*\bunsubscribe_link\b")
_BRACES = regex.compile(r"\{(?=[{%#])")
_SHARED_PLANS = (frozenset({"US", "CA"}),)
_NAME_WITHIN = 60
"""Characters at the start of a text in which the sender's name counts as an introduction."""


@dataclass(frozen=True, kw_only=True)
class SenderFacts:
    """What the wording needs to know of a sender. `country` is ISO 3166 alpha-2; `opt_out_number` is the free number of
    its own country (Korea's 080, France's 36xxx), empty if there is none."""

    name: str
    kind: SenderKind
    address: str
    country: str
    opt_out_number: str = ""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """The wording of one country; texts with `{name}`, `{contact}`, `{number}`, `{link}`. None: not known there."""

    country: str
    label: str
    head: str
    plain_head: str
    reply: str | None
    number: str | None
    link: str
    written: regex.Pattern[str]
    source: str


@dataclass(frozen=True, kw_only=True)
class Decorated:
    """A template with what was put in front of it and behind it."""

    head: str
    body: str
    tail: str

    @property
    def source(self) -> str:
        """The whole template."""
        return self.head + self.body + self.tail


def wording(country: str) -> Wording:
    """The wording for recipients in `country` (ISO 3166 alpha-2), or the usual English one."""
    table = _table()
    entry: dict[str, Any] = table.get(country) or table["default"]
    return Wording(
        country=country,
        label=entry.get("label", ""),
        head=entry["head"],
        plain_head=entry.get("plain_head", entry["head"]),
        reply=entry.get("reply"),
        number=entry.get("number"),
        link=entry["link"],
        written=regex.compile(entry["written"]),
        source=entry["source"],
    )


def wording_as_of() -> date:
    """The day on which the table was last checked."""
    checked: date = _table()["as_of"]
    return checked


def way_out(sender: SenderFacts, country: str) -> WayOut:
    """How a recipient in `country` can stop messages of `sender`."""
    here = wording(country)
    if here.number is not None and sender.opt_out_number and sender.country == country:
        return "number"
    answerable = sender.kind != "brand_name" and "KR" not in (sender.country, country)
    national = sender.country == country or any({sender.country, country} <= plan for plan in _SHARED_PLANS)
    return "reply" if here.reply is not None and answerable and (national or sender.kind == "long_code") else "link"


def decorate(
    source: str,
    sender: SenderFacts,
    country: str,
    purpose: Purpose,
    *,
    opt_out: bool = True,
    sender_name: bool = True,
) -> Decorated:
    """Put identification and the way out around a template, for recipients in `country`.

    What the author wrote already stays and is not repeated. The advertising label of the law ((광고) in Korea) goes in
    front of every promotional text; informational texts get neither label nor way out.
    """
    here = wording(country)
    head, body = _introduced(source.strip(), sender, here, purpose, sender_name=sender_name)
    tail = ""
    if purpose == "promotional" and opt_out and not here.written.search(source) and not _UNSUBSCRIBE.search(source):
        tail = f"\n{_leaving(sender, here)}"
    return Decorated(head=head, body=body, tail=tail)


def decorate_subject(subject: str, country: str, purpose: Purpose) -> str:
    """The title of an LMS with the advertising label in front, since it is what a recipient sees first."""
    label = wording(country).label if purpose == "promotional" else ""
    subject = subject.strip()
    return subject if not subject or subject.startswith(label) else label + subject


def contact(sender: SenderFacts, country: str) -> str:
    """The sender's number as people in `country` write it; empty for a brand name."""
    if sender.kind == "brand_name":
        return ""
    try:
        number = phonenumbers.parse(sender.address, sender.country)
    except phonenumbers.NumberParseException:
        return sender.address
    form = phonenumbers.PhoneNumberFormat
    if sender.country != country:
        return str(phonenumbers.format_number(number, form.INTERNATIONAL))
    written = str(phonenumbers.format_number(number, form.NATIONAL))
    # Of a number that it does not know, libphonenumber loses the zero in front.
    lost = sender.address.startswith("0") and not written.startswith("0")
    return sender.address if lost else written


def _introduced(
    body: str, sender: SenderFacts, here: Wording, purpose: Purpose, *, sender_name: bool
) -> tuple[str, str]:
    """What goes in front of the body, and the body without what moved there."""
    label = here.label if purpose == "promotional" else ""
    if label and body.startswith(label):
        body = body[len(label) :].lstrip()
    named = not sender_name or sender.name.casefold() in body[:_NAME_WITHIN].casefold()
    if named:
        return label, body
    form = here.head if label or not here.label else here.plain_head
    introduction = form.format(name=literal(sender.name), contact=literal(contact(sender, here.country)))
    return label + (introduction.strip() + "\n" if label else introduction), body


def _leaving(sender: SenderFacts, here: Wording) -> str:
    way = way_out(sender, here.country)
    form = {"number": here.number, "reply": here.reply, "link": here.link}[way] or here.link
    return form.format(number=literal(sender.opt_out_number), link=UNSUBSCRIBE_LINK)


def literal(text: str) -> str:
    """`text` so that a template prints it as it is."""
    return _BRACES.sub("{{ '{' }}", text)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(files("pabal.content").joinpath("wording.toml").read_text("utf-8"))
