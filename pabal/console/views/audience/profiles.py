"""People: finding, adding and changing them, and forgetting them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.audience import edits, people_sql, queries, upsert
from pabal.audience.merge import ids_of
from pabal.audience.models import Profile
from pabal.console.errors import add_error
from pabal.console.forms.audience import ProfileForm
from pabal.console.forms.properties import PropertiesForm, kind_of, written
from pabal.console.parts import Page
from pabal.console.views.audience.people import rows_of
from pabal.delivery.forgetting import erase_people
from pabal.errors import InvalidInput, PabalError


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """People, newest first, found by what one would type."""
    q = request.GET.get("q", "").strip()
    cursor = int(request.GET["before"]) if request.GET.get("before", "").isdigit() else None
    found = queries.find_profiles(q, cursor=cursor)
    query = request.GET.copy()
    if found.cursor is not None:
        query["before"] = str(found.cursor)
    values: dict[str, Any] = {
        "rows": rows_of(found.profiles),
        "page": Page(shown=len(found.profiles), next_url=f"?{query.urlencode()}" if found.cursor is not None else ""),
        "q": q,
        "any": bool(found.profiles) or Profile.objects.exists(),
        "about": _about_how_many(),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/audience/profiles.html", values)


def _about_how_many() -> int | None:
    """The planner's estimate: exact counts of a million rows are not worth the wait. None while nothing is known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = 'profile'::regclass")
        row = cursor.fetchone()
    return int(row[0]) if row and row[0] > 0 else None


@requires(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    """Add a person; somebody who is known already is updated."""
    form = ProfileForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = {name: value for name, value in form.cleaned_data.items() if value}
        try:
            with transaction.atomic():
                made = upsert.upsert_profiles([said])[0]
                if made.profile_id is None:
                    raise InvalidInput(made.message, code=made.code, field=made.field or None)
                profile = Profile.objects.get(pk=made.profile_id)
                verb = "create" if made.outcome == "created" else "edit"
                audit.record(actor(request), f"profile.{verb}", profile, said)
            if made.outcome != "created":
                messages.info(request, _("This person was known already. What you wrote was added."))
            return redirect("console:profile", made.profile_id)
        except PabalError as error:
            add_error(form, error)
    return render(request, "console/audience/profile_new.html", {"form": form}, status=422 if form.errors else 200)


@requires(Role.EDITOR)
def edit(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Change a person's fields and properties."""
    profile = get_object_or_404(Profile, pk=profile_id)
    form = ProfileForm(request.POST or None, initial=ProfileForm.initial_of(profile))
    more = PropertiesForm(profile, request.POST or None)
    if request.method == "POST" and form.is_valid() and more.is_valid():
        before = audit.snapshot(profile, ProfileForm.FIELDS) | {"properties": dict(profile.properties)}
        try:
            with transaction.atomic():
                properties = more.changes()
                profile = edits.edit_profile(profile_id, form.cleaned_data, properties=properties)
                _know(properties)
                after = audit.snapshot(profile, ProfileForm.FIELDS) | {"properties": profile.properties}
                audit.record(actor(request), "profile.edit", profile, audit.difference(before, after))
            messages.success(request, _("Saved"))
            return redirect("console:profile", profile_id)
        except PabalError as error:
            add_error(form, error)
    wrong = bool(form.errors or more.errors)
    values: dict[str, Any] = {"form": form, "more": more, "profile": profile}
    return render(request, "console/audience/profile_edit.html", values, status=422 if wrong else 200)


def _know(properties: dict[str, Any]) -> None:
    """Put new properties into the catalogue that messages choose from."""
    people_sql.know_properties(
        [(name, kind_of(value), written(value)[:200]) for name, value in properties.items() if kind_of(value)]
    )


@requires(Role.ADMIN)
@require_POST
def erase(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Forget a person for good. The trail keeps that it happened, not who it was."""
    profile = get_object_or_404(Profile, pk=profile_id)
    with transaction.atomic():
        forgotten = ids_of(profile.pk)
        erase_people([profile.pk], actor=str(actor(request)))
        for old_id in forgotten:
            audit.forget("profile", old_id)
        audit.record(actor(request), "profile.erase", audit.Subject(type="profile", id=str(profile_id)))
    messages.success(request, _("The person is forgotten."))
    return redirect("console:profiles")
