"""Bodies of requests: whole, or as a stream; gzip; never more than the limit in memory."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from starlette.types import Receive, Scope

from pabal.edge.intake.failures import Malformed, TooLarge
from pabal.edge.intake.limits import LARGEST_REQUEST

_PIECE: Final = 256 * 1024
"""Bytes that one step of decompression makes at most."""


class Gone(Exception):
    """The client hung up."""


def headers(scope: Scope) -> dict[bytes, bytes]:
    """Of headers that come twice, the last."""
    return dict(scope["headers"])


async def whole(receive: Receive, found: dict[bytes, bytes]) -> bytes:
    """The body, decompressed. Raises TooLarge, Malformed, Gone."""
    _announced(found)
    inflate = _inflater(found)
    message = await receive()
    if not inflate and message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        _fits(len(body))
        return body
    parts, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise Gone
        for piece in pieces(inflate, message.get("body", b"")):
            size += len(piece)
            _fits(size)
            parts.append(piece)
        if not message.get("more_body"):
            break
        message = await receive()
    _finished(inflate)
    return b"".join(parts)


async def stream(receive: Receive, found: dict[bytes, bytes]) -> AsyncIterator[bytes]:
    """The body piece by piece, decompressed. Raises Malformed, Gone."""
    inflate = _inflater(found)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        for piece in pieces(inflate, message.get("body", b"")):
            yield piece
        if not message.get("more_body"):
            break
    _finished(inflate)


def pieces(inflate: Any, data: bytes) -> Iterator[bytes]:
    """`data`, decompressed in pieces of bounded size. Raises Malformed."""
    if inflate is None:
        if data:
            yield data
        return
    try:
        while data and not inflate.eof:
            piece = inflate.decompress(data, _PIECE)
            data = inflate.unconsumed_tail
            if piece:
                yield piece
        while not inflate.eof and (piece := inflate.decompress(b"", _PIECE)):
            yield piece
    except zlib.error as error:
        raise Malformed("bad_gzip", f"The body is no gzip: {error}") from None


def _inflater(found: dict[bytes, bytes]) -> Any:
    encoding = found.get(b"content-encoding", b"").strip().lower()
    if encoding in (b"", b"identity"):
        return None
    if encoding in (b"gzip", b"x-gzip", b"deflate"):
        return zlib.decompressobj(zlib.MAX_WBITS | 32)
    raise Malformed("bad_encoding", "Content-Encoding may be gzip, deflate or identity.")


def _finished(inflate: Any) -> None:
    if inflate is not None and not inflate.eof:
        raise Malformed("bad_gzip", "The gzip body ends too early.")


def _announced(found: dict[bytes, bytes]) -> None:
    length = found.get(b"content-length", b"")
    if length.isdigit():
        _fits(int(length))


def _fits(size: int) -> None:
    if size > LARGEST_REQUEST:
        raise TooLarge("too_large", f"A request may have {LARGEST_REQUEST // 1024 // 1024} MB.")
