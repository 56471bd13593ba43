"""A request to a submission: JSON, as the snippet sends it, or a plain HTML form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from starlette.requests import Request

from pabal.accounts.access import address_behind
from pabal.campaigns.signup.taking import Submission

LARGEST: Final = 16 * 1024
"""Bytes of a submission."""

NAMES: Final = ("phone", "name", "consent", "night", "website", "page", "anonymous_id")
_OFF: Final = frozenset({"", "0", "false", "off", "no", "null"})


class TooLarge(Exception):
    """More than `LARGEST` bytes."""


class Malformed(Exception):
    """Neither JSON nor a form."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was sent: the fields as texts, and whether a program asks (JSON) or a browser that shows the answer."""

    values: dict[str, str]
    program: bool

    def submission(self, request: Request) -> Submission:
        values = self.values
        return Submission(
            phone=values.get("phone", ""),
            agreed=values.get("consent", "").strip().lower() not in _OFF,
            night=values.get("night", "").strip().lower() not in _OFF,
            name=values.get("name", ""),
            trap=values.get("website", ""),
            page=values.get("page") or request.headers.get("referer", ""),
            ip=client_ip(request),
            user_agent=request.headers.get("user-agent", ""),
            anonymous_id=values.get("anonymous_id", ""),
        )


async def read(request: Request) -> Sent:
    """Raises TooLarge, Malformed. JSON counts whatever its content type: as plain text it needs no preflight."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            raise TooLarge
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=50)
        except (UnicodeDecodeError, ValueError):
            raise Malformed from None
        return Sent(values={name: fields[name][-1] for name in NAMES if name in fields}, program=False)
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Malformed from None
    if not isinstance(said, dict):
        raise Malformed
    return Sent(values={name: _text(said[name]) for name in NAMES if name in said}, program=True)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def client_ip(request: Request) -> str:
    """The visitor's address, behind the proxies that are trusted."""
    peer = request.client.host if request.client else ""
    return address_behind(peer, request.headers.get("x-forwarded-for", ""))


def may_use(origin: str, allowed: list[str], host: str) -> bool:
    """Whether a page of `origin` may use a form; a page of the edge itself (`host`) always may."""
    if not origin or not allowed:
        return True
    return origin in allowed or urlsplit(origin).netloc == host
