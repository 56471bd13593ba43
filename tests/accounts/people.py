"""People and keys that tests act as."""

from __future__ import annotations

from pabal.accounts import actions
from pabal.accounts.audit import Actor
from pabal.accounts.models import Role, User

PASSWORD = "파발마 한 필 twelve"
SYSTEM = Actor(name="test")


def someone(role: Role | str = Role.ADMIN, email: str = "") -> User:
    """An account with `PASSWORD`."""
    return User.objects.create_user(email or f"{role}@shop.example", PASSWORD, name=f"{role} person", role=role)


def key(*scopes: str, owner: User | None = None) -> str:
    """A new API key with these scopes; returns the key itself."""
    owner = owner or User.objects.filter(role=Role.ADMIN).first() or someone()
    return actions.create_api_key(name="Shop backend", scopes=scopes, owner=owner, by=SYSTEM)[1]
