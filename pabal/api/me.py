"""Who am I: the key itself."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from ninja import Schema

import pabal
from pabal import config
from pabal.accounts.keys import Scope
from pabal.accounts.models import ApiKey
from pabal.api.auth import authenticate
from pabal.api.operations import Area

area = Area("Key")


class Me(Schema):
    """The key that asks, and the installation that answers."""

    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    version: str
    currency: str
    default_country: str


@area.read("/me", response=Me, scope=None)
def read_me(request: HttpRequest) -> Me:
    """Describe the key in use.

    Needs no scope: the first call to make.
    """
    key = authenticate(request)
    assert isinstance(key, ApiKey)
    options = config.get()
    return Me(
        name=key.name,
        prefix=key.prefix,
        scopes=[Scope(s) for s in key.scopes],
        created_at=key.created_at,
        last_used_at=key.last_used_at,
        version=pabal.__version__,
        currency=options.currency,
        default_country=options.default_country,
    )
