"""Sign-up forms: with them, people agree to texts by themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from pabal import config
from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, PageQuery, Paging, paginate
from pabal.api.schemas import Input, Key, found
from pabal.campaigns.models import Signup, SignupForm
from pabal.campaigns.signup import forms
from pabal.delivery.models import Sender

area = Area("Sign-up forms")
Origins = list[str]


class SignupFormPatch(Input):
    """What changes; the rest stays. Another wording counts from now on."""

    name: str | None = Field(None, min_length=1, max_length=200)
    language: Literal["ko", "en"] | None = None
    title: str | None = Field(None, max_length=200, description="Empty: the usual heading.")
    lead: str | None = Field(None, max_length=2000)
    button: str | None = Field(None, max_length=60, description="Empty: the usual word.")
    ask_name: bool | None = None
    list: str | None = Field(None, description="The key of the list that people join; empty: none.")
    wording: str | None = Field(None, min_length=1, max_length=5000, description="What people agree to.")
    night_wording: str | None = Field(
        None, max_length=5000, description="What they agree to for the night, a box of its own; empty: not asked."
    )
    double_opt_in: bool | None = Field(None, description="Consent counts once the phone's owner confirmed a text.")
    sender_id: int | None = Field(None, description="Sends the confirmation.")
    confirmation: str | None = Field(None, max_length=2000, description="Its text, with `{{ link }}`.")
    thanks: str | None = Field(None, max_length=2000)
    redirect_url: str | None = Field(None, max_length=2000)
    origins: Origins | None = Field(None, description="Sites that may hold the form; empty: any.")


class SignupFormIn(SignupFormPatch):
    name: str = Field(min_length=1, max_length=200)
    key: str = Field("", max_length=64, description="Unique; made from the name when it is left out.")
    wording: str = Field(min_length=1, max_length=5000, description="What people agree to.")


class SignupFormOut(Schema):
    """A sign-up form. `page`: its own page, to be shared."""

    key: str
    name: str
    language: str
    title: str
    lead: str
    button: str
    ask_name: bool
    list: str | None
    wording: str
    night_wording: str
    double_opt_in: bool
    sender_id: int | None
    confirmation: str
    thanks: str
    redirect_url: str
    origins: Origins
    page: str
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None

    @staticmethod
    def resolve_list(form: SignupForm) -> str | None:
        return form.list.key if form.list else None

    @staticmethod
    def resolve_wording(form: SignupForm) -> str:
        return form.statement.wording

    @staticmethod
    def resolve_night_wording(form: SignupForm) -> str:
        return form.night_statement.wording if form.night_statement else ""

    @staticmethod
    def resolve_page(form: SignupForm) -> str:
        return f"{config.get().short_link_base}/f/{form.key}"


class SignupResultsOut(Schema):
    """How a form does. `submitted = pending + confirmed + refused + expired`."""

    views: int
    submitted: int
    pending: int
    confirmed: int
    refused: int
    expired: int


class SignupOut(Schema):
    """Somebody filled a form in. `decided_by`: form (no double opt-in), link or reply. `trouble`: why there is no text yet."""

    id: int
    state: str
    phone: str
    night: bool
    page: str
    submitted_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: str
    profile_id: int | None
    message_id: int | None
    trouble: str


class SignupFormQuery(PageQuery):
    archived: bool = Field(False, description="The closed ones instead of the open ones.")


@area.read("/signup-forms", response=Page[SignupFormOut])
def list_signup_forms(request: HttpRequest, query: Annotated[SignupFormQuery, Query(...)]) -> dict[str, object]:
    """List the sign-up forms, the newest first."""
    rows = SignupForm.objects.select_related("list", "statement", "night_statement")
    rows = rows.filter(archived_at__isnull=not query.archived)
    data, cursor = paginate(rows, query, kind=f"signup-forms-{query.archived}", descending=True)
    return {"data": data, "next_cursor": cursor}


@area.write("POST", "/signup-forms", scope=Scope.PROFILES, response=SignupFormOut, status=201)
def create_signup_form(request: HttpRequest, body: SignupFormIn) -> SignupForm:
    """Make a sign-up form, open at once."""
    by = actor(request)
    made = forms.create_form(by=by.person, key=body.key, **_fields(body))
    audit.record(by, "signup_form.create", made, {"name": made.name, "key": made.key})
    return made


@area.read("/signup-forms/{key}", response=SignupFormOut)
def read_signup_form(request: HttpRequest, key: Key) -> SignupForm:
    """Read a sign-up form."""
    return forms.by_key(key)


@area.write("PATCH", "/signup-forms/{key}", scope=Scope.PROFILES, response=SignupFormOut)
def edit_signup_form(request: HttpRequest, key: Key, body: SignupFormPatch) -> SignupForm:
    """Change a sign-up form.

    Another wording counts from now on: what people agreed to before stays what they read.
    """
    by, form = actor(request), forms.by_key(key)
    fields = _fields(body)
    before = {name: forms.values_of(form)[name] for name in fields}
    changed = forms.edit_form(form, by=by.person, **fields)
    after = {name: forms.values_of(changed)[name] for name in fields}
    plain = audit.difference(before, after)
    audit.record(by, "signup_form.edit", changed, {n: [str(v) for v in pair] for n, pair in plain.items()})
    return changed


@area.write("DELETE", "/signup-forms/{key}", scope=Scope.PROFILES, response=None, status=204)
def archive_signup_form(request: HttpRequest, key: Key) -> None:
    """Close a sign-up form. Results and consent stay; `restore` opens it again."""
    form = forms.by_key(key)
    forms.archive_form(form)
    audit.record(actor(request), "signup_form.archive", form)


@area.write("POST", "/signup-forms/{key}/restore", scope=Scope.PROFILES, response=SignupFormOut)
def restore_signup_form(request: HttpRequest, key: Key) -> SignupForm:
    """Open a closed sign-up form again."""
    form = forms.by_key(key)
    forms.restore_form(form)
    audit.record(actor(request), "signup_form.restore", form)
    return forms.by_key(key)


@area.read("/signup-forms/{key}/results", response=SignupResultsOut)
def read_signup_results(request: HttpRequest, key: Key) -> forms.Counts:
    """Count who saw a form, signed up, and confirmed."""
    form = forms.by_key(key)
    return forms.counts([form])[form.pk]


@area.read("/signup-forms/{key}/signups", response=Page[SignupOut])
def list_signups(request: HttpRequest, key: Key, page: Paging) -> dict[str, object]:
    """List who signed up, the newest first."""
    form = forms.by_key(key)
    data, cursor = paginate(Signup.objects.filter(form=form), page, kind=f"signups-{form.pk}", descending=True)
    return {"data": data, "next_cursor": cursor}


def _fields(body: SignupFormPatch) -> dict[str, Any]:
    """What was sent, by the names of `forms.FIELDS`."""
    fields = body.dict(exclude_unset=True, exclude={"key"})
    fields = {name: value for name, value in fields.items() if value is not None}
    if "list" in fields:
        fields["list"] = forms.list_named(fields["list"])
    if "sender_id" in fields:
        pk = fields.pop("sender_id")
        fields["sender"] = found(Sender.objects.filter(pk=pk, archived_at=None).first(), "sender", pk)
    return fields
