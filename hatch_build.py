"""Compiles the translations into the wheel: an installed package need not be writable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Translations(BuildHookInterface):  # type: ignore[misc]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        sys.path.insert(0, self.root)
        from pabal.translations import compile_messages

        compile_messages(Path(self.root) / "pabal" / "locale")
