"""An empty warehouse for each test."""

from __future__ import annotations

from tests.campaigns.conftest import engine_folder, synchroniser, warehouse

__all__ = ["engine_folder", "synchroniser", "warehouse"]
