"""The edge's application for a worker process: Django's models are set up before they are imported."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
django.setup()

from pabal.edge.app import app as whole  # noqa: E402
from pabal.edge.intake.front import Front  # noqa: E402
from pabal.processes.postgres import die_with_parent  # noqa: E402

die_with_parent()  # a worker whose granian was killed would go on answering with yesterday's code
app = Front(whole)

__all__ = ["app"]
