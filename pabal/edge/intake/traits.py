"""What `identify` and `alias` say, as fields of a profile.

Segment's reserved traits (https://segment.com/docs/connections/spec/identify/#traits) become fields or flat properties;
everything else becomes a property as it is.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from pabal.edge.intake.consents import read_consents
from pabal.edge.intake.documents import compact
from pabal.edge.intake.failures import Refusal, Refused
from pabal.edge.intake.ids import identity
from pabal.edge.intake.keys import Key
from pabal.edge.intake.messages import Message
from pabal.edge.intake.people import Person

#: Trait → field of a profile.
FIELDS: Final = {
    "phone": "phone", "email": "email", "firstName": "first_name", "first_name": "first_name", "firstname": "first_name",
    "lastName": "last_name", "last_name": "last_name", "lastname": "last_name", "name": "full_name",
    "locale": "locale", "language": "locale", "timezone": "time_zone", "time_zone": "time_zone", "timeZone": "time_zone",
    "country": "country",
}  # fmt: skip
#: Trait → property.
RENAMED: Final = {"birthday": "birthday", "birthdate": "birthday", "createdAt": "created_at"}
#: Part of the trait `address` → property. Its country is a field.
ADDRESS: Final = {"street": "street", "city": "city", "state": "state", "postalCode": "postal_code", "postal_code": "postal_code"}  # fmt: skip
#: Field → most characters (`audience.cleaning`).
LONGEST: Final = {"email": 254, "first_name": 200, "last_name": 200, "full_name": 200, "phone": 100}
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
_BIRTHDAY = re.compile(r"(\d{4}-\d\d-\d\d)T.*")
_LONGEST_KEY: Final = 200


class _Context(msgspec.Struct):
    traits: dict[str, Any] | None = None
    consent: Any = None
    locale: Any = None
    timezone: Any = None


_context = msgspec.json.Decoder(_Context)


def read_identify(index: int, message: Message, key: Key, at: int, notes: list[Refusal]) -> Person:
    """The person of an `identify`. `at` is when it was said (`moments`). Raises Refused.

    What cannot be used of an otherwise good message is left out and noted.
    """
    context = _read_context(message)
    traits = (context.traits or {}) | (message.traits or {})
    compact(traits, "traits")
    agreed = [*_listed(traits.pop("consent", None)), *_listed(context.consent)]
    person = Person(index=index, external_id=identity(message.user_id, "userId"), public=key.browser)
    person.actor = key.name
    anonymous = identity(message.anonymous_id, "anonymousId")
    if anonymous is not None:
        person.anonymous_ids.append(anonymous)
    _take_traits(person, traits, notes)
    for name, value in (("locale", context.locale), ("time_zone", context.timezone)):
        if isinstance(value, str) and 0 < len(value) <= 64:
            person.fields.setdefault(name, value)
    if person.external_id is None and (key.browser or not (person.fields.get("phone") or person.fields.get("email"))):
        raise Refused("no_identity", _nobody(key), "userId")
    if agreed and key.browser:
        text = "A browser's key cannot give consent: use a sign-up form, or send it from your server."
        notes.append(Refusal(index=index, code="consent_ignored", message=text, field="consent"))
    elif agreed:
        person.agreed = read_consents(agreed, at, key.name)
    return person


def read_alias(index: int, message: Message, key: Key) -> Person:
    """The person of an `alias`: `previousId` turns out to be `userId`. Raises Refused."""
    user, previous = identity(message.user_id, "userId"), identity(message.previous_id, "previousId")
    previous = previous or identity(message.anonymous_id, "anonymousId")
    if user is None or previous is None:
        raise Refused("no_identity", "alias needs userId and previousId.", "previousId" if user else "userId")
    person = Person(index=index, external_id=user, public=key.browser, actor=key.name)
    if previous != user:
        person.anonymous_ids.append(previous)
        person.previous_id = previous
    return person


def _nobody(key: Key) -> str:
    if key.browser:
        return "userId must say who it is."
    return "userId, traits.phone or traits.email must say who it is."


def _read_context(message: Message) -> _Context:
    try:
        return _context.decode(message.context) if bytes(message.context) != b"null" else _Context()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Context()


def _listed(value: Any) -> list[Any]:
    """Consent comes as a list, or one alone. Segment's own `context.consent` (categories of cookies) is another matter."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, dict) and "state" in value else []


def _take_traits(person: Person, traits: dict[str, Any], notes: list[Refusal]) -> None:
    address = traits.pop("address", None)
    if isinstance(address, dict):
        if address.get("country") is not None:
            traits.setdefault("country", address["country"])
        for name, value in address.items():
            if name in ADDRESS:
                traits.setdefault(ADDRESS[name], value)
    elif address is not None:
        traits["address"] = address
    for name, value in traits.items():
        field = FIELDS.get(name)
        if field is not None:
            _take_field(person, name, field, value, notes)
        elif not name or len(name) > _LONGEST_KEY:
            _note(notes, person, "bad_value", f"A trait's name has 1 to {_LONGEST_KEY} characters.", name[:50])
        else:
            if name in RENAMED:
                name = RENAMED[name]
                if name == "birthday" and isinstance(value, str) and (day := _BIRTHDAY.fullmatch(value)):
                    value = day[1]
            person.properties[name] = value


def _take_field(person: Person, name: str, field: str, value: Any, notes: list[Refusal]) -> None:
    if value is None:
        text = ""
    elif isinstance(value, str):
        text = value.strip()
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    else:
        return _note(notes, person, "bad_value", f"{name} must be text.", name)
    if len(text) > LONGEST.get(field, 64):
        return _note(notes, person, "value_too_long", f"{name} is too long.", name)
    if field == "email" and text and not _EMAIL.fullmatch(text):
        return _note(notes, person, "bad_email", "This is not an email address.", name)
    person.fields[field] = text
    return None


def _note(notes: list[Refusal], person: Person, code: str, message: str, field: str) -> None:
    notes.append(Refusal(index=person.index, code=code, message=message, field=field))
