"""Each candidate of a campaign: what became of the message, or why there is none; and all of them as a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import get_language, gettext_lazy

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience.models import Channel, Profile
from pabal.audience.queries import find_profiles
from pabal.campaigns.models import Campaign
from pabal.console.parts import Page, Tab
from pabal.console.pictures import as_sent
from pabal.console.views.campaigns.history import entries
from pabal.console.views.kakao import telling
from pabal.delivery.event_reasons import reason_label
from pabal.delivery.models import Message, MessageKind, Sender
from pabal.policy.skips import SKIP_WORDS, SkipReason
from pabal.reports import spreadsheet
from pabal.reports.campaign import Results, results
from pabal.reports.recipients import Group, Recipient, Skipped, State, messages_to, page, recipients, skips

ROWS = 50
SKIPPED = "skipped"
#: Group → (its name, where its number stands in the results, whether its tab is there without any).
TABS: dict[str, tuple[Any, str, bool]] = {
    Group.ALL: (gettext_lazy("All"), "planned", True),
    Group.DELIVERED: (gettext_lazy("Delivered"), "delivered", True),
    Group.UNDERWAY: (gettext_lazy("On the way"), "underway", True),
    Group.WAITING: (gettext_lazy("Waiting"), "waiting", True),
    Group.FAILED: (gettext_lazy("Failed"), "failed", True),
    Group.CLICKED: (gettext_lazy("Clicked"), "clicked", True),
    Group.REPLIED: (gettext_lazy("Replied"), "replied", False),
    Group.UNSUBSCRIBED: (gettext_lazy("Unsubscribed"), "unsubscribed", True),
    Group.UNKNOWN: (gettext_lazy("Unknown"), "unknown", False),
    Group.NOT_SENT: (gettext_lazy("Not sent"), "", True),
    SKIPPED: (gettext_lazy("Skipped"), "", True),
}
#: State → (badge, its word where the badge's own does not fit).
LOOK: dict[State, tuple[str, Any]] = {
    State.WAITING: ("waiting", gettext_lazy("Waiting")),
    State.UNDERWAY: ("accepted", gettext_lazy("On the way")),
    State.DELIVERED: ("delivered", ""),
    State.FAILED: ("failed", ""),
    State.EXPIRED: ("expired", gettext_lazy("Not sent in time")),
    State.CANCELLED: ("cancelled", ""),
    State.UNKNOWN: ("unknown", ""),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One message, ready to be shown."""

    r: Recipient
    badge: str
    label: Any
    reason: str
    clicked: bool
    unsubscribed: bool
    instead: telling.Instead | None


@dataclass(frozen=True, kw_only=True)
class SkipRow:
    """One skip, ready to be shown."""

    skipped: Skipped
    label: str
    why: str


@requires(Role.VIEWER)
def index(request: HttpRequest, key: str) -> HttpResponse:
    """A page of messages or skips, by tab; or what is found for one person."""
    campaign = get_object_or_404(Campaign, key=key)
    found = results(campaign, chart=False)
    shown = request.GET.get("show", Group.ALL)
    shown = shown if shown in TABS else Group.ALL
    q = request.GET.get("q", "").strip()
    values: dict[str, Any] = {
        "campaign": campaign,
        "show": shown,
        "q": q,
        "tabs": _tabs(campaign, found, shown),
        "may_export": person(request).may(Role.EDITOR),
    }
    if q:
        values |= _search(campaign, q)
    elif shown == SKIPPED:
        values |= _skipped(request, campaign, found)
    else:
        values |= _messages(request, campaign, Group(shown))
    return render(request, "console/campaigns/recipients.html", values)


@requires(Role.VIEWER)
def history(request: HttpRequest, key: str, message_id: int) -> HttpResponse:
    """All that happened to one message: a fragment below its row."""
    campaign = get_object_or_404(Campaign, key=key)
    message = get_object_or_404(Message, pk=message_id, campaign_id=campaign.pk)
    profile = Profile.objects.filter(pk=message.profile_id).first()
    sender = Sender.objects.select_related("account").filter(pk=message.sender_id).first()
    images = as_sent(campaign.pk, sender) if message.kind == MessageKind.MMS else ()
    kakao = message.kind == MessageKind.KAKAO
    values = {
        "campaign": campaign,
        "message": message,
        "profile": profile,
        "entries": entries(message),
        "images": images,
        "journey": telling.journey(message, sender) if kakao else None,
    }
    return render(request, "console/kakao/journey.html" if kakao else "console/campaigns/history.html", values)


