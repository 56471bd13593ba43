"""Carrier credentials at rest: encrypted with a key derived from the installation's secret, which is not in the database."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from pabal import config
from pabal.errors import Unavailable


def seal(secrets: Mapping[str, Any]) -> bytes:
    """Encrypt and sign some settings."""
    return _fernet(config.secret_key(config.get())).encrypt(msgspec.json.encode(dict(secrets))) if secrets else b""


def unseal(sealed: bytes) -> dict[str, Any]:
    """Decrypt them. Raises Unavailable (`secret_key_changed`) when they were sealed with another secret."""
    if not sealed:
        return {}
    try:
        plain = _fernet(config.secret_key(config.get())).decrypt(bytes(sealed))
    except InvalidToken:
        raise Unavailable(
            "The carrier's credentials were encrypted with another secret key. Enter them again, or restore the key.",
            code="secret_key_changed",
        ) from None
    decoded: dict[str, Any] = msgspec.json.decode(plain)
    return decoded


@cache
def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"pabal carrier credentials").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
