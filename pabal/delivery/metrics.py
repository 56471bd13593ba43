"""What a dispatcher counts for Prometheus. Every name begins with `pabal_`."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from pabal.delivery.models import EventKind

KIND: Final = {kind.value: kind.name.lower() for kind in EventKind}
_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)

EVENTS = Counter("pabal_message_events", "Message events recorded", ["kind", "reason"])
WINDOW_SECONDS = Histogram("pabal_window_seconds", "Time a window is with the carrier", buckets=_SECONDS)
RECORD_SECONDS = Histogram("pabal_record_seconds", "Time to record a group of windows", buckets=_SECONDS)
RECEIPTS = Counter("pabal_receipts", "Receipts by what became of them", ["result"])
INBOUND = Counter("pabal_inbound", "Texts received, by meaning", ["meaning"])
SLOTS = Gauge("pabal_sender_slots_held", "Sender slots that this dispatcher holds")
FLYING = Gauge("pabal_messages_in_flight", "Messages with carriers, not recorded yet")
CARRIERS = Gauge("pabal_carrier_open", "1 while the connection to the carrier stands", ["account"])
LEASES_LOST = Counter("pabal_leases_lost", "Slots that another dispatcher took over")
UNCOVERED = Counter("pabal_uncovered_movements", "Charges that no reservation covered")
