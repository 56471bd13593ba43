"""The address that a gateway calls for one account: unguessable, and known without asking the database."""

from __future__ import annotations

import hashlib
import hmac

from pabal import config

PREFIX = "/v1/hooks"


def hook_path(account_id: int) -> str:
    """`/v1/hooks/12/3f9c…`: the second part is derived from the account and the installation's secret."""
    return f"{PREFIX}/{account_id}/{_token(account_id)}"


def hook_url(account_id: int) -> str:
    """The whole address, at the edge's public base."""
    return config.get().short_link_base + hook_path(account_id)


def is_hook(account_id: int, token: str) -> bool:
    """Whether this is the account's token."""
    return hmac.compare_digest(token.encode(), _token(account_id).encode())


def _token(account_id: int) -> str:
    secret = config.secret_key(config.get()).encode()
    return hmac.digest(secret, f"hook {account_id}".encode(), hashlib.sha256).hex()[:24]
