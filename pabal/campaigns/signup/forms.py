"""A form is made, changed, archived. Writing the audit trail is the caller's part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from pabal.accounts.models import User
from pabal.audience.models import Channel, ConsentStatement, List, Purpose
from pabal.audience.origins import read_origins
from pabal.campaigns.compose import compiled, facts_of
from pabal.campaigns.models import FormLanguage, Signup, SignupForm, SignupState
from pabal.campaigns.signup.confirming import LINK, campaign_of, confirm_address
from pabal.content.compose import Content
from pabal.content.failures import TemplateError
from pabal.delivery.models import Sender
from pabal.delivery.short_links import short_links
from pabal.errors import Conflict, InvalidInput, NotFound

#: What the author writes; `wording` and `night_wording` become statements of consent.
FIELDS: Final = (
    "name", "language", "title", "lead", "button", "ask_name", "list", "wording", "night_wording", "double_opt_in",
    "sender", "confirmation", "thanks", "redirect_url", "origins",
)  # fmt: skip
_PLAIN = ("name", "language", "title", "lead", "button", "ask_name", "double_opt_in", "confirmation", "thanks",
          "redirect_url", "origins")  # fmt: skip
_LONGEST = {"name": 200, "title": 200, "lead": 2000, "button": 60, "wording": 5000, "night_wording": 5000,
            "confirmation": 2000, "thanks": 2000, "redirect_url": 2000}  # fmt: skip
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
RESERVED: Final = frozenset({"new", "preview"})


def by_key(key: str) -> SignupForm:
    """The form called `key`. Raises NotFound."""
    found = SignupForm.objects.select_related("list", "sender__account", "statement", "night_statement")
    form = found.filter(key=key).first()
    if form is None:
        raise NotFound(_("There is no sign-up form %(key)s.") % {"key": key}, code="unknown_signup_form")
    return form


def values_of(form: SignupForm) -> dict[str, Any]:
    """What its author wrote, by the names of `FIELDS`."""
    values: dict[str, Any] = {name: getattr(form, name) for name in _PLAIN}
    night = form.night_statement.wording if form.night_statement else ""
    return values | {
        "list": form.list,
        "sender": form.sender,
        "wording": form.statement.wording,
        "night_wording": night,
    }


@transaction.atomic
def create_form(*, by: User | None, key: str = "", **fields: Any) -> SignupForm:
    """A new form, open at once. Raises InvalidInput with the field at fault."""
    values = _checked({name: fields.get(name, default) for name, default in _DEFAULTS.items()}, fields)
    form = SignupForm(key=_new_key(key, values["name"]), created_by=by)
    _put(form, values, by)
    try:
        with transaction.atomic():
            form.save(force_insert=True)
    except IntegrityError:
        raise InvalidInput(_("Another form has this key."), code="key_taken", field="key") from None
    _ready(form)
    form.refresh_from_db()
    return form


@transaction.atomic
def edit_form(form: SignupForm, *, by: User | None, **fields: Any) -> SignupForm:
    """Change a form. Another wording is another statement: what people agreed to before stays what they read.

    Raises InvalidInput with the field at fault, Conflict when it is archived.
    """
    locked = SignupForm.objects.select_for_update().get(pk=form.pk)
    if locked.archived_at is not None:
        raise Conflict(_("This form is archived. Bring it back first."), code="archived")
    form = by_key(locked.key)
    values = _checked(values_of(form), fields)
    _put(form, values, by)
    form.updated_at = timezone.now()
    form.save()
    _ready(form)
    form.refresh_from_db()
    return form


@transaction.atomic
def archive_form(form: SignupForm) -> None:
    """Close a form: nobody signs up any more, and nothing is asked of those who wait. Results stay."""
    now = timezone.now()
    if not SignupForm.objects.filter(pk=form.pk, archived_at=None).update(archived_at=now, updated_at=now):
        raise Conflict(_("This form is archived already."), code="archived")


@transaction.atomic
def restore_form(form: SignupForm) -> None:
    """Open it again."""
    if (
        not SignupForm.objects.filter(pk=form.pk)
        .exclude(archived_at=None)
        .update(archived_at=None, updated_at=timezone.now())
    ):
        raise Conflict(_("This form is open."), code="not_archived")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How a form does. `submitted` is the sum of the others, without `views`."""

    views: int = 0
    submitted: int = 0
    pending: int = 0
    confirmed: int = 0
    refused: int = 0
    expired: int = 0

    @property
    def rate(self) -> float | None:
        """Of those who had the time to confirm, the share that did."""
        decided = self.confirmed + self.refused + self.expired
        return self.confirmed / decided if decided else None


def counts(forms: list[SignupForm]) -> dict[int, Counts]:
    """By form id, in one query."""
    found: dict[int, dict[str, int]] = {form.pk: {} for form in forms}
    rows = Signup.objects.filter(form__in=found).values_list("form_id", "state").annotate(n=Count("id"))
    for form_id, state, n in rows:
        found[form_id][state] = n
    return {
        form.pk: Counts(
            views=form.views,
            submitted=sum(found[form.pk].values()),
            **{state: found[form.pk].get(state, 0) for state in SignupState.values},
        )
        for form in forms
    }


