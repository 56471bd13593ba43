"""Accounts with carriers: chosen, filled in, tried, saved."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role
from pabal.console import errors
from pabal.console.forms.senders import AccountForm
from pabal.console.views.senders import provider_label
from pabal.delivery import accounts
from pabal.delivery.hook_addresses import hook_url
from pabal.delivery.models import ProviderAccount
from pabal.errors import InvalidInput, PabalError
from pabal.providers import registry
from pabal.providers.gateway import Gateway

#: Provider → (icon, what it is for).
CHOICES = {
    "sandbox": (
        "smartphone",
        gettext_lazy("For trying things out. Nothing leaves this machine; messages arrive on the handset page."),
    ),
    "solapi": ("globe", gettext_lazy("Korean texts and KakaoTalk. You need an API key and its secret.")),
    "nhn": ("globe", gettext_lazy("Korean SMS and LMS. You need an app key and its secret key.")),
    "nhn_kakao": (
        "message-circle",
        gettext_lazy(
            "KakaoTalk through NHN Cloud: Brand Message and FriendTalk. You need an app key and its secret key."
        ),
    ),
    "twilio": (
        "globe",
        gettext_lazy("Texts to the US and most countries. You need an account SID and its auth token."),
    ),
    "webhook": ("globe", gettext_lazy("A carrier that we do not know: your own small adapter speaks our JSON to it.")),
    "smpp": ("globe", gettext_lazy("Any carrier or gateway that speaks SMPP 3.4. You need its connection sheet.")),
}


def add_error(form: AccountForm, error: PabalError) -> None:
    """A setting's error stands beside its field."""
    if error.field and f"set_{error.field}" in form.fields:
        form.add_error(f"set_{error.field}", str(error))
    else:
        errors.add_error(form, error)


@requires(Role.ADMIN)
@never_cache
def new(request: HttpRequest) -> HttpResponse:
    """Choose a provider, then fill in what it asks for."""
    provider = request.GET.get("provider", "")
    if provider not in registry.PROVIDERS:
        choices = [
            {"name": name, "label": provider_label(name), "icon": CHOICES[name][0], "note": CHOICES[name][1]}
            for name in registry.PROVIDERS
        ]
        return render(request, "console/senders/account_choose.html", {"choices": choices})
    form = AccountForm(provider, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account = accounts.add_account(
                name=form.cleaned_data["name"],
                provider=provider,
                settings=form.settings(),
                parts_per_second=form.cleaned_data["parts_per_second"],
                by=actor(request),
            )
            messages.success(request, _("The account is there. Now add the number or name that you send from."))
            return redirect(f"/senders/new?account={account.pk}")
        except PabalError as error:
            add_error(form, error)
    return _page(request, form)


@requires(Role.ADMIN)
@never_cache
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Edit an account. Its secrets can be replaced, not read."""
    account = get_object_or_404(ProviderAccount, pk=pk)
    form = AccountForm(account.provider, request.POST or None, account=account)
    if request.method == "POST" and form.is_valid():
        try:
            accounts.edit_account(
                pk,
                name=form.cleaned_data["name"],
                settings=form.settings(),
                parts_per_second=form.cleaned_data["parts_per_second"],
                by=actor(request),
            )
            messages.success(request, _("Saved. Connections are renewed within a few seconds."))
            return redirect("console:senders")
        except PabalError as error:
            add_error(form, error)
    return _page(request, form)


def _page(request: HttpRequest, form: AccountForm) -> HttpResponse:
    called = form.account is not None and issubclass(registry.get(form.provider), Gateway)
    values = {
        "form": form,
        "account": form.account,
        "provider": form.provider,
        "label": provider_label(form.provider),
        "hook_url": hook_url(form.account.pk) if called and form.account else "",
    }
    return render(request, "console/senders/account.html", values, status=422 if form.errors else 200)


@requires(Role.ADMIN)
@require_POST
def try_out(request: HttpRequest, provider: str) -> HttpResponse:
    """Connect with the values in the form, saved or not; answers with a fragment that says how it went."""
    if provider not in registry.PROVIDERS:
        raise InvalidInput(_("There is no such provider."), field="provider")
    chosen = request.POST.get("account", "")
    account = ProviderAccount.objects.filter(pk=int(chosen), provider=provider).first() if chosen.isdigit() else None
    form = AccountForm(provider, request.POST, account=account)
    form.fields["name"].required = False
    problem = ""
    if form.is_valid():
        settings = accounts.with_secrets(account, form.settings()) if account else form.settings()
        try:
            accounts.try_connection(provider, settings)
        except PabalError as error:
            problem = errors.sentence(error)
    else:
        problem = " ".join(f"{form.fields[name].label}: {found[0]}" for name, found in form.errors.items())
    return render(request, "console/senders/tried.html", {"problem": problem, "invalid": bool(form.errors)})
