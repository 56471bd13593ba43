from __future__ import annotations

import pytest

from pabal import config
from tests.delivery.sending import dsn


@pytest.fixture(autouse=True)
def database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge opens connections of its own: to the test database."""
    if request.node.get_closest_marker("django_db"):
        made = config.Config(database_url=dsn(), secret_key="tests-only", link_base="http://edge.example")
        monkeypatch.setattr(config, "get", lambda: made)