_DEFAULTS: Final[dict[str, Any]] = {
    "name": "", "language": "ko", "title": "", "lead": "", "button": "", "ask_name": False, "list": None, "wording": "",
    "night_wording": "", "double_opt_in": True, "sender": None, "confirmation": "", "thanks": "", "redirect_url": "",
    "origins": (),
}  # fmt: skip


def _checked(base: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `fields` over it. Raises InvalidInput for the first that cannot be."""
    for name in fields:
        if name not in FIELDS:
            raise InvalidInput(_("A form has no field %(name)s.") % {"name": name}, code="unknown_field", field=name)
    values = {**base, **fields}
    for name, longest in _LONGEST.items():
        values[name] = str(values[name] or "").replace("\0", "").replace("\r\n", "\n").strip()
        if len(values[name]) > longest:
            raise InvalidInput(_("This is too long."), code="too_long", field=name)
    if not values["name"]:
        raise InvalidInput(_("Give the form a name."), code="name_needed", field="name")
    if values["language"] not in FormLanguage.values:
        raise InvalidInput(_("This language is not offered."), code="invalid_language", field="language")
    if not values["wording"]:
        raise InvalidInput(_("Say what people agree to."), code="wording_needed", field="wording")
    if values["list"] is not None and values["list"].archived_at is not None:
        raise InvalidInput(_("This list is archived."), code="archived", field="list")
    values["origins"] = read_origins(values["origins"] or ())
    if values["redirect_url"]:
        parts = urlsplit(values["redirect_url"])
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInput(_("Write the whole address, with https://."), code="bad_address", field="redirect_url")
    if values["double_opt_in"]:
        _check_confirmation(values["sender"], values["confirmation"])
    return values


def _check_confirmation(sender: Sender | None, text: str) -> None:
    if sender is None or sender.archived_at is not None:
        raise InvalidInput(_("Choose the sender of the confirmation."), code="sender_needed", field="sender")
    if not LINK.search(text):
        raise InvalidInput(
            _("The confirmation needs {{ link }}, where people confirm."), code="link_needed", field="confirmation"
        )
    try:
        made = compiled(
            Content(text=LINK.sub(confirm_address("x" * 12), text), shorten_links=False, opt_out=False),
            facts_of(sender), sender.country, short_links(), "informational",
        )  # fmt: skip
    except TemplateError as error:
        error.field = "confirmation"
        raise
    if made.variables:
        raise InvalidInput(
            _("A stranger may have typed the number, so the confirmation says nothing about the person."),
            code="no_personal_data",
            field="confirmation",
        )


def _put(form: SignupForm, values: Mapping[str, Any], by: User | None) -> None:
    for name in _PLAIN:
        setattr(form, name, values[name])
    form.list, form.sender = values["list"], values["sender"]
    old = form.statement if form.statement_id else None
    form.statement = _statement(form, values["wording"], [Purpose.PROMOTIONAL], old, by)
    form.night_statement = (
        _statement(form, values["night_wording"], [Purpose.NIGHT], form.night_statement, by)
        if values["night_wording"]
        else None
    )


def _statement(
    form: SignupForm, wording: str, purposes: list[Purpose], old: ConsentStatement | None, by: User | None
) -> ConsentStatement:
    """The old statement while its words are the same, else a new one."""
    if old is not None and old.wording == wording:
        return old
    return ConsentStatement.objects.create(
        wording=wording,
        source=form.key,
        collected_at=timezone.now(),
        channels=[Channel.TEXT.value],
        purposes=[purpose.value for purpose in purposes],
        created_by=by,
    )


def _ready(form: SignupForm) -> None:
    """What its confirmations go through is there before the first of them."""
    if form.double_opt_in:
        campaign_of(form)


def _new_key(key: str, name: str) -> str:
    key = key.strip().lower()
    if key:
        if not _KEY.fullmatch(key) or key in RESERVED:
            message = _("Use small letters, digits, hyphens and underscores, 64 at most.")
            raise InvalidInput(message, code="bad_key", field="key")
        if SignupForm.objects.filter(key=key).exists():
            raise InvalidInput(_("Another form has this key."), code="key_taken", field="key")
        return key
    base = slugify(name)[:56].strip("-_") or "form"
    taken = set(SignupForm.objects.filter(key__startswith=base).values_list("key", flat=True)) | RESERVED
    if base not in taken and base != "form":
        return base
    number = 2 if base != "form" else 1
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def list_named(key: str) -> List | None:
    """The list called `key`; None for an empty key. Raises InvalidInput."""
    if not key:
        return None
    found = List.objects.filter(key=key, archived_at=None).first()
    if found is None:
        raise InvalidInput(_("There is no list %(key)s.") % {"key": key}, code="unknown_list", field="list")
    return found
