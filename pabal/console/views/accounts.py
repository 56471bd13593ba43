"""Getting in and out: the first run, logging in, invitations; and one's own settings."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from functools import lru_cache
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from pabal.accounts import actions
from pabal.accounts import login as attempts
from pabal.accounts.access import actor, client_address, person, public, requires
from pabal.accounts.audit import Actor, record
from pabal.accounts.models import Role
from pabal.console import errors
from pabal.console.views.settings import tabs
from pabal.errors import InvalidInput, NotAllowed, PabalError


class LoginForm(forms.Form):
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )


def new_password(label: Any = _("Password")) -> forms.CharField:
    """A field for choosing a password."""
    return forms.CharField(
        label=label,
        strip=False,
        help_text=_("At least 10 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "minlength": 10}),
    )


class WelcomeForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True})
    )
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = new_password()


class JoinForm(forms.Form):
    password = new_password()


class PasswordForm(forms.Form):
    old = forms.CharField(
        label=_("Present password"),
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new = new_password(_("New password"))


class PreferencesForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=[("", _("As installed")), ("ko", "한국어"), ("en", "English")]
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["time_zone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("As installed (%(zone)s)") % {"zone": settings.TIME_ZONE}), *time_zones()]


@public
@never_cache
@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponse:
    if actions.is_first_run():
        return redirect("console:welcome")
    if request.user.is_authenticated:
        return HttpResponseRedirect(_next(request))
    form = LoginForm(request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        email, password = form.cleaned_data["email"], form.cleaned_data["password"]
        address = client_address(request)
        try:
            user = attempts.check(request, email, password, address=address)
        except NotAllowed as error:
            form.add_error(None, str(error))
            status = 429
        except InvalidInput as error:
            form.add_error(None, str(error))
            status = 422
        else:
            start_session(request, user)
            record(Actor(user=user, address=address), "user.log_in", user)
            return HttpResponseRedirect(_next(request))
    elif request.method == "POST":
        status = 422
    values = {"form": form, "next": request.POST.get("next") or request.GET.get("next", "")}
    return render(request, "console/accounts/login.html", values, status=status)


@public
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        record(actor(request), "user.log_out", person(request))
    end_session(request)
    return redirect("console:login")


@public
@never_cache
@sensitive_post_parameters("password")
def welcome(request: HttpRequest) -> HttpResponse:
    """The first run: whoever opens it makes the first account. Closed as soon as there is one."""
    if not actions.is_first_run():
        return redirect("console:login")
    form = WelcomeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.make_first_admin(**form.cleaned_data, by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            start_session(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect(settings.LOGIN_REDIRECT_URL)
    return render(
        request, "console/accounts/welcome.html", {"form": form}, status=422 if request.method == "POST" else 200
    )


@public
@never_cache
@sensitive_post_parameters("password")
def join(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """Behind a one-time link: choose a password, and be logged in."""
    user = actions.invited(uid, token)
    if user is None:
        text = _("This link has expired or was used. Ask an administrator for a new one.")
        return errors.page(request, 404, str(text))
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.join(uid, token, password=form.cleaned_data["password"], by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            start_session(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
            return redirect(settings.LOGIN_REDIRECT_URL)
    response = render(
        request,
        "console/accounts/join.html",
        {"form": form, "joining": user},
        status=422 if request.method == "POST" else 200,
    )
    response["Referrer-Policy"] = "no-referrer"
    return response


@requires(Role.VIEWER)
def me(request: HttpRequest) -> HttpResponse:
    """One's own name, language and time zone."""
    user = person(request)
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    form = PreferencesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            actions.set_preferences(user, **form.cleaned_data, by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            messages.success(request, _("Saved"))
            response = redirect("console:me")
            response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)  # the choice made here wins over the switch
            return response
    return _me(request, form, PasswordForm())


@requires(Role.VIEWER)
@require_POST
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    """Change one's own password; other sessions end, this one stays."""
    user = person(request)
    form = PasswordForm(request.POST)
    if form.is_valid():
        try:
            user = actions.change_password(user, **form.cleaned_data, by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            update_session_auth_hash(request, user)
            messages.success(request, _("The password is changed. You are logged out everywhere else."))
            return redirect("console:me")
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    return _me(request, PreferencesForm(initial=initial), form)


def _me(request: HttpRequest, form: forms.Form, password_form: forms.Form) -> HttpResponse:
    values = {"form": form, "password_form": password_form, "tabs": tabs(request, "me")}
    return render(request, "console/accounts/me.html", values, status=422 if request.method == "POST" else 200)


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


@lru_cache(maxsize=1)
def _zones(hour: int) -> list[tuple[str, str]]:
    now = datetime.now(zoneinfo.ZoneInfo("UTC"))
    names = [n for n in zoneinfo.available_timezones() if "/" in n and not n.startswith(("Etc/", "SystemV/", "posix"))]
    shown = [(now.astimezone(zoneinfo.ZoneInfo(n)).strftime("%z"), n) for n in names]
    return [
        (n, f"{n.replace('_', ' ')} (UTC{offset[:3]}:{offset[3:]})") for offset, n in sorted(shown, key=lambda z: z[1])
    ]


def time_zones() -> list[tuple[str, str]]:
    """(IANA name, label with the present offset) of every zone."""
    return _zones(int(datetime.now(zoneinfo.ZoneInfo("UTC")).timestamp()) // 3600)
