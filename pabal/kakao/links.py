"""Links as gateways take them: ASCII, everything else percent-encoded.

Source: Solapi's pattern of a link (`HTTP_URL_PATTERN` in `bmsConstraints.ts`), which takes letters, digits and
`-@:%_+.~#?&/=`; NHN Cloud takes those too.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

SAFE: Final = "-@:%_+.~#?&/="


def sendable(link: str) -> str:
    """The same link in the characters that every gateway takes; links of apps (`shop://…`) are left alone."""
    if not link.lower().startswith(("http://", "https://")):
        return link
    if link.isascii():
        return quote(link, safe=SAFE)
    parts = urlsplit(link)
    host = ":".join(piece if piece.isascii() else piece.encode("idna").decode() for piece in parts.netloc.split(":"))
    return quote(urlunsplit(parts._replace(netloc=host)), safe=SAFE)
