"""Calls of the intake go straight to it: Starlette's layers would take as long again as the call itself."""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from pabal.edge.intake.endpoints import ADDRESSES


class Front:
    """The edge's application, with a short way to the intake. `app` has it as `state.intake` while it runs."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and scope["path"] in ADDRESSES:
            found: Awaitable[None] = self.app.state.intake(scope, receive, send)
            return found
        return self.app(scope, receive, send)
