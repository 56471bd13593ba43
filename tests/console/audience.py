"""What the tests of the audience's pages share."""

from __future__ import annotations

from typing import Any

from django.test import Client

from pabal.accounts.models import AuditEntry, Role
from pabal.audience.models import Profile
from tests.accounts.people import someone


def logged_in(client: Client, role: Role) -> Client:
    """The client as a person of this role, reading English."""
    client.force_login(someone(role))
    client.cookies["django_language"] = "en"
    return client


def person(**fields: Any) -> Profile:
    values = {"phone": "+821000000001", "last_name": "김", "first_name": "민지", "country": "KR", "zones": "Asia/Seoul"}
    return Profile.objects.create(**{**values, **fields})


def said(response: Any) -> str:
    return str(response.content.decode())


def actions() -> list[str]:
    """The trail, oldest first."""
    return list(AuditEntry.objects.order_by("id").values_list("action", flat=True))