@requires(Role.EDITOR)
def as_csv(request: HttpRequest, key: str) -> StreamingHttpResponse:
    """Every candidate as a file for a spreadsheet, sent while it is read."""
    campaign = get_object_or_404(Campaign, key=key)
    audit.record(actor(request), "campaign.export", campaign)
    response = StreamingHttpResponse(spreadsheet.lines(campaign), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, f"{campaign.name} ({campaign.key}).csv") or ""
    return response


def _tabs(campaign: Campaign, found: Results, shown: str) -> list[Tab]:
    address = reverse("console:campaign_recipients", args=[campaign.key])
    skipped = found.audience - found.summary.messages if found.summary else None
    tabs = []
    for name, (label, number, always) in TABS.items():
        count = getattr(found, number) if number else found.expired + found.cancelled
        if name == SKIPPED:
            count = skipped
        if always or count or name == shown:
            url = address if name == Group.ALL else f"{address}?show={name}"
            tabs.append(Tab(label=label, url=url, current=name == shown, count=count))
    return tabs


def _messages(request: HttpRequest, campaign: Campaign, group: Group) -> dict[str, Any]:
    after, before = _key(request.GET.get("after")), _key(request.GET.get("before"))
    cut = page(campaign.pk, group, after=after, before=before, limit=ROWS)
    base = {"show": group.value}
    return {
        "rows": _rows(campaign, cut.ids),
        "page": Page(
            shown=len(cut.ids),
            previous_url="?" + urlencode({**base, "before": cut.ids[0]}) if cut.earlier and cut.ids else "",
            next_url="?" + urlencode({**base, "after": cut.ids[-1]}) if cut.later and cut.ids else "",
        ),
    }


def _rows(campaign: Campaign, ids: list[int]) -> list[Row]:
    texts = telling.instead(ids) if campaign.channel == Channel.KAKAO else {}
    return [_row(r, texts.get(r.message.pk)) for r in recipients(ids)]


def _row(r: Recipient, instead: telling.Instead | None) -> Row:
    badge, label = LOOK[r.state]
    kinds = {kind.name for kind in r.events}
    return Row(
        r=r,
        badge=badge,
        label=label,
        reason=reason_label(r.reason) if r.reason else "",
        clicked="CLICKED" in kinds,
        unsubscribed="UNSUBSCRIBED" in kinds,
        instead=instead,
    )


def _skipped(request: HttpRequest, campaign: Campaign, found: Results) -> dict[str, Any]:
    chosen = request.GET.get("reason", "")
    reason = SkipReason.from_key(chosen) if chosen.upper() in SkipReason.__members__ else None
    after, before = _pair(request.GET.get("after")), _pair(request.GET.get("before"))
    rows, earlier, later = skips(campaign.pk, reason=reason, after=after, before=before, limit=ROWS)
    base = {"show": SKIPPED, **({"reason": chosen} if reason else {})}
    first, last = (rows[0].skip, rows[-1].skip) if rows else (None, None)
    counts = {s.reason: s.profiles for s in found.summary.skips} if found.summary else {}
    return {
        "skips": [_skip_row(row) for row in rows],
        "reason": chosen if reason else "",
        "reasons": [
            (r.key, _word(r), counts[r.key])
            for r in SkipReason
            if counts.get(r.key) or (reason is r and r.key in counts)
        ],
        "why": SKIP_WORDS[reason] if reason else None,
        "page": Page(
            shown=len(rows),
            previous_url="?" + urlencode({**base, "before": f"{first.reason}-{first.pk}"}) if earlier and first else "",
            next_url="?" + urlencode({**base, "after": f"{last.reason}-{last.pk}"}) if later and last else "",
        ),
    }


def _search(campaign: Campaign, q: str) -> dict[str, Any]:
    """Messages and skips of the people who are meant."""
    ids = [profile.pk for profile in find_profiles(q, limit=50).profiles]
    rows = _rows(campaign, messages_to(campaign.pk, ids)) if ids else []
    skipped = skips(campaign.pk, profile_ids=ids, limit=ROWS)[0] if ids else []
    return {"rows": rows, "skips": [_skip_row(row) for row in skipped], "page": Page(shown=len(rows) + len(skipped))}


def _skip_row(row: Skipped) -> SkipRow:
    reason = SkipReason(row.skip.reason)
    return SkipRow(skipped=row, label=_word(reason), why=SKIP_WORDS[reason].why[_language()])


def _word(reason: SkipReason) -> str:
    return SKIP_WORDS[reason].label[_language()]


def _language() -> Any:
    return "ko" if (get_language() or "").startswith("ko") else "en"


def _key(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 19 else None


def _pair(text: str | None) -> tuple[int, int] | None:
    reason, _dash, number = (text or "").partition("-")
    key, at = _key(number), _key(reason)
    return (at, key) if at is not None and at < 1000 and key is not None else None
