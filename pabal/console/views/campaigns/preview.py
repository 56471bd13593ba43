"""The composer's live side: the phone, the counter, and what could be written more cheaply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.accounts.access import requires
from pabal.accounts.models import Role
from pabal.audience.models import Profile
from pabal.campaigns.models import Campaign
from pabal.campaigns.preview import Insertable, Preview, insertable_properties, preview, preview_profile
from pabal.console.forms.campaigns import PicturesField
from pabal.console.parts import Bubble
from pabal.console.pictures import on_the_way
from pabal.console.views.campaigns.draft import sample_profile
from pabal.content import labels
from pabal.content.compose import Content
from pabal.content.encoding import Forcing
from pabal.delivery.models import Sender


@dataclass(frozen=True, kw_only=True)
class Group:
    """A part of the insert menu."""

    label: Any
    items: list[Insertable]


def insertable() -> list[Group]:
    """What the insert menu offers: names with a fallback and their particles, profile fields, custom properties."""
    guest = _("customer")
    name = "{{ first_name|default('" + guest + "') }}"
    korean = (get_language() or "").startswith("ko")
    names = [Insertable(name="first_name", label=_("First name"), code=name)]
    if korean:
        names = [
            Insertable(name="first_name", label=_("First name"), code=name + "님"),
            Insertable(
                name="particle", label="이름 + 은/는", code="{{ first_name|default('고객')|particle('은/는') }}"
            ),
            Insertable(
                name="particle", label="이름 + 이/가", code="{{ first_name|default('고객')|particle('이/가') }}"
            ),
            Insertable(
                name="particle", label="이름 + 을/를", code="{{ first_name|default('고객')|particle('을/를') }}"
            ),
        ]
    fields = [
        Insertable(name="last_name", label=_("Last name"), code="{{ last_name }}"),
        Insertable(name="email", label=_("Email"), code="{{ email }}"),
        Insertable(name="external_id", label=_("Customer number"), code="{{ external_id }}"),
    ]
    groups = [Group(label=_("Name"), items=names), Group(label=_("Profile"), items=fields)]
    if properties := insertable_properties():
        groups.append(Group(label=_("Your own fields"), items=properties))
    links = [Insertable(name="unsubscribe", label=_("Opt-out link"), code="{{ unsubscribe_link }}")]
    return [*groups, Group(label=_("Links"), items=links)]


def find_person(words: str) -> Profile | None:
    """The profile that these words mean: its number, customer id, phone, or name; None when nobody fits."""
    words = words.strip()
    if not words:
        return None
    digits = "".join(c for c in words if c.isdigit())
    match = Q(external_id=words) | Q(first_name=words) | Q(email=words)
    if len(words) >= 2 and not digits:
        match |= Q(last_name=words[0], first_name=words[1:])
        first, _space, last = words.partition(" ")
        match |= Q(first_name=first, last_name=last)
    if len(digits) >= 4:
        match |= Q(phone__endswith=digits.removeprefix("0"))
    return Profile.objects.filter(match).order_by("id").first()


@requires(Role.EDITOR)
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The preview of the text as it stands in the form, for a profile or for typed values."""
    campaign = get_object_or_404(Campaign, key=key)
    data = request.POST
    pictures = PicturesField().to_python(data.getlist("images"))
    content = Content(
        text=data.get("text", "").replace("\r\n", "\n"),
        subject=data.get("subject") or None,
        shorten_links="shorten_links" in data,
        opt_out="add_opt_out" in data,
        sender_name="add_sender_name" in data,
        allow_lms="allow_lms" in data,
        mms=bool(pictures),
    )
    chosen = [int(pk) for pk in data.getlist("senders") if pk.isdigit()]
    senders = list(Sender.objects.filter(pk__in=chosen, archived_at=None).order_by("id"))
    purpose: Any = campaign.purpose
    typed = data.get("preview_as") == "typed"
    person: Profile | None = None
    if typed:
        country = data.get("value_country") or (senders[0].country if senders else "KR")
        made = preview(content, senders, _typed(data), country=country, purpose=purpose)
    else:
        words = data.get("person", "").strip()
        person = find_person(words) if words else sample_profile(campaign, senders)
        made = (
            preview_profile(content, senders, person, purpose=purpose)
            if person
            else preview(content, senders, {}, country=senders[0].country if senders else "KR", purpose=purpose)
        )
    carried = on_the_way(pictures, made.sender)
    fields = [name for name in made.variables if not name.startswith(("link_", "unsubscribe"))]
    values = {
        "campaign": campaign,
        "made": made,
        "person": person,
        "typed": typed,
        "nobody": not typed and person is None and bool(data.get("person", "").strip()),
        "bubbles": [Bubble(text=made.text, title=made.subject, images=carried.urls)] if made.text or pictures else [],
        "picture_notes": carried.notes,
        "picture_problem": carried.problem,
        "counter": _counter(made),
        "problem": _problem(made),
        "error": _error(made),
        "forcing": _replaceable(made),
        "fields": [(name, name.removeprefix("properties."), data.get(f"value_{name}", "")) for name in fields],
        "fields_changed": ",".join(fields) != data.get("fields_shown", "-"),
        "fields_shown": ",".join(fields),
        "countries": sorted({s.country for s in senders} | {made.country}),
    }
    return render(request, "console/campaigns/preview.html", values)


def _typed(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix("value_"): value for name, value in data.items() if name.startswith("value_")}


def _language() -> labels.Language:
    return "ko" if (get_language() or "").startswith("ko") else "en"


def _counter(made: Preview) -> dict[str, Any] | None:
    """The numbers under the text: of the message as this person gets it, wording and short links included."""
    if made.measure is None:
        return None
    m = made.measure
    counted = m.characters if m.kind == "mms" and m.scheme != "kr" else m.units
    return {
        "characters": m.characters,
        "units": counted,
        "room": counted + m.left if m.parts <= 1 else m.parts * m.per_part,
        "unit": labels.UNITS[m.encoding][_language()],
        "parts": 0 if m.kind == "mms" else m.parts,
        "kind": m.kind.upper(),
        "encoding": labels.ENCODINGS[m.encoding][_language()],
        "over": made.problem == "over_length",
    }


def _problem(made: Preview) -> str:
    if made.problem == "no_sender":
        if made.sender is None:
            return _("Choose a sender to see the message.")
        return _("None of the chosen senders reaches this person's country.")
    if made.problem == "no_mms":
        return _("Nobody carries a picture to this person's country, so this person would be skipped.")
    return labels.PROBLEMS[made.problem][_language()] if made.problem else ""


def _error(made: Preview) -> str:
    return str(made.error) if made.error else ""


def _replaceable(made: Preview) -> list[Forcing]:
    """The characters that make the message dearer, or unsendable, the most frequent first."""
    return sorted(made.measure.forcing, key=lambda f: -f.count) if made.measure else []
