"""The forms of the import wizard. They read and present; `audience.import_actions` saves."""

from __future__ import annotations

from typing import Any, NamedTuple

import phonenumbers
from django import forms
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from pabal.audience import mapping
from pabal.audience.file_facts import FileFacts
from pabal.audience.mapping import Mapped, Target
from pabal.audience.mapping_words import TARGETS
from pabal.audience.models import Channel, ConsentStatement, Import, List, Purpose
from pabal.console import formats
from pabal.console.widgets import Cards, Drop, LocalDateTime, TickCards

KIND_LABELS = {
    "text": pgettext_lazy("kind", "text"),
    "number": pgettext_lazy("kind", "number"),
    "boolean": pgettext_lazy("kind", "yes or no"),
    "date": pgettext_lazy("kind", "date"),
}
PURPOSES: list[tuple[Purpose, Any]] = [
    (Purpose.PROMOTIONAL, _("Advertising")),
    (Purpose.INFORMATIONAL, _("Information")),
    (Purpose.NIGHT, _("Advertising at night (Korea)")),
]
ENCODINGS = ("utf-8", "cp949", "utf-16", "shift_jis", "gb18030", "big5", "windows-1252", "iso-8859-1")
#: Offered first; the others follow by name.
NEAR = ("KR", "US", "JP", "CN", "TW", "VN", "GB", "DE", "FR")


def countries() -> list[tuple[str, str]]:
    """Every country that has phone numbers, in the reader's language, the likely ones first."""
    named = sorted(((code, formats.country(code)) for code in phonenumbers.SUPPORTED_REGIONS), key=lambda c: c[1])
    return [(code, formats.country(code)) for code in NEAR] + [c for c in named if c[0] not in NEAR]


class UploadForm(forms.Form):
    """A contact file."""

    file = forms.FileField(
        label=_("Contact file"),
        widget=Drop(
            accept=".csv,.tsv,.txt,.xlsx",
            title=_("Drop your file here, or choose one"),
            note=_("CSV or Excel, up to millions of rows. UTF-8 and CP949 are recognised."),
            icon="file-spreadsheet",
        ),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty.")},
    )


