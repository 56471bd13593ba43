"""Origins of web pages: `https://shop.kr`, as browsers send them. What may use a browser key, or hold a form."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from pabal.errors import InvalidInput

MOST = 50
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read_origins(written: Iterable[str]) -> list[str]:
    """The origins as browsers send them, each once; a whole address of a page counts as its origin.

    Raises InvalidInput (`bad_origin`, `too_many_origins`).
    """
    found = list(dict.fromkeys(read_origin(text) for text in written if text.strip()))
    if len(found) > MOST:
        raise InvalidInput(_("At most %(most)s addresses.") % {"most": MOST}, code="too_many_origins", field="origins")
    return found


def read_origin(text: str) -> str:
    """`Shop.kr/join` → `https://shop.kr`. Raises InvalidInput (`bad_origin`)."""
    text = text.strip()
    written = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(written)
        host, port = (parts.hostname or "").encode("idna").decode().lower(), parts.port
    except (ValueError, UnicodeError):
        raise _bad(text) from None
    if parts.scheme not in _DEFAULT_PORTS or parts.username or len(host) > 180:
        raise _bad(text)
    shown = f"[{host}]" if ":" in host else host
    if not _HOST.fullmatch(shown):
        raise _bad(text)
    return f"{parts.scheme}://{shown}" + (f":{port}" if port and port != _DEFAULT_PORTS[parts.scheme] else "")


def _bad(text: str) -> InvalidInput:
    return InvalidInput(
        _("“%(text)s” is no address of a site. Write it like https://shop.example.") % {"text": text[:100]},
        code="bad_origin",
        field="origins",
    )
