"""The key behind the codes of short links: what makes them and what reads them must agree on it."""

from __future__ import annotations

import hashlib

from pabal.config import Config, secret_key
from pabal.content.compose import ShortLinks


def short_links(config: Config) -> ShortLinks:
    """Where short links live, and their key (derived from the installation's secret)."""
    key = hashlib.sha256(b"short links\0" + secret_key(config).encode()).digest()
    return ShortLinks(base=config.short_link_base, key=key)
