"""The edge's application for a worker process: Django's models are set up before they are imported."""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pabal.settings")
django.setup()

from pabal.edge.app import app  # noqa: E402

__all__ = ["app"]
