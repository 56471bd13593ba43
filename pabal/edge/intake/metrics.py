"""What Prometheus sees of the intake."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

REQUESTS = Counter("pabal_intake_requests_total", "Requests by call and answer", ["call", "status"])
EVENTS = Counter("pabal_intake_events_total", "Events taken, repeated deliveries among them")
PEOPLE = Counter("pabal_intake_people_total", "Identify and alias calls taken")
REFUSED = Counter("pabal_intake_refused_total", "Messages refused, by reason", ["code"])
WAITING = Gauge("pabal_intake_waiting_events", "Events that wait for the database")
SECONDS = Histogram(
    "pabal_intake_commit_seconds",
    "Time to commit what gathered",
    ["what"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
