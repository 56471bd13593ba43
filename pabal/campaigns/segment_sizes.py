"""The growth of segments: the engine counts each of them once an hour, and soon after it was changed."""

from __future__ import annotations

import logging
from datetime import timedelta

from clickhouse_connect.driver.exceptions import ClickHouseError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from pabal.audience.models import Segment, SegmentSize
from pabal.campaigns.counting import size
from pabal.campaigns.people_sets import asking, tree_of
from pabal.errors import PabalError
from pabal.warehouse.sync import Synchroniser

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)
KEPT = timedelta(days=400)
_HOURLY = timedelta(days=14)
"""Age at which one size a day is enough."""

_THIN = """
DELETE FROM segment_size s USING (
    SELECT id, row_number() OVER (PARTITION BY segment_id, date_trunc('day', at) ORDER BY at DESC) AS n
    FROM segment_size WHERE at < %s
) old WHERE s.id = old.id AND old.n > 1
"""


def count_due(synchroniser: Synchroniser) -> bool:
    """Count the segment that has waited longest, if one is due; whether one was. Called every few seconds, so that the
    counts are spread out and leave the warehouse to whoever waits for an answer."""
    now = timezone.now()
    due = Segment.objects.filter(archived_at=None).filter(Q(counted_at=None) | Q(counted_at__lt=now - EVERY))
    segment = due.order_by(F("counted_at").asc(nulls_first=True)).first()
    if segment is None or synchroniser.filling is not None or synchroniser.lag() == float("inf"):
        return False
    count_one(segment, synchroniser)
    return True


def count_one(segment: Segment, synchroniser: Synchroniser) -> int | None:
    """Count a segment, and note its size; None if it cannot be counted, which is tried again an hour later."""
    now = timezone.now()
    people: int | None = None
    try:
        with synchroniser.reading():
            people = size(synchroniser.warehouse, asking(tree_of(segment), now))
    except (PabalError, ClickHouseError) as error:
        log.warning("segment %s: %s", segment.key, error)
    with transaction.atomic():
        counted = Segment.objects.filter(pk=segment.pk, version=segment.version).update(counted_at=now, size=people)
        if counted and people is not None:
            SegmentSize.objects.create(segment_id=segment.pk, at=now, size=people)
    return people


def thin() -> None:
    """Forget sizes that nobody looks at: one a day is kept after two weeks, none after a year and a month."""
    from pabal.database import raw_cursor

    now = timezone.now()
    SegmentSize.objects.filter(at__lt=now - KEPT).delete()
    with raw_cursor() as cursor:
        cursor.execute(_THIN, [now - _HOURLY])
