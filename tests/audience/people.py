"""What the tests of imports share: putting a file in, running it, looking at what came of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pabal import config
from pabal.audience import import_actions, importing
from pabal.audience.models import Consent, Import, List, Profile

ASKED = datetime(2026, 3, 1, tzinfo=UTC)


def upload(
    text: str | bytes,
    *,
    list_: List | None = None,
    agreed: bool = False,
    at: datetime = ASKED,
    purposes: Sequence[str] = ("promotional",),
    country: str = "KR",
    name: str = "contacts.csv",
) -> Import:
    """An import that is ready to run."""
    data = text.encode() if isinstance(text, str) else text
    import_ = import_actions.start_import(io.BytesIO(data), name=name, by=None, default_country=country, list_=list_)
    if agreed:
        import_actions.state_consent(
            import_, wording="광고 수신에 동의합니다", source="가입 양식", collected_at=at, channels=["text"],
            purposes=purposes, by=None,
        )  # fmt: skip
    import_actions.mark_queued(import_)
    return import_


def imported(text: str | bytes, **options: Any) -> Import:
    """An import that has run."""
    return importing.run(upload(text, **options).pk)


def people(*fields: str) -> list[tuple[Any, ...]]:
    return list(Profile.objects.order_by("pk").values_list(*fields))


def consents() -> list[tuple[Any, ...]]:
    return list(Consent.objects.order_by("profile_id", "purpose").values_list("profile__phone", "purpose", "state"))


def refused_rows(import_: Import) -> list[list[str]]:
    """The refused file, header included."""
    data = (config.get().home_path / import_.refused_path).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
