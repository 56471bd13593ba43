"""Pictures for gateways that fetch them, and for phones that open what a gateway passes on.

Nobody can guess an address: it carries a code of ours (`delivery.image_addresses`).
"""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pabal.delivery.image_addresses import content_type, read_name

TABLES: Final = {"i": "image", "f": "fitted_image"}
HEADERS: Final = {
    "Cache-Control": "public, max-age=86400, immutable",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


async def image(request: Request) -> Response:
    """200 with the picture, 404 for an address that is not ours, 503 when the database does not answer."""
    name = str(request.path_params["name"])
    known = read_name(name)
    if known is None:
        return PlainTextResponse("unknown", 404)
    table, row_id = known
    try:
        async with request.app.state.pool.connection() as connection:
            cursor = await connection.execute(
                f"SELECT format, data FROM {TABLES[table]} WHERE id = %s",  # noqa: S608
                [row_id],
            )
            row = await cursor.fetchone()
    except (psycopg.Error, PoolTimeout):
        return PlainTextResponse("later", 503, headers={"Retry-After": "3"})
    if row is None:
        return PlainTextResponse("gone", 404)
    shown = f'inline; filename="{table}{row_id}.{name.rpartition(".")[2]}"'
    return Response(bytes(row[1]), media_type=content_type(row[0]), headers=HEADERS | {"Content-Disposition": shown})
