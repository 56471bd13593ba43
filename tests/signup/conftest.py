from __future__ import annotations

from collections.abc import Iterator

import pytest

from pabal import config
from pabal.delivery.short_links import short_links
from tests.delivery.sending import dsn


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The edge opens connections of its own: to the test database."""
    if request.node.get_closest_marker("django_db"):
        made = config.Config(database_url=dsn(), secret_key="tests-only", link_base="http://edge.example")
        monkeypatch.setattr(config, "get", lambda: made)
    short_links.cache_clear()  # it remembers the address of the tests before
    yield
    short_links.cache_clear()
