"""What views hand to the component tags: small values, nothing of the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A tab is a link to a page of its own; `count` is shown beside its name."""

    label: Any
    url: str
    current: bool = False
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class Page:
    """Where one is in a listing that is paged by cursor. Empty URLs mean that there is nothing that way.

    `shown` is the number of rows on this page; `total`, when it is known cheaply, of all.
    """

    shown: int
    total: int | None = None
    next_url: str = ""
    previous_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a history. `tone` is quiet, accent, good, warn or bad."""

    title: Any
    at: datetime | None = None
    text: Any = ""
    icon: str = "circle-dashed"
    tone: str = "quiet"


@dataclass(frozen=True, kw_only=True)
class Bubble:
    """A message on the phone. `out` is written by the phone's owner; `note` stands small below (e.g. "2 parts"); `images`
    are the addresses of its pictures."""

    text: str
    at: datetime | None = None
    out: bool = False
    title: str = ""
    images: tuple[str, ...] = ()
    note: Any = ""


@dataclass(frozen=True, kw_only=True)
class Skip:
    """So many candidates get no message for this reason. `url` or `detail` (finished HTML) explains them."""

    label: Any
    count: int
    url: str = ""
    detail: Any = ""


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """From the audience, less each skip reason, to the messages. `audience` = sum of skips + `messages`."""

    audience: int
    messages: int
    skips: tuple[Skip, ...] = field(default=())
    audience_label: Any = None
    messages_label: Any = None
