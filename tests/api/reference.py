"""Writes `docs/reference/api.md` and `docs/reference/errors.md` from the code: `python -m tests.api.reference`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "reference"
STATUS = {"InvalidInput": 422, "NotFound": 404, "NotAllowed": 403, "Conflict": 409, "Unavailable": 503}
DEFAULT = {
    "InvalidInput": "invalid_input",
    "NotFound": "not_found",
    "NotAllowed": "not_allowed",
    "Conflict": "conflict",
    "Unavailable": "unavailable",
}

#: What the code itself does not say in one sentence.
MEANING = {
    "bad_key": "The key holds a character that it cannot; the sentence says which are allowed.",
    "invalid_input": "The request does not have the form that it should; `errors` says where.",
    "not_found": "There is no such thing.",
    "setting_required": "A required setting of the provider is missing; `field` names it.",
    "setting_invalid": "A setting of the provider has an impossible value; `field` names it.",
    "unknown_entry": "A list, sender or other thing that the campaign refers to does not exist.",
    "weak_password": "The password is too short or too easy to guess; the sentence says which.",
    "wrong_state": "The campaign is in a state in which this cannot be done.",
    "conflict": "It was changed at the same moment. Read it again and retry.",
    "unavailable": "An engine that is needed does not answer. Nothing was done; try again.",
    "required": "Something required is missing; `field` names it.",
}


@dataclass(frozen=True, kw_only=True, order=True)
class Code:
    """An error code as the code raises it. `areas`: the packages that raise it."""

    code: str
    status: int
    sentence: str
    area: str


def codes() -> list[Code]:
    """Every error code in the source, found by reading it: constructor calls of our errors, and `errors.response`."""
    found: dict[tuple[str, int], Code] = {}
    for path in sorted((ROOT / "pabal").rglob("*.py")):
        area = path.relative_to(ROOT / "pabal").parts[0].removesuffix(".py")
        tree = ast.parse(path.read_text("utf-8"))
        texts = {  # sentences that are named before they are raised
            (target.id, node.lineno): node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (code := _of_call(node, area, texts)):
                found.setdefault((code.code, code.status), code)
            if isinstance(node, ast.ClassDef) and (code := _of_class(node, area)):
                found.setdefault((code.code, code.status), code)
    from pabal.content.labels import TEMPLATE_ERRORS

    for name, label in TEMPLATE_ERRORS.items():
        found[name, 422] = Code(code=name, status=422, sentence=label["en"], area="content")
    return sorted(replace(c, sentence=MEANING.get(c.code, c.sentence)) for c in found.values())


def _of_class(node: ast.ClassDef, area: str) -> Code | None:
    """An error of its own class: its code, and the first sentence of its docstring."""
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in STATUS]
    for item in node.body:
        if bases and isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant):
            sentence = (ast.get_docstring(node) or "").partition(". ")[0].rstrip(".") + "."
            return Code(code=str(item.value.value), status=STATUS[bases[0]], sentence=sentence, area=area)
    return None


def _of_call(node: ast.Call, area: str, texts: dict[tuple[str, int], ast.expr]) -> Code | None:
    name = (
        node.func.id
        if isinstance(node.func, ast.Name)
        else node.func.attr
        if isinstance(node.func, ast.Attribute)
        else ""
    )
    if name in STATUS and node.args:
        given = next((k.value for k in node.keywords if k.arg == "code"), None)
        if given is None:
            code = DEFAULT[name]
        elif isinstance(given, ast.Constant):
            code = str(given.value)
        else:
            return None
        return Code(code=code, status=STATUS[name], sentence=_sentence(_named(node.args[0], texts)), area=area)
    if name == "response" and area == "api" and len(node.args) == 3 and isinstance(node.args[0], ast.Constant):
        code_node = node.args[1]
        if isinstance(code_node, ast.Constant):
            return Code(
                code=str(code_node.value), status=int(node.args[0].value), sentence=_sentence(node.args[2]), area=area
            )
    return None


def _named(node: ast.expr, texts: dict[tuple[str, int], ast.expr]) -> ast.expr:
    """What a name stands for: the nearest assignment above."""
    if not isinstance(node, ast.Name):
        return node
    above = [(line, value) for (name, line), value in texts.items() if name == node.id and line <= node.lineno]
    return max(above, key=lambda pair: pair[0])[1] if above else node


def _sentence(node: ast.expr) -> str:
    """The English sentence of an error, its variable parts in braces."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return re.sub(r"%\((\w+)\)[sd]", r"{\1}", _sentence(node.left))
    if isinstance(node, ast.Call) and node.args:
        return _sentence(node.args[0])
    return ""


