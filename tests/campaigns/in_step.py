"""A synchroniser for tests that run beside others on one PostgreSQL server.

A round stops below the oldest transaction that runs anywhere on the server. A test in another database may have one open, so
each round waits until those that began before now are over. Transactions of the test's own database are left alone.
"""

from __future__ import annotations

import time

import psycopg

from pabal.campaigns.lifecycle import database_dsn
from pabal.warehouse import sync
from pabal.warehouse.sync import Round

PATIENCE_S = 90

_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname IS DISTINCT FROM current_database() AND backend_xid IS NOT NULL AND backend_xid::text::bigint < %s
"""


class Synchroniser(sync.Synchroniser):
    """As the product's, undisturbed by other databases of the server."""

    def run_once(self, *, complete: bool = False) -> Round:
        wait_for_others()
        return super().run_once(complete=complete)


def wait_for_others() -> None:
    """Return when no transaction of another database is older than now."""
    deadline = time.monotonic() + PATIENCE_S
    with psycopg.connect(database_dsn(), autocommit=True) as connection:
        row = connection.execute("SELECT pg_current_xact_id()::text::bigint % 4294967296").fetchone()
        assert row is not None
        while connection.execute(_OTHERS, row).fetchone() != (0,):
            assert time.monotonic() < deadline, "another test holds a transaction open"
            time.sleep(0.02)
