"""One edge for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker

from tests.edge.intake.edge import Edge, edge, make_keys


@pytest.fixture(scope="module")
def running(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Edge]:
    """An edge whose database is emptied between tests."""
    with django_db_blocker.unblock(), edge() as started:
        yield started


@pytest.fixture
def shop(running: Edge, transactional_db: None) -> Edge:
    """A running edge, and the shop's write keys."""
    make_keys()
    return running
