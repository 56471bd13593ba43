"""Telling people of alerts: an e-mail, and a POST to a webhook. Each alert once; what fails is tried again for a day.

The webhook gets JSON: `{"id", "kind", "state": "open", "subject", "label", "sentence", "remedy", "url", "value", "level",
"since"}`. Any answer below 300 counts as told.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from urllib.parse import unquote, urlsplit

import httpx
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from pabal import config
from pabal.errors import InvalidInput
from pabal.reports.alerts import words
from pabal.reports.alerts.book import settings
from pabal.reports.models import Alert

ANSWER_S: Final = 10.0
FOR: Final = timedelta(days=1)

log = logging.getLogger(__name__)


def tell() -> int:
    """Tell of what was not told yet; how many messages went out."""
    chosen = settings()
    language = config.get().language
    told = 0
    new = Alert.objects.filter(cleared_at=None, since__gt=timezone.now() - FOR).order_by("id")
    ways: list[tuple[str, str, Callable[[Alert, str], None]]] = [
        ("emailed_at", chosen.email, _mail),
        ("posted_at", chosen.webhook_url, _post),
    ]
    for field, target, send in ways:
        for alert in new.filter(**{field: None}) if target else []:
            try:
                with translation.override(language):
                    send(alert, target)
            except (OSError, smtplib.SMTPException, httpx.HTTPError, InvalidInput) as error:
                log.warning("an alert could not be told", extra={"alert": str(alert), "error": str(error)})
                Alert.objects.filter(pk=alert.pk).update(telling_error=f"{type(error).__name__}: {error}"[:500])
                break  # the others would fail alike; all are tried again
            Alert.objects.filter(pk=alert.pk).update(**{field: timezone.now()}, telling_error="")
            told += 1
    return told


def _mail(alert: Alert, addresses: str) -> None:
    url = config.get().console_url + words.path(alert)
    EmailMessage(
        subject=f"[Pabal] {words.sentence(alert)}"[:200].replace("\n", " "),
        body=f"{words.sentence(alert)}\n{words.remedy(alert)}\n\n{url}\n",
        from_email=config.get().mail_from,
        to=[part.strip() for part in addresses.split(",")],
        connection=mail_server(config.get().smtp_url),
    ).send()


def _post(alert: Alert, url: str) -> None:
    body = {
        "id": alert.pk,
        "kind": alert.kind,
        "state": "open",
        "subject": alert.subject,
        "label": alert.label,
        "sentence": words.sentence(alert),
        "remedy": words.remedy(alert),
        "url": config.get().console_url + words.path(alert),
        "value": alert.value,
        "level": alert.level,
        "since": alert.since.isoformat(),
    }
    answer = httpx.post(url, json=body, timeout=ANSWER_S)
    if answer.status_code >= 300:
        raise httpx.HTTPError(f"HTTP {answer.status_code}")


def mail_server(url: str) -> BaseEmailBackend:
    """The server of `smtp://user:password@host:587` (STARTTLS where a password is given) or `smtps://…`.

    Raises InvalidInput when there is none.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise InvalidInput(_("No mail server is set (smtp_url)."), code="no_mail_server")
    secure = parts.scheme == "smtps"
    return get_connection(
        "django.core.mail.backends.smtp.EmailBackend",
        host=parts.hostname,
        port=parts.port or (465 if secure else 587 if parts.username else 25),
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_ssl=secure,
        use_tls=not secure and bool(parts.username),
        timeout=ANSWER_S,
    )
