"""Keys of lists and segments: how the API, the command line and conditions name them. They never change."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from typing import Any

from django.utils.translation import gettext as _

from pabal.errors import InvalidInput

_KEY = re.compile(r"[\w가-힣][\w-]{0,63}")


def checked_key(key: str, *, reserved: Set[str]) -> str:
    """`key` as it is stored. Raises InvalidInput (`bad_key`)."""
    key = unicodedata.normalize("NFC", key.strip())
    if not _KEY.fullmatch(key) or key in reserved:
        raise InvalidInput(
            _("A key has letters, digits, - and _, and at most 64 of them."), code="bad_key", field="key"
        )
    return key


def key_from(name: str, model: Any, *, reserved: Set[str], otherwise: str) -> str:
    """`VIP 고객 (2026)` → `vip-고객-2026`, with a number behind it when it is taken in `model`."""
    plain = re.sub(r"[^\w]+", "-", unicodedata.normalize("NFC", name).lower()).strip("-_")[:56] or otherwise
    taken = reserved | set(model.objects.filter(key__startswith=plain).values_list("key", flat=True))
    key, number = plain, 1
    while key in taken:
        number += 1
        key = f"{plain}-{number}"
    return key