class ReadAgainForm(forms.Form):
    """Another encoding or sheet, when what was guessed looks wrong."""

    encoding = forms.ChoiceField(label=_("Encoding"), required=False)
    sheet = forms.ChoiceField(label=_("Sheet"), required=False)

    def __init__(self, facts: FileFacts, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        encodings = [(name, name.upper()) for name in ENCODINGS]
        self.fields["encoding"].choices = [("", _("Recognise by itself")), *encodings]  # type: ignore[attr-defined]
        self.fields["sheet"].choices = [(name, name) for name in facts.sheets]  # type: ignore[attr-defined]
        if facts.format == "xlsx":
            del self.fields["encoding"]
            self.initial["sheet"] = facts.sheet
        else:
            del self.fields["sheet"]


class MappedColumn(NamedTuple):
    """A column of the file: its name, first values, the select of its target and the name of a custom property."""

    name: str
    values: list[str]
    target: BoundField
    custom: BoundField
    shown_for: str


class MappingForm(forms.Form):
    """What each column means. Fields `t0`, `t1`, … are the targets, `n0`, `n1`, … the names of custom properties."""

    default_country = forms.ChoiceField(
        label=_("Country of phone numbers"),
        help_text=_("For numbers without a country code, like 010-1234-5678."),
    )

    def __init__(self, import_: Import, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.facts = FileFacts.from_json(import_.facts)
        chosen = mapping.from_json(import_.mapping)
        country = self.fields["default_country"]
        country.choices = countries()  # type: ignore[attr-defined]
        country.initial = import_.default_country
        choices = self._choices()
        for at, name in enumerate(self.facts.columns):
            target = chosen.get(name, Target(field="ignore"))
            field = forms.ChoiceField(
                label=_("“%(column)s” becomes") % {"column": name},
                choices=choices,
                initial=f"property:{target.kind}" if target.field == "property" else target.field,
            )
            self.fields[f"t{at}"] = field
            self.fields[f"n{at}"] = forms.CharField(
                label=_("Name of the property"), max_length=200, required=False, initial=target.name or name
            )
            for place in (f"t{at}", f"n{at}"):  # in a table, the label is heard and not seen
                self.fields[place].widget.attrs["aria-label"] = self.fields[place].label

    @staticmethod
    def _choices() -> list[Any]:
        fields = [(word, label) for word, label in TARGETS.items() if word not in ("property", "ignore")]
        kinds = [(f"property:{kind}", _("Property: %(kind)s") % {"kind": KIND_LABELS[kind]}) for kind in mapping.KINDS]
        return [
            ("ignore", TARGETS["ignore"]),
            (_("Profile"), fields),
            (TARGETS["property"], kinds),
        ]

    @property
    def columns(self) -> list[MappedColumn]:
        return [
            MappedColumn(
                name=name,
                values=[row[at].strip() for row in self.facts.sample if row[at].strip()][:3],
                target=self[f"t{at}"],
                custom=self[f"n{at}"],
                shown_for=" ".join(f"t{at}=property:{kind}" for kind in mapping.KINDS),
            )
            for at, name in enumerate(self.facts.columns)
        ]

    def target(self, at: int) -> Target:
        word = self.cleaned_data.get(f"t{at}", "ignore")
        if word.startswith("property:"):
            name = self.cleaned_data.get(f"n{at}", "").strip() or self.facts.columns[at]
            return Target(field="property", name=name, kind=word.removeprefix("property:"))
        return Target(field=word)

    @property
    def mapped(self) -> Mapped:
        """Column → target, of a form that is valid."""
        return {name: self.target(at) for at, name in enumerate(self.facts.columns)}

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        taken: dict[tuple[str, str], str] = {}
        for at, column in enumerate(self.facts.columns):
            target = self.target(at)
            if target.field == "ignore":
                continue
            first = taken.setdefault((target.field, target.name), column)
            if first != column:
                place = f"n{at}" if target.field == "property" else f"t{at}"
                self.add_error(place, _("“%(column)s” is this already. Choose one of the two.") % {"column": first})
        if not {"phone", "external_id", "email"} & {field for field, _name in taken}:
            self.add_error(
                None, _("Say which column is the phone number, the customer ID or the email address: one is needed.")
            )
        return values


class SizedListField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A list, with how many people are on it."""

    def label_from_instance(self, obj: Any) -> str:
        people = ngettext("%(n)s person", "%(n)s people", obj.size) % {"n": formats.number(obj.size)}
        return f"{obj.name} · {people}"


class ListAndConsentForm(forms.Form):
    """Which list everybody joins, and who agreed to what, when and where."""

    to_list = forms.ChoiceField(
        label=_("List"),
        choices=[("new", _("A new list")), ("existing", _("A list you have")), ("none", _("No list"))],
        widget=Cards(
            notes={
                "new": _("Made with the people of this file."),
                "existing": _("They are added; nobody is removed."),
                "none": _("Only their profiles are stored."),
            },
            icons={"new": "plus", "existing": "list", "none": "users"},
        ),
    )
    list_name = forms.CharField(label=_("Name of the list"), max_length=200, required=False)
    chosen_list = SizedListField(label=_("Which one"), queryset=List.objects.none(), required=False, empty_label=None)
    agreed = forms.ChoiceField(
        label=_("Did these people agree to get messages?"),
        choices=[("yes", _("Yes, they agreed")), ("no", _("No, or I do not know"))],
        widget=Cards(
            notes={
                "yes": _("You say below to what, when and where. It is kept as evidence with each person."),
                "no": _("They are stored. Advertising skips them until they agree."),
            },
            icons={"yes": "user-check", "no": "bell-off"},
        ),
        error_messages={"required": _("Say whether these people agreed.")},
    )
    channels = forms.MultipleChoiceField(
        label=_("They agreed to"), choices=Channel.choices, widget=TickCards(), required=False
    )
    purposes = forms.MultipleChoiceField(
        label=_("For what"),
        choices=PURPOSES,
        widget=TickCards(
            notes={
                Purpose.PROMOTIONAL: _("Offers and news."),
                Purpose.INFORMATIONAL: _("Orders, deliveries, appointments."),
                Purpose.NIGHT: _("21:00–08:00. Korean law asks for a separate consent."),
            }
        ),
        required=False,
    )
    collected_at = forms.DateTimeField(
        label=_("When did they agree?"),
        required=False,
        widget=LocalDateTime(),
        help_text=_("If at different times: the earliest. Whoever opted out after it stays opted out."),
    )
    source = forms.CharField(label=_("Where did they agree?"), max_length=1000, required=False)
    wording = forms.CharField(
        label=_("What did they read and agree to?"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("The sentence beside the tick box, word for word. It is your evidence when somebody asks."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = List.objects.filter(archived_at=None).order_by("-updated_at")
        field = self.fields["chosen_list"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = lists
        if not lists:
            kinds = self.fields["to_list"]
            kinds.choices = [c for c in kinds.choices if c[0] != "existing"]  # type: ignore[attr-defined]

    @staticmethod
    def initial_of(import_: Import) -> dict[str, Any]:
        said: ConsentStatement | None = import_.statement
        name = import_.name.rsplit(".", 1)[0]
        values: dict[str, Any] = {
            "to_list": "existing" if import_.list_id else "new",
            "chosen_list": import_.list_id,
            "list_name": name,
            "channels": [Channel.TEXT],
            "purposes": [Purpose.PROMOTIONAL],
        }
        if said is not None:
            values |= {"agreed": "yes"} | {
                name: getattr(said, name) for name in ("channels", "purposes", "collected_at", "source", "wording")
            }
        return values

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("to_list") == "new" and not values.get("list_name", "").strip():
            self._say("list_name", _("Name the list."))
        if values.get("to_list") == "existing" and not values.get("chosen_list"):
            self._say("chosen_list", _("Choose a list."))
        if values.get("agreed") == "yes":
            needed = {
                "channels": _("Choose at least one."),
                "purposes": _("Choose at least one."),
                "collected_at": _("Say when they agreed."),
                "source": _("Say where they agreed."),
                "wording": _("Write what they agreed to."),
            }
            for name, sentence in needed.items():
                if not values.get(name):
                    self._say(name, sentence)
            at = values.get("collected_at")
            if at and at > timezone.now():
                self._say("collected_at", _("This lies in the future."))
            if set(values.get("purposes", [])) == {Purpose.NIGHT}:
                self._say("purposes", _("Consent for the night needs consent to advertising too."))
        return values

    def _say(self, name: str, sentence: Any) -> None:
        if name not in self.errors:
            self.add_error(name, sentence)
