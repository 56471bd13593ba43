"""People: who has an account, and what they may do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from pabal.accounts import actions
from pabal.accounts.access import actor, requires
from pabal.accounts.models import Role, User
from pabal.console import errors
from pabal.console.views.settings import tabs
from pabal.console.widgets import Cards, Switch
from pabal.errors import PabalError

ROLE_NOTES = {
    Role.VIEWER.value: _("Sees everything, changes nothing."),
    Role.EDITOR.value: _("Also writes campaigns, profiles and lists."),
    Role.APPROVER.value: _("Also sends, resumes and ends campaigns."),
    Role.ADMIN.value: _("Also manages people, keys, senders and credits."),
}


def role_field() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=Cards(notes=ROLE_NOTES))


class NewUserForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = role_field()


class UserForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    role = role_field()
    active = forms.BooleanField(
        label=_("May log in"), required=False, widget=Switch(), help_text=_("Off: logged out at once, nothing is lost.")
    )


@requires(Role.ADMIN)
def users(request: HttpRequest) -> HttpResponse:
    values: dict[str, Any] = {
        "people": User.objects.order_by("-is_active", "name", "email"),
        "tabs": tabs(request, "users"),
    }
    return render(request, "console/accounts/users.html", values)


@requires(Role.ADMIN)
@never_cache
def user_new(request: HttpRequest) -> HttpResponse:
    """Add a person; the next page shows, once, the link that lets them in."""
    form = NewUserForm(request.POST or None, initial={"role": Role.EDITOR})
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.add_user(**form.cleaned_data, by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            return _show_link(request, user, actions.access_link(user))
    values = {"form": form}
    return render(request, "console/accounts/user_new.html", values, status=422 if request.method == "POST" else 200)


@requires(Role.ADMIN)
def user_edit(request: HttpRequest, user_id: int) -> HttpResponse:
    user = get_object_or_404(User, pk=user_id)
    initial = {"name": user.name, "role": user.role, "active": user.is_active}
    form = UserForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            user = actions.edit_user(user_id, **form.cleaned_data, by=actor(request))
        except PabalError as error:
            errors.add_error(form, error)
        else:
            messages.success(request, _("Saved"))
            return redirect("console:users")
    values = {"form": form, "edited": user}
    return render(request, "console/accounts/user_edit.html", values, status=422 if request.method == "POST" else 200)


@requires(Role.ADMIN)
@require_POST
@never_cache
def user_access(request: HttpRequest, user_id: int) -> HttpResponse:
    """A new link for someone who forgot their password."""
    link = actions.renew_access(user_id, by=actor(request))
    return _show_link(request, User.objects.get(pk=user_id), link)


def _show_link(request: HttpRequest, user: User, link: str) -> HttpResponse:
    return render(request, "console/accounts/user_link.html", {"edited": user, "link": link})
