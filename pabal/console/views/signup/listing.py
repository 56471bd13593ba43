"""Sign-up forms: what there is, and how each does."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from pabal.accounts.access import person, requires
from pabal.accounts.models import Role
from pabal.campaigns.models import SignupForm
from pabal.campaigns.signup.forms import counts

MOST = 200


@requires(Role.VIEWER)
def index(request: HttpRequest) -> HttpResponse:
    """Every form, the newest first."""
    archived = request.GET.get("show") == "archived"
    found = list(
        SignupForm.objects.select_related("list").filter(archived_at__isnull=not archived).order_by("-id")[:MOST]
    )
    numbers = counts(found)
    values: dict[str, Any] = {
        "rows": [{"form": form, "counts": numbers[form.pk]} for form in found],
        "archived": archived,
        "any": bool(found) or SignupForm.objects.exists(),
        "may_edit": person(request).may(Role.EDITOR),
    }
    return render(request, "console/signup/index.html", values)
