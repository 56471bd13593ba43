"""How an operation is declared: its scope, whether it changes something, and what the OpenAPI document says of it.

Every write runs in one transaction, honours `Idempotency-Key` on POST and must leave an entry in the audit trail: one
that does not is rolled back and answered with 500, so that a forgotten entry cannot pass a test.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja import Router

from pabal.accounts import audit
from pabal.accounts.keys import Scope
from pabal.api import idempotency, limits
from pabal.api.auth import ApiKeyAuth, authenticate

F = TypeVar("F", bound=Callable[..., Any])
Run = Callable[..., HttpResponse]

ERROR = {
    "description": "What is wrong",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}
IDEMPOTENCY = {
    "in": "header",
    "name": idempotency.HEADER,
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key with the same request gets the same answer for 24 hours and is done once.",
}


class Area(Router):
    """The operations of one subject."""

    def __init__(self, tag: str) -> None:
        super().__init__(tags=[tag])

    def read(self, path: str, *, response: Any, scope: Scope | None = Scope.READ, **options: Any) -> Callable[[F], F]:
        """A GET. Keys need `read` unless said otherwise."""
        return self._declare("GET", path, scope=scope, response={200: response}, writes=False, **options)

    def write(
        self,
        method: str,
        path: str,
        *,
        scope: Scope,
        response: Any,
        status: int = 200,
        audited: bool = True,
        may_change_nothing: bool = False,
        **options: Any,
    ) -> Callable[[F], F]:
        """A POST, PUT, PATCH or DELETE.

        `audited=False` only where nothing is ever changed (a measurement, a preview). `may_change_nothing`: the action
        records changes alone, so sending what is there already leaves no entry.
        """
        return self._declare(
            method,
            path,
            scope=scope,
            response={status: response},
            writes=True,
            audited=audited,
            may_change_nothing=may_change_nothing,
            **options,
        )

    def _declare(
        self,
        method: str,
        path: str,
        *,
        scope: Scope | None,
        response: Any,
        writes: bool,
        audited: bool = False,
        may_change_nothing: bool = False,
        **options: Any,
    ) -> Callable[[F], F]:
        extra: dict[str, Any] = options.pop("openapi_extra", {})
        extra["responses"] = {"default": ERROR, **extra.get("responses", {})}
        extra["x-scope"] = scope.value if scope else None
        if method == "POST":
            extra["parameters"] = [IDEMPOTENCY]
        if writes:
            extra["x-audited"] = audited

        def decorate(function: F) -> F:
            function.writes = writes  # type: ignore[attr-defined]
            function.must_record = audited and not may_change_nothing  # type: ignore[attr-defined]
            declare = self.api_operation(
                [method],
                path,
                auth=ApiKeyAuth(scope),
                response=response,
                operation_id=function.__name__,
                summary=_summary(function),
                description=_description(function),
                url_name=function.__name__,
                openapi_extra=extra,
                **options,
            )
            return declare(function)

        return decorate


def frame(run: Run) -> Run:
    """Wraps the `run` of every operation (a ninja decorator in mode `view`)."""
    operation: Any = run.__self__  # type: ignore[attr-defined]
    function = operation.view_func

    @functools.wraps(run)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            key = authenticate(request)
            if key is not None:
                limits.take(request, key)
            if key is None or not getattr(function, "writes", False):
                return run(request, *args, **kwargs)  # without a key, answers 401 by itself

            def change() -> HttpResponse:
                with audit.watch() as recorded:
                    response = run(request, *args, **kwargs)
                if function.must_record and response.status_code < 400 and not recorded:
                    raise RuntimeError(f"{function.__name__} left no entry in the audit trail")
                return response

            if request.method == "POST":
                return idempotency.once(request, key, change)
            with transaction.atomic():
                response = change()
                if response.status_code >= 400:
                    transaction.set_rollback(True)
            return response
        except Exception as error:
            answer: HttpResponse = operation.api.on_exception(request, error)
            return answer

    return framed


def _summary(function: Callable[..., Any]) -> str:
    return (function.__doc__ or function.__name__.replace("_", " ")).strip().splitlines()[0].rstrip(".")


def _description(function: Callable[..., Any]) -> str:
    lines = (function.__doc__ or "").strip().splitlines()[1:]
    return "\n".join(line.strip() for line in lines).strip()
