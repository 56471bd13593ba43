"""The book of alerts: opened once, kept while something is wrong, closed when it is not any more.

What was wrong and is right again for `CLEAR_AFTER` is closed: a rate that trembles about its level is one alert. An open
alert is told once; a person who has read it acknowledges it, and it is out of the way without being closed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor, Subject, difference, record
from pabal.errors import Conflict, InvalidInput, NotFound
from pabal.reports.alerts.watching import Trouble, troubles
from pabal.reports.models import Alert, AlertSettings

CLEAR_AFTER: Final = timedelta(minutes=2)
KEPT: Final = timedelta(days=90)

#: Field → the greatest value; each is at least 0.
LIMITS: Final[Mapping[str, int]] = {
    "failed_percent": 100,
    "unsubscribed_percent": 100,
    "clicked_percent": 100,
    "least_messages": 1_000_000,
    "unknown_messages": 1_000_000,
    "balance_below": 10**15,
    "warehouse_lag_s": 86_400,
    "no_dispatcher_s": 86_400,
}


def settings() -> AlertSettings:
    """The levels in force; the defaults before anybody chose."""
    return AlertSettings.objects.filter(pk=1).first() or AlertSettings(pk=1)


@transaction.atomic
def set_settings(values: Mapping[str, Any], *, by: Actor) -> AlertSettings:
    """Change levels and whom to tell. Raises InvalidInput that names the field."""
    AlertSettings.objects.get_or_create(pk=1)
    row = AlertSettings.objects.select_for_update().get(pk=1)
    names = [*LIMITS, "email", "webhook_url"]
    before = {name: getattr(row, name) for name in names}
    for name, value in values.items():
        if name in LIMITS and not 0 <= value <= LIMITS[name]:
            message = _("Choose a value between 0 and %(most)s.") % {"most": f"{LIMITS[name]:,}"}
            raise InvalidInput(message, code="out_of_range", field=name)
        setattr(row, name, value)
    row.email = _addresses(row.email)
    row.webhook_url = _address(row.webhook_url)
    row.save()
    row.refresh_from_db()
    if changes := difference(before, {name: getattr(row, name) for name in names}):
        record(by, "alerts.edit", Subject(type="alerts"), changes)
    return row


@transaction.atomic
def look(now: datetime | None = None) -> tuple[int, int]:
    """Compare the book with what is wrong now; how many alerts were opened and closed."""
    now = now or timezone.now()
    found = {(trouble.kind.value, trouble.subject): trouble for trouble in troubles(settings(), now)}
    opened = 0
    known = {(row.kind, row.subject): row for row in Alert.objects.select_for_update().filter(cleared_at=None)}
    for key, trouble in found.items():
        if key in known:
            Alert.objects.filter(pk=known[key].pk).update(**_measured(trouble, now))
        else:
            Alert.objects.create(kind=trouble.kind, subject=trouble.subject, since=now, **_measured(trouble, now))
            opened += 1
    over = [row.pk for key, row in known.items() if key not in found and row.seen_at <= now - CLEAR_AFTER]
    Alert.objects.filter(pk__in=over).update(cleared_at=now)
    Alert.objects.filter(cleared_at__lt=now - KEPT).delete()
    return opened, len(over)


@transaction.atomic
def acknowledge(alert_id: int, *, by: Actor) -> Alert:
    """Say that one has seen it. Raises NotFound, Conflict (`alert_over`, `acknowledged`)."""
    alert = Alert.objects.select_for_update().filter(pk=alert_id).first()
    if alert is None:
        raise NotFound(_("There is no such alert."), code="unknown_alert")
    if alert.cleared_at is not None:
        raise Conflict(_("This is over already."), code="alert_over")
    if alert.acknowledged_at is not None:
        raise Conflict(_("Somebody has seen to this already."), code="acknowledged")
    alert.acknowledged_at, alert.acknowledged_by = timezone.now(), by.person
    alert.save(update_fields=["acknowledged_at", "acknowledged_by"])
    record(by, "alert.acknowledge", alert)
    return alert


def open_alerts() -> list[Alert]:
    """What is wrong, the newest first; what somebody has acknowledged comes last."""
    rows = list(Alert.objects.select_related("acknowledged_by").filter(cleared_at=None).order_by("-since", "-id"))
    return sorted(rows, key=lambda row: row.acknowledged_at is not None)


def past_alerts(limit: int = 50) -> Sequence[Alert]:
    """What was wrong, the latest to end first."""
    rows = Alert.objects.select_related("acknowledged_by").exclude(cleared_at=None)
    return list(rows.order_by("-cleared_at", "-id")[:limit])


def unseen() -> int:
    """How many open alerts nobody has acknowledged."""
    return Alert.objects.filter(cleared_at=None, acknowledged_at=None).count()


def _measured(trouble: Trouble, now: datetime) -> dict[str, Any]:
    return {"label": trouble.label[:200], "value": trouble.value, "level": trouble.level, "seen_at": now}


def _addresses(text: str) -> str:
    found = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    for address in found:
        try:
            validate_email(address)
        except ValidationError:
            message = _("“%(text)s” is no e-mail address.") % {"text": address}
            raise InvalidInput(message, code="bad_email", field="email") from None
    return ", ".join(found)


def _address(text: str) -> str:
    text = text.strip()
    try:
        if text:
            URLValidator(schemes=["http", "https"])(text)
    except ValidationError:
        raise InvalidInput(
            _("Write an address that begins with https://."), code="bad_url", field="webhook_url"
        ) from None
    return text
