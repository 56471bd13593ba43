"""Sign-up forms for visitors.

GET  /f/{key}           the form as a page of its own
GET  /v1/forms/{key}    the form as JSON, for the snippet
POST /v1/forms/{key}    somebody signs up: JSON (CORS), or a plain HTML form answered with a page
GET  /o/{token}         the page behind a confirmation's link, with a button
POST /o/{token}         the button: only this confirms
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final

from django.db import DatabaseError
from django.utils import timezone
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pabal.campaigns.models import Signup, SignupForm, SignupState
from pabal.campaigns.signup import deciding, page
from pabal.campaigns.signup.evidence import ip_hash, place
from pabal.campaigns.signup.page import Filled, Look
from pabal.campaigns.signup.taking import Submission, Taken, TooMany, take
from pabal.campaigns.signup.words import said
from pabal.delivery.short_links import short_links
from pabal.edge.forms import reading
from pabal.edge.forms.snippet import snippet
from pabal.edge.forms.work import Busy
from pabal.errors import InvalidInput

Endpoint = Callable[[Request], Awaitable[Response]]

_SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cache-Control": "no-store",
}


def _page_headers() -> dict[str, str]:
    policy = (
        f"default-src 'none'; style-src 'sha256-{page.style_hash()}'; form-action 'self' https: http:; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return _SAFE | {"Content-Security-Policy": policy}


def _open_form(key: str) -> SignupForm | None:
    found = SignupForm.objects.select_related("statement", "night_statement", "sender__account", "list")
    return found.filter(key=key).first()


def or_later(answer: Endpoint) -> Endpoint:
    """503 for a moment without a database, never "there is no such form"."""

    @functools.wraps(answer)
    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except (Busy, DatabaseError):
            more = {"Retry-After": "3"}
            if "text/html" not in request.headers.get("accept", ""):
                return JSONResponse({"error": {"code": "later"}}, 503, headers=_cors(request) | more)
            words = said("error_later", _language(request))
            return HTMLResponse(page.notice(_language(request), words, []), 503, headers=_page_headers() | more)

    return guarded


@or_later
async def hosted(request: Request) -> Response:
    """The form as a page of its own."""
    form = await _find(request)
    if form is None or form.archived_at is not None:
        return _closed(request, form)
    request.app.state.forms.seen(form.pk)
    return _form_page(request, form, Filled())


@or_later
async def definition(request: Request) -> Response:
    """The form for the snippet: finished HTML and its style."""
    form = await _find(request)
    if form is None or form.archived_at is not None:
        return JSONResponse({"error": {"code": "no_such_form"}}, 404, headers=_cors(request))
    if not _allowed(request, form):
        return JSONResponse(
            {"error": {"code": "wrong_origin", "message": said("error_origin", form.language)}},
            403,
            headers=_cors(request),
        )
    request.app.state.forms.seen(form.pk)
    html = page.form_html(Look.of(form), action=_action(form))
    said_too = {
        "wording": form.statement.wording,
        "night": form.night_statement.wording if form.night_statement else "",
    }
    answer = {"html": html, "css": page.form_css(), "language": form.language, **said_too}
    return JSONResponse(answer, headers=_cors(request))


@or_later
async def submit(request: Request) -> Response:
    """Somebody signs up. 200 with the words to show (or a redirect), 422 with what is wrong beside its field, 429."""
    try:
        sent = await reading.read(request)
    except reading.TooLarge:
        return JSONResponse({"error": {"code": "too_large"}}, 413, headers=_cors(request))
    except reading.Malformed:
        return JSONResponse({"error": {"code": "malformed"}}, 400, headers=_cors(request))
    except ClientDisconnect:
        return Response(status_code=400)
    form = await _find(request)
    if form is None or form.archived_at is not None:
        if sent.program:
            return JSONResponse({"error": {"code": "no_such_form"}}, 404, headers=_cors(request))
        return _closed(request, form)
    if not _allowed(request, form):
        return _failed(request, form, sent, 403, "wrong_origin", said("error_origin", form.language))
    try:
        taken: Taken = await request.app.state.forms.do(_take, form, sent.submission(request))
    except InvalidInput as error:
        return _failed(request, form, sent, 422, error.code, str(error), field=error.field or "")
    except TooMany as error:
        return _failed(request, form, sent, 429, error.code, str(error), retry_after=error.retry_after)
    except (Busy, DatabaseError):
        return _failed(request, form, sent, 503, "later", said("error_later", form.language), retry_after=3)
    words = page.thanks_text(form, taken.state)
    if sent.program:
        answer: dict[str, Any] = {"state": taken.state, "message": words, "redirect": form.redirect_url or None}
        return JSONResponse(answer, headers=_cors(request))
    if form.redirect_url:
        return RedirectResponse(form.redirect_url, 303, headers=_SAFE)
    first, _, rest = words.partition("\n")
    return HTMLResponse(page.notice(form.language, first, rest.splitlines()), headers=_page_headers())


async def preflight(request: Request) -> Response:
    """What a browser asks before JSON is sent from another site."""
    more = {
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers=_cors(request) | more)


async def confirm_page(request: Request) -> Response:
    """What the link in the confirmation leads to. Looking confirms nothing: programs open links, too."""
    return await _confirmation(request, act=False)


async def confirm(request: Request) -> Response:
    """The button."""
    return await _confirmation(request, act=True)


async def _confirmation(request: Request, *, act: bool) -> Response:
    lang = _language(request)
    here = place("", ip_hash(reading.client_ip(request)))
    try:
        signup = await request.app.state.forms.do(_decide, request.path_params["token"], act, here)
    except (Busy, DatabaseError):
        answer = page.notice(lang, said("error_later", lang), [])
        return HTMLResponse(answer, 503, headers=_page_headers() | {"Retry-After": "3"})
    if signup is None:
        answer = page.notice(lang, said("gone", lang), [said("gone_more", lang)])
        return HTMLResponse(answer, 404, headers=_page_headers())
    status = 410 if signup.state == SignupState.EXPIRED else 200
    return HTMLResponse(
        page.confirmation(signup, _hosted(signup.form)), status, headers=_page_headers() | {"X-Robots-Tag": "noindex"}
    )


def _decide(token: str, act: bool, here: str) -> Signup | None:
    signup = deciding.find(token)
    if signup is not None and act and deciding.confirm(signup, by="link", actor=_actor(signup, here)):
        signup = deciding.find(token)
    if signup is not None and signup.state == SignupState.PENDING and signup.expires_at <= timezone.now():
        signup.state = SignupState.EXPIRED
    return signup


def _actor(signup: Signup, here: str) -> str:
    """Where it was filled in, and from where it was confirmed when that is another place."""
    there = place(signup.page, signup.ip_hash)
    return there if not here or here in there else f"{there} → {here}"[:200]


def _take(form: SignupForm, submission: Submission) -> Taken:
    return take(form, submission)


async def _find(request: Request) -> SignupForm | None:
    """Raises Busy, DatabaseError: see `or_later`."""
    form: SignupForm | None = await request.app.state.forms.do(_open_form, request.path_params["key"][:64])
    return form


def _allowed(request: Request, form: SignupForm) -> bool:
    return reading.may_use(request.headers.get("origin", ""), form.origins, request.headers.get("host", ""))


def _language(request: Request) -> str:
    """The reader's, where no form says it."""
    return "ko" if request.headers.get("accept-language", "").strip().lower().startswith("ko") else "en"


