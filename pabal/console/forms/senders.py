"""Forms of senders and of accounts with carriers. The latter's fields are what the provider's settings declare."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.functional import lazystr
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from pabal.console import formats
from pabal.console.widgets import Cards, Switch
from pabal.delivery.accounts import MOST_PER_SECOND
from pabal.delivery.models import ProviderAccount, Sender, SenderKind
from pabal.policy.countries import country_codes
from pabal.providers import registry
from pabal.providers.settings import Field, fields

#: Countries that come first in the list.
FIRST: Final = ("KR", "US", "JP", "GB", "DE", "FR", "CA", "AU")
#: Settings that name files of the server are not for the browser.
UNSEEN: Final = frozenset({"log_file"})
#: So many fields of an account are shown at once; the others are folded away.
PLAIN: Final = 6


def countries() -> list[tuple[str, str]]:
    """(code, name in the reader's language), the usual ones first."""
    others = sorted((formats.country(code), code) for code in country_codes() if code not in FIRST)
    return [(code, formats.country(code)) for code in FIRST] + [(code, name) for name, code in others]


class SenderForm(forms.Form):
    """A number or name that messages come from."""

    account_id = forms.TypedChoiceField(label=_("Account"), coerce=int)
    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        help_text=_("Your shop or brand. It opens every advertising text."),
    )
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[choice for choice in SenderKind.choices if choice[0] != SenderKind.KAKAO_CHANNEL],
        initial=SenderKind.LONG_CODE,
        widget=Cards(
            notes={
                SenderKind.LONG_CODE: _("An ordinary number, e.g. 02-1234-5678."),
                SenderKind.SHORT_CODE: _("3 to 8 digits, for high volume."),
                SenderKind.TOLL_FREE: _("Free for the caller; mostly the US and Canada."),
                SenderKind.BRAND_NAME: _("Letters instead of a number; nobody can answer."),
            },
            icons={
                SenderKind.LONG_CODE: "phone",
                SenderKind.SHORT_CODE: "zap",
                SenderKind.TOLL_FREE: "globe",
                SenderKind.BRAND_NAME: "tag",
            },
        ),
    )
    country = forms.ChoiceField(label=_("Country"))
    address = forms.CharField(
        label=_("Number or brand name"),
        max_length=30,
        help_text=_("As it is registered with the carrier."),
    )
    throughput = forms.IntegerField(
        label=_("Throughput"),
        min_value=1,
        max_value=100_000,
        initial=10,
        help_text=_("What the carrier allows. Pabal sends up to this fast and no faster."),
    )
    opt_out_number = forms.CharField(
        label=_("Free refusal number (080)"),
        max_length=20,
        required=False,
        help_text=_("Korea: ends every advertising text as 무료수신거부. Without one, an opt-out link is used."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        country, account = self.fields["country"], self.fields["account_id"]
        assert isinstance(country, forms.ChoiceField)
        assert isinstance(account, forms.ChoiceField)
        country.choices = countries()
        account.choices = [(a.pk, a.name) for a in ProviderAccount.objects.order_by("name")]

    @staticmethod
    def initial_of(sender: Sender) -> dict[str, Any]:
        names = ("account_id", "name", "kind", "country", "address", "throughput", "opt_out_number")
        return {name: getattr(sender, name) for name in names}


class AccountForm(forms.Form):
    """An account with a carrier: a name, and what the provider's settings declare. Secrets are only ever written."""

    name = forms.CharField(label=_("Name"), max_length=100, help_text=_("So that you recognise it."))
    parts_per_second = forms.IntegerField(
        label=_("Limit of the account"),
        min_value=1,
        max_value=MOST_PER_SECOND,
        required=False,
        help_text=_("Parts a second of all its senders together. Empty: only the senders' own throughput counts."),
    )

    def __init__(self, provider: str, data: Any = None, *, account: ProviderAccount | None = None) -> None:
        self.provider, self.account = provider, account
        declared = [f for f in fields(registry.get(provider).settings_type) if f.name not in UNSEEN]
        stored = account.settings if account else {}
        initial: dict[str, Any] = {
            "name": account.name if account else "",
            **{f.name: stored.get(f.name, f.default) for f in declared},
        }
        if account is not None:
            initial["parts_per_second"] = account.parts_per_second
        super().__init__(data, initial=initial)
        for field in declared:
            self.fields[f"set_{field.name}"] = _form_field(field, kept=bool(account and account.secrets))
            self.initial[f"set_{field.name}"] = None if field.secret else initial[field.name]
        self.declared = declared

    @property
    def plain(self) -> list[forms.BoundField]:
        """The fields that one always fills in."""
        return [self[f"set_{field.name}"] for field in self.declared[:PLAIN]]

    @property
    def folded(self) -> list[forms.BoundField]:
        """The rest."""
        return [self[f"set_{field.name}"] for field in self.declared[PLAIN:]]

    @property
    def folded_wrong(self) -> bool:
        return any(field.errors for field in self.folded)

    def settings(self) -> dict[str, Any]:
        """The values under the provider's own names; what the form does not show stays as it is stored."""
        values = {f.name: self.cleaned_data.get(f"set_{f.name}") for f in self.declared}
        unseen = {k: v for k, v in (self.account.settings if self.account else {}).items() if k in UNSEEN}
        return {**unseen, **{name: value for name, value in values.items() if value not in (None, "")}}


def _form_field(field: Field, *, kept: bool) -> forms.Field:
    label, hint = _by_language(field.label), _by_language(field.help)
    common: dict[str, Any] = {"label": label, "help_text": hint, "required": field.required}
    match field.kind:
        case "boolean":
            return forms.BooleanField(widget=Switch(), **{**common, "required": False})
        case "choice":
            choices = [(value, _by_language(labels)) for value, labels in field.choices.items()]
            return forms.ChoiceField(choices=choices, **common)
        case "integer":
            low = None if field.at_least is None else int(field.at_least)
            high = None if field.at_most is None else int(field.at_most)
            return forms.IntegerField(min_value=low, max_value=high, **common)
        case "number":
            made = forms.FloatField(min_value=field.at_least, max_value=field.at_most, **common)
            made.widget.attrs["step"] = "any"
            return made
    if field.secret:
        if kept:
            common |= {"required": False, "help_text": _("Stored, and never shown. Leave empty to keep it.")}
        return forms.CharField(max_length=1000, widget=forms.PasswordInput({"autocomplete": "new-password"}), **common)
    return forms.CharField(max_length=1000, **common)


def _by_language(words: dict[str, str]) -> Any:
    return lazystr(words.get("ko" if (get_language() or "").startswith("ko") else "en", "")) if words else ""
