"""`GET /v1/pabal.js`: the small program that shops put into their pages. The same file for every site, so it is cached;
its key and its address stand in the page."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_HEADERS: Final = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Cache-Control": "public, max-age=3600, stale-while-revalidate=86400",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
}


@cache
def source() -> tuple[bytes, str]:
    """The program and its entity tag."""
    text = (files("pabal.edge.forms") / "pabal.js").read_bytes()
    return text, f'"{hashlib.sha256(text).hexdigest()[:20]}"'


async def snippet(request: Request) -> Response:
    """The program, or 304 when the browser has it."""
    text, tag = source()
    headers = _HEADERS | {"ETag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(text, headers=headers)