def _cors(request: Request) -> dict[str, str]:
    origin = request.headers.get("origin")
    return _SAFE | ({"Access-Control-Allow-Origin": origin, "Vary": "Origin"} if origin else {})


def _action(form: SignupForm) -> str:
    return f"{short_links().base}/v1/forms/{form.key}"


def _hosted(form: SignupForm) -> str:
    return f"{short_links().base}/f/{form.key}"


def _form_page(request: Request, form: SignupForm, filled: Filled, status: int = 200) -> Response:
    look = Look.of(form)
    here = filled.values.get("page") or _hosted(form)
    html = page.whole_page(
        form.language, look.title, page.form_html(look, action=f"/v1/forms/{form.key}", filled=filled, page=here)
    )
    return HTMLResponse(html, status, headers=_page_headers())


def _failed(
    request: Request, form: SignupForm, sent: reading.Sent, status: int, code: str, message: str,
    *, field: str = "", retry_after: int = 0,
) -> Response:  # fmt: skip
    more = {"Retry-After": str(retry_after)} if retry_after else {}
    if sent.program:
        error = {"code": code, "message": message, "field": field or None}
        return JSONResponse({"error": error}, status, headers=_cors(request) | more)
    answer = _form_page(request, form, Filled(values=sent.values, errors={field: message}), status)
    answer.headers.update(more)
    return answer


def _closed(request: Request, form: SignupForm | None) -> Response:
    lang = form.language if form is not None else _language(request)
    words = (said("closed", lang), []) if form is not None else (said("gone", lang), [said("gone_more", lang)])
    return HTMLResponse(page.notice(lang, *words), 404 if form is None else 410, headers=_page_headers())


ROUTES: Final = [
    Route("/f/{key:str}", hosted, methods=["GET"]),
    Route("/v1/pabal.js", snippet, methods=["GET"]),
    Route("/v1/forms/{key:str}", definition, methods=["GET"]),
    Route("/v1/forms/{key:str}", submit, methods=["POST"]),
    Route("/v1/forms/{key:str}", preflight, methods=["OPTIONS"]),
    Route("/o/{token:str}", confirm_page, methods=["GET"]),
    Route("/o/{token:str}", confirm, methods=["POST"]),
]
