"""Imports in the background, on the engine's queue."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from pabal.audience import consent_figures, import_actions, importing
from pabal.audience.models import Import, ImportState

KEPT = timedelta(days=7)
"""How long a file stays that was uploaded and not imported."""


@app.task(queue="engine", name="audience.run_import", retry=RetryStrategy(max_attempts=10, wait=30))
def run_import(import_id: int) -> None:
    """Import a queued file. Synchronous on purpose: it runs in a thread, and its heavy work lets go of the GIL.

    A database that stays away longer than `importing.PATIENCE` fails the job, which is tried again and goes on.
    """
    try:
        importing.run(import_id)
    finally:
        connection.close()


def resume_imports() -> int:
    """Queue again the imports of an engine that was killed; called when an engine takes the lead. Returns how many.

    Harmless for an import that runs: only one process can hold it.
    """
    left = Import.objects.filter(state__in=[ImportState.RUNNING, ImportState.QUEUED]).values_list("pk", flat=True)
    for import_id in left:
        run_import.defer(import_id=import_id)
    return len(left)


@app.periodic(cron="17 * * * *")
@app.task(queue="engine", name="audience.discard_abandoned", queueing_lock="discard_abandoned")
def discard_abandoned(timestamp: int) -> None:
    """Throw away what was uploaded a week ago and never imported."""
    try:
        import_actions.discard_abandoned(timezone.now() - KEPT)
    finally:
        connection.close()


@app.periodic(cron="*/5 * * * *")
@app.task(queue="engine", name="audience.count_consent", queueing_lock="count_consent")
def count_consent(timestamp: int) -> None:
    """Keep the consent centre's figures: sum up the tally, count the sources."""
    try:
        consent_figures.compact()
        consent_figures.count_sources()
    finally:
        connection.close()
