"""Each test gets an empty warehouse on the one chDB folder that a process can have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pabal.campaigns.lifecycle import database_dsn
from pabal.campaigns.warehouse import OWNERS, SOURCES
from pabal.warehouse import schema
from pabal.warehouse.client import Warehouse
from tests.campaigns.in_step import Synchroniser
from tests.campaigns.shop import Shop, open_shop


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("warehouse") / "chdb"


@pytest.fixture
def warehouse(engine_folder: Path) -> Iterator[Warehouse]:
    opened = Warehouse(path=engine_folder)
    schema.drop(opened)
    yield opened
    opened.close()


@pytest.fixture
def synchroniser(warehouse: Warehouse, transactional_db: None) -> Synchroniser:
    return Synchroniser(warehouse, database_dsn(), SOURCES, OWNERS)


@pytest.fixture
def shop(synchroniser: Synchroniser) -> Shop:
    return open_shop(synchroniser, database_dsn())
