"""Senders: what messages come from, how they are doing, and what may be done with them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.console import errors, formats
from pabal.console.forms.replies import RepliesForm
from pabal.console.forms.senders import SenderForm
from pabal.console.views.replies import rows as reply_rows
from pabal.delivery import actions, queries
from pabal.delivery.models import ProviderAccount, Sender, SenderKind
from pabal.errors import NotFound, PabalError
from pabal.providers import registry


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """An account with how its connection is."""

    account: ProviderAccount
    provider: str
    senders: int
    link: queries.Link


def provider_label(name: str) -> str:
    """What a provider is called, in the reader's language."""
    from django.utils.translation import get_language

    labels = registry.PROVIDERS[name].labels if name in registry.PROVIDERS else {"en": name}
    return labels.get("ko" if (get_language() or "").startswith("ko") else "en", labels["en"])


def _senders(archived: bool = False) -> list[Sender]:
    found = Sender.objects.select_related("account").order_by("id")
    return list(found.exclude(archived_at=None) if archived else found.filter(archived_at=None))


def _accounts(senders: list[Sender]) -> list[AccountRow]:
    counts: dict[int, int] = defaultdict(int)
    for sender in senders:
        counts[sender.account_id] += 1
    links = queries.carrier_links()
    return [
        AccountRow(
            account=account,
            provider=provider_label(account.provider),
            senders=counts[account.pk],
            link=links.get(account.pk, queries.Link(state="idle")),
        )
        for account in ProviderAccount.objects.order_by("name")
    ]


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """All senders with what waits for them, and the accounts that carry them. Kept current by polling."""
    found = _senders()
    values = {
        "loads": queries.loads(found),
        "accounts": _accounts(found),
        "archived": _senders(archived=True),
        "may_edit": person(request).may(Role.ADMIN),
        "idle": not queries.dispatchers_running(),
        "sandbox": any(sender.account.provider == "sandbox" for sender in found),
    }
    return render(request, "console/senders/index.html", values)


@requires(Role.ADMIN)
def new(request: HttpRequest) -> HttpResponse:
    """A sender on one of the accounts; without an account, where to get one."""
    accounts = list(ProviderAccount.objects.order_by("-id"))
    if not accounts:
        return render(request, "console/senders/no_account.html")
    chosen = request.GET.get("account", "")
    initial: dict[str, Any] = {"account_id": int(chosen) if chosen.isdigit() else accounts[0].pk, "country": "KR"}
    form = SenderForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            sender = actions.add_sender(**form.cleaned_data, by=actor(request))
            messages.success(request, _("“%(name)s” can send now.") % {"name": sender.name})
            return redirect("console:senders")
        except PabalError as error:
            errors.add_error(form, error)
    return render(request, "console/senders/new.html", {"form": form}, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_POST
def sandbox(request: HttpRequest) -> HttpResponse:
    """The first sender in one click, on the simulated carrier."""
    name = _("My shop")
    sender = actions.add_sandbox_sender(name=name, by=actor(request))
    messages.success(
        request, _("“%(name)s” is ready. Its messages arrive on the handset page.") % {"name": sender.name}
    )
    return redirect("console:senders")


@requires(Role.VIEWER)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """One sender: its numbers, and (for admins) its settings."""
    sender = get_object_or_404(Sender.objects.select_related("account"), pk=pk)
    if sender.kind == SenderKind.KAKAO_CHANNEL and person(request).may(Role.ADMIN) and sender.archived_at is None:
        return redirect("console:channel", pk=pk)
    if request.method == "POST":
        return requires(Role.ADMIN)(_edit)(request, sender=sender)
    return page(request, sender)


def _edit(request: HttpRequest, *, sender: Sender) -> HttpResponse:
    data = request.POST.copy()
    data["account_id"] = str(sender.account_id)  # a sender stays with its account
    form = SenderForm(data)
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if name != "account_id"}
        try:
            actions.edit_sender(sender.pk, **values, by=actor(request))
            messages.success(request, _("Saved"))
            return redirect("console:sender", pk=sender.pk)
        except PabalError as error:
            errors.add_error(form, error)
    return page(request, sender, form, status=422)


def page(
    request: HttpRequest,
    sender: Sender,
    form: SenderForm | None = None,
    *,
    replies: RepliesForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """A sender's page, with a form as it was sent or as the sender is."""
    form = form or SenderForm(initial=SenderForm.initial_of(sender))
    may_edit = person(request).may(Role.ADMIN) and sender.archived_at is None
    replies = replies or RepliesForm(sender, disabled=not may_edit)
    if not may_edit:
        for field in form.fields.values():
            field.disabled = True
    values = {
        "sender": sender,
        "load": queries.loads([sender])[0],
        "provider": provider_label(sender.account.provider),
        "country": formats.country(sender.country),
        "form": form,
        "replies_form": replies,
        "replies": reply_rows(sender, replies),
        "may_edit": may_edit,
        "campaigns": sender.campaigns.order_by("-id")[:5],
    }
    return render(request, "console/senders/show.html", values, status=status)


@requires(Role.ADMIN)
@require_POST
def act(request: HttpRequest, pk: int, verb: str) -> HttpResponse:
    """Stop, start or archive."""
    by = actor(request)
    match verb:
        case "stop":
            actions.stop_sender(pk, reason=request.POST.get("reason", "")[:200], by=by)
            messages.success(request, _("Stopped. What waits, waits."))
        case "start":
            actions.start_sender(pk, by=by)
            messages.success(request, _("Started"))
        case "archive":
            sender = actions.archive_sender(pk, by=by)
            messages.success(request, _("“%(name)s” is archived.") % {"name": sender.name})
            return redirect("console:senders")
        case _:
            raise NotFound(_("There is no such action."))
    return redirect("console:sender", pk=pk)
