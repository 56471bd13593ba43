"""Work of the engine: plans as jobs, and what it looks after by the second."""

from __future__ import annotations

import logging

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from pabal.campaigns.fallbacks import fail_over
from pabal.campaigns.lifecycle import abandoned_plans, database_dsn, finish_done, start_due, unfinished_plans

__all__ = [
    "ask_carrier",
    "enqueue",
    "enqueue_enquiry",
    "enqueue_list",
    "fail_over",
    "fill_list",
    "finish_done",
    "make_plan",
    "rescue_plans",
    "resume_enquiries",
    "resume_plans",
    "start_due",
]

log = logging.getLogger(__name__)


@app.task(queue="engine", name="make_plan", pass_context=False)
def make_plan(plan_id: int) -> None:
    """Carry a plan out; in a second, if another one is being made."""
    from pabal.campaigns import (  # heavy, and of the engine alone: web processes know this module too
        planning,
        warehouse,
    )

    if not planning.carry_out(plan_id, warehouse.current(), dsn=database_dsn()):
        enqueue(plan_id, seconds=1)


def enqueue(plan_id: int, *, seconds: int = 0) -> None:
    """Have the engine carry a plan out, when this transaction is committed. Twice is once."""
    try:
        with transaction.atomic():
            job = make_plan.configure(queueing_lock=f"plan-{plan_id}", schedule_in={"seconds": seconds})
            job.defer(plan_id=plan_id)
    except AlreadyEnqueued:
        return


@app.task(queue="engine", name="fill_list")
def fill_list(question_id: str) -> None:
    """Put the people of a segment on a list."""
    from pabal.campaigns import list_making, warehouse

    list_making.fill(question_id, warehouse.current())


def enqueue_list(question_id: str) -> None:
    """Have the engine fill a list, when this transaction is committed. Twice is once."""
    try:
        with transaction.atomic():
            fill_list.configure(queueing_lock=f"list-{question_id}").defer(question_id=question_id)
    except AlreadyEnqueued:
        return


@app.task(queue="engine", name="ask_carrier")
def ask_carrier(enquiry_id: int) -> None:
    """Ask carriers what became of a campaign's unknown messages."""
    from pabal.delivery.asking import carry_out

    carry_out(enquiry_id)


def enqueue_enquiry(enquiry_id: int) -> None:
    """Have the engine ask, when this transaction is committed. Twice is once."""
    try:
        with transaction.atomic():
            ask_carrier.configure(queueing_lock=f"enquiry-{enquiry_id}").defer(enquiry_id=enquiry_id)
    except AlreadyEnqueued:
        return


def resume_enquiries() -> int:
    """When the engine starts: ask what the last one left unasked; how many."""
    from pabal.delivery.asking import unfinished

    enquiries = unfinished()
    for enquiry_id in enquiries:
        enqueue_enquiry(enquiry_id)
    return len(enquiries)


def rescue_plans() -> int:
    """Carry on with the plans whose job broke off; how many."""
    plans = abandoned_plans()
    for plan_id in plans:
        log.warning("plan %s has no job any more; carrying on with it", plan_id)
        enqueue(plan_id)
    return len(plans)


def resume_plans() -> int:
    """When the engine starts: carry on with the plans that the last one left; how many."""
    plans = unfinished_plans()
    for plan_id in plans:
        enqueue(plan_id)
    return len(plans)
