"""The edge's application for a worker process: Django's models are set up before they are imported."""

from __future__ import annotations

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
django.setup()

from pabal.edge.app import app as whole  # noqa: E402
from pabal.edge.intake.front import Front  # noqa: E402
from pabal.processes.postgres import die_with_parent  # noqa: E402

die_with_parent()  # a worker whose granian was killed would go on answering with yesterday's code
app = Front(whole)

# Events are trees: nothing here makes cycles worth looking for after each few hundred of them. Measured: a quarter of the
# intake's time went into collections that found nothing.
gc.freeze()
gc.set_threshold(100_000, 20, 100)

__all__ = ["app"]