def errors_page() -> str:
    """docs/reference/errors.md"""
    rows = "\n".join(
        f"| `{c.code}` | {c.status} | {c.sentence.replace('|', '/').replace(chr(10), ' ') or '–'} | {c.area} |"
        for c in codes()
    )
    return f"""# Error codes

Codes are stable: programs may depend on them. The sentence is for people and comes in the language of the reader.
Every error of the API has one shape; the status follows from the kind of error:

```json
{{"error": {{"code": "insufficient_balance", "message": "The balance does not cover this.", "field": null,
           "details": {{"needed": 1200000, "available": 900000, "missing": 300000}}, "errors": []}}}}
```

- `field` names the input that is wrong, with its place: `profiles.3.phone`.
- `errors` lists each thing that is wrong when there are several; each has `code`, `message` and `field`. Where the
  request has the wrong form (`invalid_input`), their codes are those of Pydantic (`missing`, `string_too_long`, …).
- 401 and 403: the key. 404: nothing there. 409: the state does not permit it now. 413: too large. 422: the request.
  500: our fault, it is in the log under the response's `X-Request-Id`. 503: try again, nothing was done.

This page is written by `python -m tests.api.reference`.

| code | status | sentence | area |
|---|---|---|---|
{rows}
"""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of the OpenAPI document."""
    from pabal.api.v1 import api

    for path, methods in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def api_page() -> str:
    """docs/reference/api.md"""
    from pabal.accounts.keys import Scope

    scopes = "\n".join(f"| `{scope.value}` | {_english(scope.label)} |" for scope in Scope)
    sections: dict[str, list[str]] = {}
    for method, path, operation in operations():
        scope = operation["x-scope"]
        about = " ".join([operation["summary"] + ".", *operation.get("description", "").split()])
        row = f"| `{method} {path}` | {about} | {f'`{scope}`' if scope else '–'} |"
        sections.setdefault(operation["tags"][0], []).append(row)
    tables = "\n".join(
        f"## {tag}\n\n| operation | what it does | scope |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        for tag, rows in sections.items()
    )
    return f"""# API

Everything that the console does, for programs. The OpenAPI document is at `/api/v1/openapi.json`, its pages at
`/api/v1/docs`, both on your own installation. [How to use it](../how-to/use-the-api.md) begins with a key.

Base: `https://YOUR-HOST/api/v1`. Bodies are JSON in UTF-8 (at most 20 MB; files are not counted).

## Keys and scopes

`Authorization: Bearer pabal_…`. A key is made in the console (Settings → API keys), shown once, stored as a SHA-256 and
can be revoked at once. It may do what its scopes say; none includes another.

| scope | allows |
|---|---|
{scopes}

## What holds everywhere

| | |
|---|---|
| Errors | `{{"error": {{"code", "message", "field", "details", "errors"}}}}`; [the codes](errors.md) |
| Language | of messages: `Accept-Language: ko` or `en` |
| Pages | `?limit=` (1–1000, default 100) and `?cursor=`; the answer is `{{"data": […], "next_cursor": …}}` |
| Repetition | `Idempotency-Key` on POST: the same key with the same request is done once and answered alike for 24 hours (`Idempotent-Replay: true`); with another request: 422 `idempotency_key_reused`; while the first runs: 409 `in_progress`. Refused requests are not remembered, since nothing was done |
| Limit | `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset` (seconds) on every answer to a key: requests of this minute, [`api_per_minute`](settings.md), 1,200 unless set. Past it: 429 `rate_limited` with `Retry-After`; nothing was done |
| Request id | send `X-Request-Id` or get one; it is in the response |
| Amounts | integers in thousandths of a credit |
| Times | ISO 8601 with an offset |
| Unknown fields | are refused (`extra_forbidden`) |
| Audit trail | every change is recorded with the key that made it |

This page is written by `python -m tests.api.reference`.

{tables}"""


def _english(text: Any) -> str:
    from django.utils import translation

    with translation.override("en"):
        return str(text)


PAGES = {"api.md": api_page, "errors.md": errors_page}


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
    import django

    django.setup()
    for name, write in PAGES.items():
        (DOCS / name).write_text(write(), "utf-8")
        print(DOCS / name)
