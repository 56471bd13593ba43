"""API keys: `pabal_` + 8 characters that name the key + 32 secret ones. Only the SHA-256 of the whole is kept: a key
holds 190 random bits, so a slow hash would add nothing.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pabal.accounts.models import ApiKey

ALPHABET = string.ascii_letters + string.digits
USE_NOTED_EVERY = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a key may do. None includes another: a key that sends and reads has both."""

    READ = "read", _("Read everything")
    PROFILES = "profiles", _("Write profiles, consent, lists and imports")
    CAMPAIGNS = "campaigns", _("Write and plan campaigns")
    SEND = "send", _("Launch, pause, resume and end campaigns")
    ADMIN = "admin", _("Set up senders, prices and the balance")


def new_secret() -> tuple[str, str]:
    """(prefix, whole key) of a new key."""
    prefix = "pabal_" + "".join(secrets.choice(ALPHABET) for _n in range(8))
    return prefix, prefix + "".join(secrets.choice(ALPHABET) for _n in range(32))


def digest(key: str) -> bytes:
    """The SHA-256 by which a key is stored and found."""
    return hashlib.sha256(key.encode()).digest()


def verify(key: str) -> ApiKey | None:
    """The key that this text is, unless it is unknown or revoked. Notes its use, at most once a minute."""
    if not key.startswith("pabal_") or len(key) > 100:
        return None
    found = ApiKey.objects.select_related("created_by").filter(digest=digest(key), revoked_at=None).first()
    if found is None:
        return None
    now = timezone.now()
    if found.last_used_at is None or now - found.last_used_at >= USE_NOTED_EVERY:
        stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
        ApiKey.objects.filter(stale, pk=found.pk).update(last_used_at=now)
        found.last_used_at = now
    return found
