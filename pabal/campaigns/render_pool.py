"""Renders recipients' texts in worker processes fed with Arrow, so that planning uses every core and blocks nothing.

A worker knows neither Django nor the database. It ends with the process that started it, however that ends.
"""

from __future__ import annotations

import ctypes
import io
import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as Late
from concurrent.futures.process import BrokenProcessPool
from typing import TypeAlias

import polars as pl
import pyarrow as pa

from pabal.content.columns import measure_column
from pabal.content.compose import Compiled
from pabal.content.kakao import EXTRA, CompiledKakao
from pabal.errors import Unavailable

Made: TypeAlias = Compiled | CompiledKakao

#: Below this, starting processes takes longer than rendering.
SMALL = 20_000

#: Columns of a rendered frame, one row a recipient, in the order given. A KakaoTalk message has those of `EXTRA` too.
RENDERED = pl.Schema(
    {
        "text": pl.String(),
        "subject": pl.String(),
        "encoding": pl.String(),
        "units": pl.Int32(),
        "parts": pl.Int32(),
        "kind": pl.String(),
        "problem": pl.String(),
    }
)


class Rendering:
    """One frame on its way."""

    def __init__(self, done: pl.DataFrame | None = None, future: Future[bytes] | None = None) -> None:
        self._done = done
        self._future = future

    def result(self, *, timeout: float) -> pl.DataFrame:
        """The rendered frame. Raises `Unavailable` when a worker ended or takes longer than `timeout` seconds."""
        if self._future is None:
            assert self._done is not None
            return self._done
        try:
            return _read(self._future.result(timeout))
        except BrokenProcessPool as error:
            raise _ended() from error
        except Late as error:
            raise Unavailable("Rendering the texts takes too long.", code="renderer_slow") from error


class RenderPool:
    """Worker processes, for about `rows` recipients; few of them are rendered in this process. A context manager.

    Workers take a second to start: make the pool before it is needed.
    """

    def __init__(self, *, rows: int, workers: int | None = None) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self.workers = workers or max(1, min(4, (os.cpu_count() or 1) - 1))  # one core is for the rest of the plan
        if rows >= SMALL:
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(
                self.workers, mp_context=context, initializer=_begin, initargs=(os.getpid(),)
            )
            for _ in range(self.workers):
                self._pool.submit(_warm_up)

    def __enter__(self) -> RenderPool:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            if exception[0] is not None:  # a worker may be stuck
                for process in processes:
                    process.terminate()

    def submit(self, contents: Mapping[str, Made], frame: pl.DataFrame) -> Rendering:
        """Start rendering. `frame` has `message_id`, `country` and the variables of the texts; `contents` by country.

        Raises `Unavailable` when a worker ended.
        """
        if self._pool is None:
            return Rendering(done=render(contents, frame))
        present = {str(code): contents[str(code)] for code in frame["country"].unique()}
        try:
            return Rendering(future=self._pool.submit(_work, present, _bytes(frame)))
        except BrokenProcessPool as error:
            raise _ended() from error


def render(contents: Mapping[str, Made], frame: pl.DataFrame) -> pl.DataFrame:
    """The texts of `frame`, whatever countries it has, in its order."""
    if not len(frame):
        return RENDERED.to_frame()
    rows = frame.with_row_index("row")
    parts: list[pl.DataFrame] = []
    for (country,), group in rows.partition_by("country", as_dict=True, maintain_order=True).items():
        rendered = contents[str(country)].render_frame(group, group["message_id"].to_numpy())
        columns = pl.Schema({**RENDERED, **EXTRA}) if "slots" in rendered.columns else RENDERED
        parts.append(rendered.select(pl.col(name).cast(dtype) for name, dtype in columns.items()))
        parts[-1] = parts[-1].with_columns(group["row"])
    whole = pl.concat(parts)
    return (whole if len(parts) == 1 else whole.sort("row")).drop("row")


def _ended() -> Unavailable:
    return Unavailable("A process that renders texts ended unexpectedly.", code="renderer_ended")


def _begin(parent: int) -> None:
    """Set a worker up; end with the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(0)


def _warm_up() -> None:
    """Build what the first measuring of texts builds."""
    for scheme in ("kr", "gsm"):
        measure_column(pl.Series(["가"]), scheme)


def _work(contents: dict[str, Made], data: bytes) -> bytes:
    return _bytes(render(contents, _read(data)))


def _bytes(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _read(data: bytes) -> pl.DataFrame:
    frame = pl.from_arrow(pa.ipc.open_stream(data).read_all())
    assert isinstance(frame, pl.DataFrame)
    return frame


def variables_of(contents: Sequence[Made]) -> tuple[str, ...]:
    """Every value that the texts read, without repetition."""
    return tuple(dict.fromkeys(name for content in contents for name in content.variables))
