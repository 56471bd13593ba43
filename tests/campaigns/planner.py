"""A planning process of its own, to be killed: `python -m tests.campaigns.planner PLAN_ID FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    import django

    django.setup()

    from pabal.campaigns.lifecycle import database_dsn
    from pabal.campaigns.planning import carry_out
    from pabal.campaigns.warehouse import OWNERS, SOURCES
    from pabal.warehouse.client import Warehouse
    from pabal.warehouse.sync import Synchroniser

    warehouse = Warehouse(path=Path(sys.argv[2]))
    carry_out(int(sys.argv[1]), Synchroniser(warehouse, database_dsn(), SOURCES, OWNERS), dsn=database_dsn(), page=100)
