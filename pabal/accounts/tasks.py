"""Accounts' background work: forgetting what has served its time."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.utils import timezone
from procrastinate.contrib.django import app

from pabal.accounts.models import IdempotencyKey, LoginAttempt


@app.periodic(cron="17 * * * *")
@app.task(queue="engine", queueing_lock="forget_expired", name="accounts.forget_expired")
def forget_expired(timestamp: int) -> None:
    """Remove idempotency keys after 24 hours, attempts to log in after a day, sessions that have ended."""
    yesterday = timezone.now() - timedelta(hours=24)
    IdempotencyKey.objects.filter(created_at__lt=yesterday).delete()
    LoginAttempt.objects.filter(at__lt=yesterday).delete()
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
