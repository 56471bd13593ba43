"""A full disk is called a full disk, whoever finds it, and nothing is lost by it."""

from __future__ import annotations

import errno
import json

import adbc_driver_manager
import psycopg
import pytest
from django.db import OperationalError
from django.test import RequestFactory

from pabal.api import errors as api
from pabal.campaigns.words import plan_failure
from pabal.console import errors as console
from pabal.database import is_disk_full
from pabal.errors import Unavailable

FULL = 'could not extend file "base/16384/17000": No space left on device'


def of_postgres() -> OperationalError:
    """As Django wraps it."""
    error = OperationalError(FULL)
    error.__cause__ = psycopg.errors.DiskFull(FULL)
    return error


def while_planning() -> Unavailable:
    error = Unavailable(f"Writing the plan failed: {FULL}", code="database_unavailable")
    error.__cause__ = adbc_driver_manager.OperationalError(FULL, status_code=adbc_driver_manager.AdbcStatusCode.IO)
    return error


ERRORS = [
    of_postgres(),
    while_planning(),
    OSError(errno.ENOSPC, "No space left on device"),
    RuntimeError("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_it_is_known_by_everybody_who_may_meet_it(error: Exception) -> None:
    assert is_disk_full(error)
    assert plan_failure(error, "en") == (
        "disk_full",
        "The disk of the server is full. Free some space, then go on; nothing is lost.",
    )
    assert "디스크가 가득" in plan_failure(error, "ko")[1]


def test_other_troubles_are_not_taken_for_it() -> None:
    assert not is_disk_full(OperationalError("server closed the connection unexpectedly"))
    assert not is_disk_full(OSError(errno.EACCES, "Permission denied"))


def test_the_api_and_the_console_answer_that_it_may_be_tried_again() -> None:
    answer = api.of(of_postgres())
    assert (answer.status_code, json.loads(answer.content)["error"]["code"]) == (503, "disk_full")
    page = console.handle(RequestFactory().get("/campaigns"), of_postgres())
    assert page is not None
    assert page.status_code == 503
