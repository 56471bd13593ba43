"""Asking the carrier again what became of messages whose fate is unknown."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.campaigns.models import Campaign
from pabal.campaigns.tasks import enqueue_enquiry
from pabal.delivery.asking import begin


@requires(Role.EDITOR)
@require_POST
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """Have the engine ask; the page shows what comes of it."""
    campaign = get_object_or_404(Campaign, key=key)
    with transaction.atomic():
        enquiry = begin(campaign.pk, by=person(request))
        audit.record(actor(request), "campaign.ask", campaign)
        enqueue_enquiry(enquiry.pk)
    messages.success(request, _("The carrier is being asked."))
    return redirect("console:campaign", key=key)
