"""Starts what every test shares before Django's settings are read: an embedded PostgreSQL in a folder of its own.

Loaded with `-p tests.plugin`. Workers of pytest-xdist inherit the environment of the process that started it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

from pabal.processes.postgres import EmbeddedPostgres

# How long an example takes says more about what else the machine does than about our code.
settings.register_profile("pabal", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pabal")

if "PABAL_TEST_HOME" not in os.environ:
    home = Path(tempfile.mkdtemp(prefix="pabal-test-"))
    home.chmod(0o755)
    for name in [n for n in os.environ if n.startswith("PABAL_")] + ["DATABASE_URL", "CLICKHOUSE_URL"]:
        os.environ.pop(name, None)
    os.environ["PABAL_TEST_HOME"] = os.environ["PABAL_HOME"] = str(home)
    os.environ["PABAL_ALLOW_FICTIONAL"] = "true"
    os.environ["PABAL_SECRET_KEY"] = "tests-only"
    # Nothing outlives the tests, so nothing needs to reach the disk.
    server = EmbeddedPostgres(home, settings={"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"})
    server.start()

    def end() -> None:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(server.socket, ignore_errors=True)

    atexit.register(end)
