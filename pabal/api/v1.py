"""The management API, version 1: everything that the console does, for programs. OpenAPI at `/api/v1/openapi.json`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema
from ninja.renderers import JSONRenderer

import pabal
from pabal.accounts.access import public
from pabal.api import errors
from pabal.api.errors import Error
from pabal.api.operations import frame

DESCRIPTION = """
Everything that the console does, for programs.

**Keys.** Make one in the console under Settings → API keys and send it as `Authorization: Bearer pabal_…`. Each
operation names the scope that it needs.

**Errors.** Every response with a status of 400 or more has one shape: `{"error": {code, message, field, details,
errors}}`. Codes are stable; messages follow `Accept-Language` (ko, en).

**Idempotency.** Send `Idempotency-Key` with a POST: the same key with the same request is done once and gets the same
answer for 24 hours.

**Pages.** Listings give `data` and `next_cursor`; send it as `cursor` for the next page.

**Amounts** are integers in thousandths of a credit. **Times** are ISO 8601 with an offset.
"""


class Renderer(JSONRenderer):
    """Korean as it is written, not as escapes."""

    json_dumps_params = {"ensure_ascii": False}


class Api(NinjaAPI):
    """NinjaAPI with our error schema in its document."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        definition = Error.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schemas = schema["components"]["schemas"]
        schemas.update(definition.pop("$defs", {}))
        schemas["Error"] = definition
        return schema


api = Api(
    title="Pabal",
    version=pabal.__version__,
    description=DESCRIPTION.strip(),
    urls_namespace="api",
    docs=Swagger({"validatorUrl": None, "persistAuthorization": False, "filter": True}),
    docs_decorator=public,
    renderer=Renderer(),
)
api.add_decorator(frame, mode="view")
errors.install(api)
import_module("pabal.api.upserts")  # shares an address, and so the area, with profiles
import_module("pabal.api.merging")
import_module("pabal.api.delivering")  # of the area of campaigns

for module in (
    "me",
    "profiles",
    "consent",
    "lists",
    "segment_people",  # before the next, whose addresses hold any key
    "segments",
    "imports",
    "write_keys",
    "signup_forms",
    "campaigns",
    "plans",
    "messages",
    "senders",
    "channels",
    "tests",
    "images",
    "content",
    "credits",
    "warehouse",
    "alerts",
):
    api.add_router("", f"pabal.api.{module}.area")
