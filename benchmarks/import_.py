"""A million contacts from a CSV file to people with consent on a list; the floor is a bare COPY of the same people.

The import runs in a process of its own, as `pabal import` and the engine do, so that its memory can be told.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import Result

ROWS = 1_000_000
GOAL = 40_000
_TABLES = "profile, consent, consent_event, list_member, list, import, consent_statement, property"
_COLUMNS = "id, external_id, phone, email, first_name, last_name, locale, time_zone, country, region, zones, properties"


def run(rows: int = ROWS) -> list[Result]:
    """Import `rows` new people, import them again, and look some of them up."""
    from django.db import connection

    home = Path(os.environ["PABAL_BENCH_HOME"])
    path = home / "contacts.csv"
    write_contacts(path, rows)
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES} RESTART IDENTITY CASCADE")
    first = _import(path)
    people = first["counts"]["created"]
    assert first["state"] == "done", first
    assert people == first["counts"]["subscribed"] == first["counts"]["joined"], first
    floor = _bare_copy()
    again = _import(path)
    assert again["counts"]["unchanged"] == people, again
    reading = _read_through(home)
    searching = _search()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES} RESTART IDENTITY CASCADE")
    path.unlink()
    speed = rows / first["seconds"]
    return [
        Result(
            name=f"import of {rows:,} new contacts",
            value=speed,
            unit="rows/s",
            floor=people / floor,
            ratio=(first["seconds"] / rows) / (floor / people),
            goal=f"≥ {GOAL:,}",
            met=speed >= GOAL,
        ),
        Result(name="import of the same contacts again", value=rows / again["seconds"], unit="rows/s"),
        Result(name="import: memory of the process", value=first["megabytes"], unit="MB"),
        Result(name="reading a 400 MB file: memory above a 4 MB one", value=reading, unit="MB"),
        Result(name=f"finding a person among {people:,}, worst of 6", value=searching, unit="ms"),
    ]


def write_contacts(path: Path, rows: int) -> None:
    """Contacts as a Korean shop exports them: id, phone, names, email, city, birthday, grade, points."""
    families, given = (
        [*"김이박최정강조윤장임"],
        ["민수", "서연", "지훈", "하윤", "도윤", "수아", "은우", "지우", "예준", "서준"],
    )
    cities, grades = ["서울", "부산", "대구", "인천", "광주", "대전", "울산", "수원"], ["VIP", "GOLD", "SILVER"]

    def pick(words: list[str], spread: pl.Series, divisor: int) -> pl.Series:
        return pl.Series(words).gather((spread // divisor % len(words)).cast(pl.UInt32))

    with path.open("wb") as out:
        for start in range(0, rows, 100_000):
            number = pl.int_range(start, min(start + 100_000, rows), eager=True)
            spread = number * 2654435761 % 2**32
            # 48271 is coprime to the range, so no number repeats.
            digits = (number * 48271 % 79_000_000 + 20_000_000).cast(pl.String)
            frame = pl.DataFrame(
                {
                    "회원번호": "C" + number.cast(pl.String).str.zfill(9),
                    "휴대폰": "010-" + digits.str.head(4) + "-" + digits.str.tail(4),
                    "이름": pick(given, spread, 7),
                    "성": pick(families, spread, 97),
                    "이메일": "user" + number.cast(pl.String) + "@example.com",
                    "도시": pick(cities, spread, 1009),
                    "생일": (spread // 13 % 18_000).cast(pl.Int32).cast(pl.Date).cast(pl.String),
                    "등급": pick(grades, spread, 31),
                    "포인트": (spread % 50_000).cast(pl.String),
                }
            )
            frame.write_csv(out, include_header=start == 0)


def _import(path: Path) -> dict[str, Any]:
    return _child("import", str(path))


def _child(*arguments: str) -> dict[str, Any]:
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.import_", *arguments], check=True, capture_output=True, text=True
    ).stdout
    answer: dict[str, Any] = json.loads(output.splitlines()[-1])
    return answer


def _bare_copy() -> float:
    """Seconds to COPY the same people into a table with the same columns and indexes."""
    from django.db import connection

    from pabal.database import raw_cursor

    with raw_cursor() as cursor:
        cursor.execute("CREATE TABLE bare (LIKE profile INCLUDING ALL)")
        with cursor.copy(f"COPY (SELECT {_COLUMNS} FROM profile ORDER BY id) TO STDOUT (FORMAT csv)") as out:
            data = [bytes(piece) for piece in out]
        began = time.perf_counter()
        with cursor.copy(f"COPY bare ({_COLUMNS}) FROM STDIN (FORMAT csv)") as copy:
            for piece in data:
                copy.write(piece)
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bare")
    connection.close()
    return seconds


def _read_through(home: Path) -> float:
    """MB of memory that a large file takes beyond a small one."""
    peaks = []
    for rows in (50_000, 5_000_000):
        path = home / "large.csv"
        write_contacts(path, rows)
        peaks.append(float(_child("read", str(path))["megabytes"]))
        path.unlink()
    return peaks[1] - peaks[0]


def _search() -> float:
    from pabal.audience.models import Profile
    from pabal.audience.queries import find_profiles

    some = Profile.objects.order_by("pk")[12_345]
    slowest = 0.0
    typed = (some.phone, some.phone[-4:], some.phone[-8:], some.external_id or "", some.display_name, some.first_name)
    for text in typed:
        find_profiles(text)
        began = time.perf_counter()
        assert find_profiles(text).profiles
        slowest = max(slowest, time.perf_counter() - began)
    return slowest * 1000


def _import_in_child(path: Path) -> dict[str, Any]:
    import django

    django.setup()
    from django.utils import timezone

    from pabal.audience import import_actions, importing
    from pabal.audience.lists import create_list
    from pabal.audience.models import List

    list_ = List.objects.filter(key="bench").first() or create_list("bench")
    began = time.perf_counter()
    import_ = import_actions.start_import(path, name=path.name, by=None, default_country="KR", list_=list_)
    import_actions.state_consent(
        import_, wording="광고 수신에 동의합니다", source="가입 양식", collected_at=timezone.now(), channels=["text"],
        purposes=["promotional"], by=None,
    )  # fmt: skip
    import_actions.mark_queued(import_)
    done = importing.run(import_.pk)
    return {"seconds": time.perf_counter() - began, "state": done.state, "counts": done.counts}


def _read_in_child(path: Path) -> dict[str, Any]:
    import django

    django.setup()
    from pabal.audience import files

    facts = files.inspect(path)
    rows = sum(chunk.frame.height for chunk in files.read_chunks(path, facts, 50_000))
    return {"rows": rows}


if __name__ == "__main__":
    answer = {"import": _import_in_child, "read": _read_in_child}[sys.argv[1]](Path(sys.argv[2]))
    # Not ru_maxrss: a child begins with its parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    answer["megabytes"] = int(peak[1]) / 1024 if peak else 0
    print(json.dumps(answer))
