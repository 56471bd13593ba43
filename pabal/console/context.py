"""What every console template knows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

import pabal


def console(request: HttpRequest) -> dict[str, Any]:
    return {"theme": request.COOKIES.get("theme", ""), "pabal_version": pabal.__version__}
