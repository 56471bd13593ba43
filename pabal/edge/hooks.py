"""The address that gateways call with receipts and replies."""

from __future__ import annotations

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from pabal.delivery.hook_addresses import hook_url, is_hook
from pabal.errors import InvalidInput, NotAllowed, NotFound, PabalError
from pabal.providers.gateway import Call

LARGEST = 2_000_000
"""Bytes of one call; the largest that gateways send is an array of a thousand results."""


async def hook(request: Request) -> Response:
    """200 once what the call says is durable; 404 for an unknown address, 403 for a signature that is not the
    gateway's, 400 for what cannot be read. After 503 the gateway calls again."""
    account_id = request.path_params["account_id"]
    if not is_hook(account_id, request.path_params["token"]):
        return PlainTextResponse("unknown", 404)
    body = b""
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST:
                return PlainTextResponse("too large", 413)
    except ClientDisconnect:
        return PlainTextResponse("incomplete", 400)
    query = f"?{request.url.query}" if request.url.query else ""
    # As it was given to the gateway, which signs it: a proxy may show us another one.
    call = Call(url=hook_url(account_id) + query, headers=dict(request.headers), body=body)
    try:
        await request.app.state.hooks.take(account_id, call)
    except NotFound as error:
        return PlainTextResponse(str(error), 404)
    except NotAllowed as error:
        return PlainTextResponse(str(error), 403)
    except InvalidInput as error:
        return PlainTextResponse(str(error), 400)
    except (psycopg.Error, PoolTimeout, PabalError):
        return PlainTextResponse("later", 503, headers={"Retry-After": "5"})
    return Response(status_code=204) if request.headers.get("x-twilio-signature") else PlainTextResponse("ok")
