"""Where this installation's short links live, and the key that makes their codes unguessable."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pabal import config
from pabal.content.compose import ShortLinks


@cache
def short_links() -> ShortLinks:
    """The base address and the 16-byte key, derived from the installation's secret."""
    settings = config.get()
    secret = config.secret_key(settings).encode()
    key = HKDF(algorithm=SHA256(), length=16, salt=None, info=b"pabal short links").derive(secret)
    return ShortLinks(base=settings.short_link_base, key=key)
