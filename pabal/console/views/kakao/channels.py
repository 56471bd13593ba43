"""KakaoTalk channels: connected, tested when saved, with their friends and the balance that pays for messages."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal import config
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.billing.models import MILLI
from pabal.billing.queries import balance
from pabal.console import errors, formats
from pabal.console.forms.kakao import ChannelForm
from pabal.console.views.senders import provider_label
from pabal.delivery import accounts, channels, queries
from pabal.delivery.models import ProviderAccount, Sender, SenderKind
from pabal.errors import PabalError

#: Below so many messages to friends the balance is called low.
LOW_MESSAGES = 1_000
#: Won of one message to a friend, where no price is stored (2026-01).
FRIEND_PRICE = 25 * MILLI


def _found() -> list[Sender]:
    return list(
        Sender.objects.select_related("account").filter(kind=SenderKind.KAKAO_CHANNEL, archived_at=None).order_by("id")
    )


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """All channels, and what is left to pay with."""
    found = _found()
    available = balance().available
    loads = {load.sender.pk: load for load in queries.loads(found)}
    values = {
        "rows": [
            (sender, channels.settings_of(sender), provider_label(sender.account.provider), loads[sender.pk])
            for sender in found
        ],
        "balance": formats.money(available / MILLI, config.get().currency),
        "reaches": max(0, available // FRIEND_PRICE),
        "low": available < LOW_MESSAGES * FRIEND_PRICE,
        "may_edit": person(request).may(Role.ADMIN),
    }
    return render(request, "console/channels/index.html", values)


@requires(Role.ADMIN)
def new(request: HttpRequest) -> HttpResponse:
    """Connect a channel on one of the accounts."""
    carrying = list(ProviderAccount.objects.filter(provider__in=channels.PROVIDERS).order_by("-id"))
    if not carrying:
        return render(request, "console/channels/no_account.html")
    form = ChannelForm(request.POST or None, initial={"account_id": carrying[0].pk})
    if request.method == "POST" and form.is_valid():
        try:
            sender = channels.add_channel(**form.cleaned_data, by=actor(request))
            return _tested(request, sender)
        except PabalError as error:
            errors.add_error(form, error)
    return render(request, "console/channels/edit.html", {"form": form}, status=422 if form.errors else 200)


@requires(Role.ADMIN)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a channel."""
    sender = get_object_or_404(Sender.objects.select_related("account"), pk=pk, kind=SenderKind.KAKAO_CHANNEL)
    data: Any = None
    if request.method == "POST":
        data = request.POST.copy()
        data["account_id"] = str(sender.account_id)  # a channel stays with its account
    form = ChannelForm(data, initial=ChannelForm.initial_of(sender))
    form.fields["account_id"].disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            values = {name: value for name, value in form.cleaned_data.items() if name != "account_id"}
            sender = channels.edit_channel(pk, **values, by=actor(request))
            return _tested(request, sender)
        except PabalError as error:
            errors.add_error(form, error)
    values = {"form": form, "sender": sender}
    return render(request, "console/channels/edit.html", values, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_POST
def sandbox(request: HttpRequest) -> HttpResponse:
    """A channel to try everything with."""
    sender = channels.add_sandbox_channel(name=_("My shop"), by=actor(request))
    messages.success(
        request, _("“%(name)s” is ready. Its messages arrive on the handset page.") % {"name": sender.name}
    )
    return redirect("console:channels")


def _tested(request: HttpRequest, sender: Sender) -> HttpResponse:
    """Saved; the gateway is asked at once whether it knows us."""
    try:
        account = sender.account
        accounts.try_connection(account.provider, accounts.with_secrets(account, account.settings))
        messages.success(request, _("“%(name)s” is connected. The gateway answered.") % {"name": sender.name})
    except PabalError as error:
        said = errors.sentence(error)
        messages.warning(request, _("Saved, but the gateway did not answer as it should: %(why)s") % {"why": said})
    return redirect("console:channels")
