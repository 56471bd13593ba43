"""The address at which the edge shows a picture to a gateway and its recipients: unguessable, and without a query."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Literal

from pabal import config
from pabal.content.images import CONTENT_TYPES

PREFIX: Final = "/v1/images"
ENDINGS: Final = {"jpeg": "jpg", "png": "png", "gif": "gif"}

#: `i`: a picture as it is in the library; `f`: one made to fit a carrier's limits.
Table = Literal["i", "f"]


def image_url(table: Table, row: int, format: str) -> str:
    """The whole address, at the edge's public base: `…/v1/images/f12-3f9c….jpg`."""
    return f"{config.get().short_link_base}{PREFIX}/{table}{row}-{_token(table, row)}.{ENDINGS[format]}"


def read_name(name: str) -> tuple[Table, int] | None:
    """What a name in such an address stands for; None unless it is one of ours."""
    stem = name.rpartition(".")[0]
    place, _, token = stem.partition("-")
    table, digits = place[:1], place[1:]
    if table not in ("i", "f") or not (digits.isascii() and digits.isdigit()) or len(digits) > 18:
        return None
    known: Table = "i" if table == "i" else "f"
    return (known, int(digits)) if hmac.compare_digest(token.encode(), _token(known, int(digits)).encode()) else None


def content_type(format: str) -> str:
    """The media type of a picture of ours."""
    return CONTENT_TYPES[format]


def _token(table: Table, row: int) -> str:
    secret = config.secret_key(config.get()).encode()
    return hmac.digest(secret, f"image {table}{row}".encode(), hashlib.sha256).hex()[:32]
