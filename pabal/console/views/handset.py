"""The handset: simulated phones, what arrived on them, and what they answer."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Channel
from pabal.audience.queries import find_profiles
from pabal.console import errors
from pabal.console.kakao.delivered import delivered, frozen
from pabal.console.parts import Bubble
from pabal.console.pictures import as_sent
from pabal.delivery import handset
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.inbound import Received
from pabal.errors import InvalidInput, PabalError

FOUND = 20
#: What a person would answer, by the country of the phone.
QUICK = {"KR": ("수신거부", "재수신", "도움말"), "": ("STOP", "START", "HELP")}


@requires(Role.VIEWER)
def index(request: HttpRequest, phone: str = "") -> HttpResponse:
    """The list of phones beside one of them: the one in the address, else the newest."""
    listed = _list(request, phone)
    chosen = phone or (listed["rows"][0].phone if listed["rows"] else "")
    values: dict[str, Any] = {
        **listed,
        "chosen": chosen,
        "asked": bool(phone),
        "any_sender": bool(handset.sandbox_senders()),
        "may_edit": person(request).may(Role.ADMIN),
        "may_answer": person(request).may(Role.EDITOR),
        **(_phone(chosen, request.GET.get("app", "")) if chosen else {}),
    }
    return render(request, "console/handset/index.html", values)


@requires(Role.VIEWER)
def phones(request: HttpRequest) -> HttpResponse:
    """The list alone, for polling; nothing (204) while it is as the page has it."""
    values = _list(request, request.GET.get("chosen", ""))
    if request.GET.get("mark") == values["list_mark"]:
        return HttpResponse(status=204)
    return render(request, "console/handset/rows.html", values)


@requires(Role.VIEWER)
def thread(request: HttpRequest, phone: str) -> HttpResponse:
    """One phone's texts alone, for polling; nothing (204) while they are as the page has them."""
    values = _phone(phone, request.GET.get("app", ""))
    if request.GET.get("mark") == values["mark"]:
        return HttpResponse(status=204)
    return render(request, "console/handset/thread.html", values)


@requires(Role.EDITOR)
@require_POST
def answer(request: HttpRequest, phone: str) -> HttpResponse:
    """Send what the phone's owner typed, and say what came of it."""
    chosen = request.POST.get("sender", "")
    sender_id = int(chosen) if chosen.isdigit() else None
    try:
        received = handset.answer(phone, request.POST.get("text", ""), sender_id=sender_id)
    except InvalidInput as error:
        response = render(request, "console/handset/thread.html", _phone(phone), status=422)
        return trigger_client_event(response, "toast", {"text": errors.sentence(error), "level": "error"})
    except PabalError as error:
        return errors.respond(request, error)
    subject = audit.Subject(type="inbound", id=str(received.id), label=phone)
    audit.record(actor(request), "handset.answer", subject, {"meaning": received.meaning or ""})
    if not request.headers.get("HX-Request"):
        return redirect("console:handset_phone", phone=phone)
    response = render(request, "console/handset/thread.html", {**_phone(phone), "answered": True})
    return trigger_client_event(response, "toast", {"text": outcome(received), "level": "info"})


@requires(Role.EDITOR)
@require_POST
def block(request: HttpRequest, phone: str) -> HttpResponse:
    """The phone's owner blocks the KakaoTalk channel."""
    chosen = request.POST.get("sender", "")
    try:
        changed = handset.block(phone, int(chosen) if chosen.isdigit() else 0)
    except PabalError as error:
        return errors.respond(request, error)
    audit.record(
        actor(request), "handset.block", audit.Subject(type="inbound", id=phone, label=phone), {"people": changed}
    )
    response = render(request, "console/handset/thread.html", _phone(phone, "kakao"))
    said = _("The channel is blocked. Consent to KakaoTalk messages has ended for this number.")
    return trigger_client_event(response, "toast", {"text": said, "level": "info"})


def outcome(received: Received) -> str:
    """What an answer did, as a sentence."""
    match received.meaning:
        case "stop" if received.reply:
            return _("Consent to advertising texts has ended for this number.")
        case "stop":
            return _("Understood as a refusal. There was no consent to end.")
        case "start" if received.reply:
            return _("Consent to advertising texts is given again.")
        case "start":
            return _("Understood as consent. It was there already.")
        case "help":
            return _("Help was sent. Consent stays as it is.")
        case _:
            return _("Received as an ordinary reply. Nothing changes.")


def _list(request: HttpRequest, chosen: str) -> dict[str, Any]:
    q = request.GET.get("q", "").strip()
    rows = handset.conversations_of(find_profiles(q, limit=FOUND).profiles) if q else handset.conversations()
    return {"rows": rows, "q": q, "chosen": chosen, "list_mark": _mark(rows)}


def _phone(phone: str, app: str = "") -> dict[str, Any]:
    """What the phone shows: its texts, or (`app` kakao) its KakaoTalk chat; the newest decides where nothing is said."""
    found = handset.thread(phone)
    if not app:
        app = "kakao" if found.lines and found.lines[-1].kakao else "text"
    chats = any(line.kakao for line in found.lines)
    consent = handset.consent_of(found.people, Channel.KAKAO if app == "kakao" else Channel.TEXT)
    country = found.people[0].country if found.people else "KR" if phone.startswith("+82") else ""
    subscribed = consent.get("promotional", "never_asked")
    senders = {sender.pk: sender for sender in found.senders}
    pictured = {(line.campaign_id, line.sender_id) for line in found.lines if line.campaign_id and not line.kakao}
    pictures = {key: as_sent(key[0], senders.get(key[1])) for key in pictured}
    return {
        "phone": phone,
        "thread": found,
        "bubbles": [
            Bubble(
                text=line.text,
                at=line.at,
                out=line.out,
                title=line.title,
                note=_parts(line.parts),
                images=pictures.get((line.campaign_id, line.sender_id), ()),
            )
            for line in found.lines
            if not line.kakao
        ],
        "app": app,
        "chats": chats,
        "chat": _chat(found) if app == "kakao" else [],
        "undelivered": [(row, reason_label(row.reason) if row.reason else "") for row in found.undelivered],
        "sender": found.sender,
        "subscribed": subscribed,
        "quick": QUICK.get(country, QUICK[""]),
        "person": found.people[0] if found.people else None,
        "mark": _mark([found.lines, found.undelivered, subscribed, app]),
    }


def _chat(found: handset.Thread) -> list[tuple[Any, Any, int]]:
    """(bubble, when, sender) of each KakaoTalk message, oldest first; `live`, so that its buttons open and count."""
    lines = [line for line in found.lines if line.kakao]
    messages = frozen([line.campaign_id for line in lines])
    senders = {sender.pk: sender for sender in found.senders}
    return [
        (
            delivered(messages[line.campaign_id], line.text, line.slots, sender=senders.get(line.sender_id), live=True),
            line.at,
            line.sender_id,
        )
        for line in lines
        if line.campaign_id in messages
    ]


def _mark(shown: object) -> str:
    """A fingerprint of what is shown, so that a page that has it already is left alone: nothing flickers or scrolls."""
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]


def _parts(parts: int) -> str:
    return ngettext("%(n)s part", "%(n)s parts", parts) % {"n": parts} if parts > 1 else ""
