"""A segment's people as CSV from the console, found by the engine."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from django.test import Client

from pabal.accounts.models import AuditEntry, Role
from tests.campaigns.conftest import engine_folder, shop, synchroniser, warehouse
from tests.campaigns.segments import country, engine, saved
from tests.campaigns.shop import Shop
from tests.console.audience import logged_in

__all__ = ["engine_folder", "shop", "synchroniser", "warehouse"]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def koreans(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Two people in Korea, one in the United States, a segment of the Koreans, and an engine that answers."""
    monkeypatch.setattr("pabal.campaigns.questions.engine_runs", lambda: True)  # it holds no leader's lock here
    monkeypatch.setattr("pabal.campaigns.segment_csv.engine_runs", lambda: True)
    shop.person("+821000000001", external_id="=cmd()")
    shop.person("+821000000002", subscribed=False)
    shop.person("+12125550101")
    saved("koreans", country("KR"), "한국 고객")
    shop.synchroniser.run_once()
    with engine(shop.synchroniser, shop.dsn):
        yield shop


def test_an_editor_gets_everybody_of_the_segment_and_the_trail_says_so(koreans: Shop, client: Client) -> None:
    editor = logged_in(client, Role.EDITOR)
    response = editor.post("/segments/koreans/export")
    assert response.headers["Content-Disposition"] == 'attachment; filename="koreans.csv"'
    _heading, *rows = csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig")))  # type: ignore[arg-type]
    assert [row[1:3] for row in rows] == [["'=cmd()", "010-0000-0001"], ["", "010-0000-0002"]]
    assert AuditEntry.objects.get(action="segment.export").changes == {"people": 2}


def test_a_viewer_gets_nothing(koreans: Shop, client: Client) -> None:
    assert logged_in(client, Role.VIEWER).post("/segments/koreans/export").status_code == 403
    assert not AuditEntry.objects.filter(action="segment.export").exists()
