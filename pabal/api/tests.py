"""Test messages: the colleagues who get them, and sending them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.schemas import Id, Input, Key, found
from pabal.campaigns import actions, test_sends
from pabal.campaigns.models import TestPerson, TestSend

area = Area("Tests")


class TestPersonOut(Schema):
    """A colleague to whom test messages may be sent. No profile; nothing else is sent to them."""

    id: int
    name: str
    phone: str
    country: str


class TestPersonIn(Input):
    name: str = Field(min_length=1, max_length=100)
    phone: str = Field(min_length=3, max_length=30)


class TestSendOut(Schema):
    """What a colleague got. `message_id` null: nothing, for `reason`."""

    name: str
    phone: str
    message_id: int | None
    reason: str


class TestIn(Input):
    people: list[int] = Field(min_length=1, max_length=20, description="Ids of colleagues.")
    values: dict[str, str] = Field(default_factory=dict, description="Personal parts by name, as `first_name`.")


@area.read("/test-people", response=list[TestPersonOut])
def list_test_people(request: HttpRequest) -> Any:
    """List the colleagues who may get test messages."""
    return TestPerson.objects.order_by("name", "id")


@area.write("POST", "/test-people", scope=Scope.CAMPAIGNS, response=TestPersonOut, status=201)
def create_test_person(request: HttpRequest, body: TestPersonIn) -> TestPerson:
    """Put a colleague on the list."""
    person = test_sends.add_person(name=body.name, phone=body.phone, by=actor(request).person)
    audit.record(actor(request), "test_person.create", _subject(person), {"name": person.name})
    return person


@area.write("DELETE", "/test-people/{int:person_id}", scope=Scope.CAMPAIGNS, response=None, status=204)
def delete_test_person(request: HttpRequest, person_id: Id) -> None:
    """Take a colleague off the list."""
    person = found(TestPerson.objects.filter(pk=person_id).first(), "colleague", person_id)
    audit.record(actor(request), "test_person.delete", _subject(person))
    test_sends.remove_person(person.pk)


@area.write("POST", "/campaigns/{key}/test", scope=Scope.SEND, response=list[TestSendOut])
def send_test(request: HttpRequest, key: Key, body: TestIn) -> list[TestSend]:
    """Send a campaign as it stands to colleagues, labelled as a test, counted and paid for apart."""
    campaign = actions.by_key(key)
    rows = TestPerson.objects.in_bulk(body.people)
    people = [found(rows.get(pk), "colleague", pk) for pk in dict.fromkeys(body.people)]
    sent = test_sends.send_test(campaign, people, by=actor(request).person, values=body.values)
    audit.record(actor(request), "campaign.test", campaign, {"people": [person.name for person in people]})
    return sent


def _subject(person: TestPerson) -> audit.Subject:
    return audit.Subject(type="test_person", id=str(person.pk), label=person.name)
