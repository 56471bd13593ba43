"""Texts rendered in worker processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import polars as pl
import psutil
import pytest

from pabal.campaigns import render_pool
from pabal.campaigns.render_pool import SMALL, RenderPool, render
from pabal.content.compose import Compiled, Content, SenderFacts, ShortLinks, compile_content
from pabal.errors import Unavailable

LINKS = ShortLinks(base="https://go.kr", key=b"0123456789abcdef")
CONTENT = Content(text="{{ first_name|default('고객') }} https://shop.kr/")


def contents() -> dict[str, Compiled]:
    sender = SenderFacts(name="파발", kind="long_code", address="0212345678", country="KR", opt_out_number="0801234567")
    return {code: compile_content(CONTENT, sender, code, LINKS, "promotional") for code in ("KR", "US")}


def recipients(count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "message_id": range(1, count + 1),
            "country": ["KR" if i % 3 else "US" for i in range(count)],
            "first_name": [f"이름{i}" if i % 7 else None for i in range(count)],
        }
    )


def test_workers_render_what_this_process_would_in_the_same_order() -> None:
    frame, compiled = recipients(999), contents()
    with RenderPool(rows=SMALL, workers=1) as pool:
        assert pool.submit(compiled, frame).result(timeout=60).equals(render(compiled, frame))
    assert render(compiled, frame)["text"].n_unique() == 999  # each has a link of its own


def test_a_worker_that_is_killed_is_an_error_that_can_be_tried_again() -> None:
    compiled = contents()
    with RenderPool(rows=SMALL, workers=1) as pool:
        pool.submit(compiled, recipients(1)).result(timeout=60)
        assert pool._pool is not None
        on_its_way = render_pool.Rendering(future=pool._pool.submit(time.sleep, 60))  # type: ignore[arg-type]
        for process in pool._pool._processes.values():
            process.kill()
        with pytest.raises(Unavailable) as raised:
            on_its_way.result(timeout=60)
        assert raised.value.code == "renderer_ended"
        with pytest.raises(Unavailable) as raised:
            pool.submit(compiled, recipients(10))
        assert raised.value.code == "renderer_ended"


def test_a_worker_that_takes_too_long_is_given_up_and_ended() -> None:
    started = time.monotonic()
    pool = RenderPool(rows=SMALL, workers=1)
    assert pool._pool is not None
    endless = render_pool.Rendering(future=pool._pool.submit(time.sleep, 600))  # type: ignore[arg-type]
    workers = list(pool._pool._processes.values())

    def wait() -> None:
        with pool:
            endless.result(timeout=0.1)

    with pytest.raises(Unavailable) as raised:
        wait()
    assert raised.value.code == "renderer_slow"
    for worker in workers:
        worker.join(20)
        assert not worker.is_alive()
    assert time.monotonic() - started < 30


PARENT = """
import sys, time
from pabal.campaigns.render_pool import RenderPool, SMALL
if __name__ == "__main__":
    with RenderPool(rows=SMALL, workers=2) as pool:
        print("started", flush=True)
        time.sleep(600)
"""


def test_workers_end_with_a_process_that_is_killed(tmp_path: object) -> None:
    script = os.path.join(str(tmp_path), "parent.py")
    with open(script, "w") as file:
        file.write(PARENT)
    parent = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": os.getcwd()}
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "started\n"
    until = time.monotonic() + 60
    while len(workers := [c for c in psutil.Process(parent.pid).children() if c.memory_info().rss > 60 << 20]) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert psutil.wait_procs(workers, timeout=10)[1] == []


def test_a_worker_knows_neither_django_nor_the_database() -> None:
    code = (
        "import sys, pabal.campaigns.render_pool; print([m for m in ('django', 'psycopg', 'chdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
