"""The edge: what the internet may reach. Short links and opt-out pages; nothing of the console.

GET  /{code}    a tracked link: record the click, redirect; or the opt-out page
POST /{code}    stop, or undo
GET  /v1/images/{name}   pictures for gateways: `pabal.edge.images`
POST /v1/…      events and people: `pabal.edge.intake`
…    /f/{key}, /o/{token}, /v1/forms/…, /v1/pabal.js   sign-up forms: `pabal.edge.forms`
GET  /healthz   well or not
GET  /metrics   Prometheus, for loopback only
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import psycopg
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from pabal import config
from pabal.content.links import UNSUBSCRIBE, read_code
from pabal.delivery.hooks import Hooks
from pabal.delivery.short_links import short_links
from pabal.edge import optout
from pabal.edge.clicks import ClickBook, Opening, TooMany
from pabal.edge.forms.endpoints import ROUTES as FORM_ROUTES
from pabal.edge.forms.work import Work
from pabal.edge.hooks import hook
from pabal.edge.images import image
from pabal.edge.intake.endpoints import Intake

log = logging.getLogger(__name__)

#: Programs that open links to show a preview or to look for malware: sent on, but not counted as people.
ROBOTS = re.compile(
    r"bot\b|crawler|spider|preview|facebookexternalhit|kakaotalk-scrap|whatsapp|slurp|headlesschrome|"
    r"curl/|wget/|python-requests|scan|monitor|okhttp",
    re.IGNORECASE,
)
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}
PAGE_HEADERS = HEADERS | {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{optout.STYLE_HASH}'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}
LONGEST_AGENT = 300
LONGEST_FORM = 1024


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the pool and the click book; on the way out, answer what still waits."""
    pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
        config.get().database_dsn,
        min_size=1,
        max_size=4,
        timeout=5,
        open=False,
        kwargs={"application_name": "pabal edge"},
    )
    await pool.open()
    app.state.pool = pool
    app.state.book = ClickBook(pool)
    app.state.book.start()
    app.state.hooks = Hooks(pool)
    app.state.hooks.start()
    app.state.intake = Intake(config.get().database_dsn)
    await app.state.intake.start()
    app.state.forms = Work()
    app.state.forms.start()
    try:
        yield
    finally:
        await app.state.forms.stop()
        await app.state.intake.stop()
        await app.state.hooks.stop()
        await app.state.book.stop()
        await pool.close()


async def link(request: Request) -> Response:
    """A click: record it, then redirect. The opt-out link shows its page."""
    known = read_code(short_links().key, request.path_params["code"])
    if known is None:
        return _gone(request)
    message_id, position = known
    if position == UNSUBSCRIBE:
        return await _ask(request, message_id)
    agent = request.headers.get("user-agent", "")[:LONGEST_AGENT]
    counts = request.method == "GET" and bool(agent) and not ROBOTS.search(agent)
    opening = Opening(message_id=message_id, position=position, user_agent=agent, counts=counts)
    try:
        target = await request.app.state.book.open(opening)
    except (TooMany, psycopg.Error, PoolTimeout):
        return _later(request)
    return RedirectResponse(target, 302, headers=HEADERS) if target else _gone(request)


async def act(request: Request) -> Response:
    """The opt-out page's button."""
    known = read_code(short_links().key, request.path_params["code"])
    if known is None or known[1] != UNSUBSCRIBE:
        return _gone(request)
    if int(request.headers.get("content-length") or 0) > LONGEST_FORM:
        return PlainTextResponse("too large", 413)
    form = parse_qs((await request.body())[:LONGEST_FORM].decode(errors="replace"))
    pool = request.app.state.pool
    try:
        recipient = await optout.find(pool, known[0])
        if recipient is None:
            return _gone(request)
        lang = optout.language(recipient, request.headers.get("accept-language", ""))
        if form.get("do") == ["undo"]:
            await optout.undo(recipient)
            page = optout.page(lang, optout.said("undone", lang), [], button=optout.said("button", lang), action="stop")
        else:  # also the one-click POST of mail and message programs, which sends no form
            await optout.stop(pool, recipient)
            lines = [optout.said("stopped_more", lang, recipient)]
            page = optout.page(
                lang, optout.said("stopped", lang), lines, button=optout.said("undo", lang), action="undo", quiet=True
            )
    except (psycopg.Error, PoolTimeout):
        return _later(request)
    return HTMLResponse(page, headers=PAGE_HEADERS)


async def _ask(request: Request, message_id: int) -> Response:
    try:
        recipient = await optout.find(request.app.state.pool, message_id)
    except (psycopg.Error, PoolTimeout):
        return _later(request)
    if recipient is None:
        return _gone(request)
    lang = optout.language(recipient, request.headers.get("accept-language", ""))
    lines = [optout.said("ask", lang, recipient)]
    if lang == "ko":
        lines.append(optout.said("number", lang, recipient))
    page = optout.page(lang, optout.said("title", lang), lines, button=optout.said("button", lang), action="stop")
    return HTMLResponse(page, headers=PAGE_HEADERS)


def _gone(request: Request) -> Response:
    lang = optout.language(None, request.headers.get("accept-language", ""))
    page = optout.page(lang, optout.said("gone", lang), [optout.said("gone_more", lang)])
    return HTMLResponse(page, 404, headers=PAGE_HEADERS)


def _later(request: Request) -> Response:
    lang = optout.language(None, request.headers.get("accept-language", ""))
    page = optout.page(lang, optout.said("later", lang), [])
    return HTMLResponse(page, 503, headers=PAGE_HEADERS | {"Retry-After": "3"})


async def healthz(request: Request) -> Response:
    """200 `ok` when the database answers, else 503."""
    try:
        async with request.app.state.pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout) as error:
        return PlainTextResponse(f"database: {error}", 503)
    return PlainTextResponse("ok")


async def events(scope: Scope, receive: Receive, send: Send) -> None:
    """Event intake: `pabal.edge.intake`."""
    await scope["app"].state.intake(scope, receive, send)


async def metrics(request: Request) -> Response:
    """Not for the internet: only loopback is answered, and nothing that a proxy passed on."""
    client = request.client.host if request.client else ""
    if client not in {"127.0.0.1", "::1"} or "x-forwarded-for" in request.headers:
        return _gone(request)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


app = Starlette(
    routes=[
        Route("/healthz", healthz),
        Route("/metrics", metrics),
        Route("/v1/hooks/{account_id:int}/{token:str}", hook, methods=["POST"]),
        Route("/v1/images/{name:str}", image, methods=["GET", "HEAD"]),
        *FORM_ROUTES,
        Mount("/v1", app=events),
        Route("/{code:str}", link, methods=["GET", "HEAD"]),
        Route("/{code:str}", act, methods=["POST"]),
    ],
    lifespan=lifespan,
)
