"""Where a sign-up happened, as it is kept: the page without what may name a person, the network address as a keyed hash."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from functools import cache
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pabal import config

LONGEST_PAGE = 500


@cache
def _key() -> bytes:
    secret = config.secret_key(config.get()).encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"pabal sign-up addresses").derive(secret)


def ip_hash(address: str) -> str:
    """32 hexadecimal digits by which the same address is known again, and not read back without our key; empty for none.

    Of an IPv6 address the first 64 bits count: the rest is the visitor's to choose.
    """
    if not address:
        return ""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(known, ipaddress.IPv6Address):
        known = known.ipv4_mapped or ipaddress.IPv6Network((known, 64), strict=False).network_address
    return hmac.new(_key(), known.packed, hashlib.sha256).hexdigest()[:32]


def page_address(text: str) -> str:
    """A page's address without user, query and fragment; empty when it is none."""
    try:
        parts = urlsplit(text.strip())
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    return urlunsplit((parts.scheme, host + port, parts.path, "", "")).replace("\0", "")[:LONGEST_PAGE]


def place(page: str, hashed: str) -> str:
    """What the history of consent says of where it happened."""
    return " · ".join(filter(None, (page[:160], f"IP {hashed}" if hashed else "")))
