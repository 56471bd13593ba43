"""What several messages say about one person, made into one: a set is written in one go, however often it names somebody."""

from __future__ import annotations

from collections.abc import Sequence

from pabal.edge.intake.people import Person


def together(people: Sequence[Person]) -> tuple[list[Person], list[int]]:
    """(each person once, the place there of each of `people`). What was said later wins.

    What browsers say stays apart from what servers say.
    """
    merged: list[Person] = []
    places: list[int] = []
    known: dict[tuple[bool, str, str], int] = {}
    for person in people:
        key = (person.public, *_who(person))
        place = known.get(key)
        if place is None or person.previous_id or merged[place].previous_id:
            known[key] = place = len(merged)
            merged.append(_copy(person))
        else:
            _add(merged[place], person)
        places.append(place)
    return merged, places


def _who(person: Person) -> tuple[str, str]:
    if person.external_id is not None:
        return "id", person.external_id
    phone = person.fields.get("phone")
    return ("phone", phone) if phone else ("email", person.fields.get("email", ""))


def _copy(person: Person) -> Person:
    return Person(
        index=person.index,
        external_id=person.external_id,
        fields=dict(person.fields),
        properties=dict(person.properties),
        anonymous_ids=list(person.anonymous_ids),
        agreed=list(person.agreed),
        public=person.public,
        actor=person.actor,
        previous_id=person.previous_id,
    )


def _add(person: Person, later: Person) -> None:
    person.fields |= later.fields
    person.properties |= later.properties
    person.anonymous_ids += later.anonymous_ids
    person.agreed += later.agreed
