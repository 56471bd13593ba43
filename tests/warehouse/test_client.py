"""Opening the warehouse, and what one is told when it cannot be opened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pabal.errors import Unavailable
from pabal.warehouse.client import Warehouse

HOLD = """
import sys
from pathlib import Path
from pabal.warehouse.client import Warehouse
warehouse = Warehouse(path=Path(sys.argv[1]))
warehouse.command("CREATE TABLE IF NOT EXISTS kept (n UInt64) ENGINE = MergeTree ORDER BY n")
warehouse.command("INSERT INTO kept VALUES (7)")
print("open", flush=True)
sys.stdin.read()
"""


def test_a_folder_that_another_process_holds_says_who_holds_it(tmp_path: Path) -> None:
    folder = tmp_path / "chdb"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(Unavailable) as raised:
            Warehouse(path=folder)
        assert raised.value.code == "warehouse_locked"
        assert str(holder.pid) in str(raised.value)
    finally:
        holder.kill()
        holder.wait()
    check = "import sys; from pathlib import Path; from pabal.warehouse.client import Warehouse;"
    check += "print(Warehouse(path=Path(sys.argv[1])).rows('SELECT n FROM kept'))"
    after = subprocess.run([sys.executable, "-c", check, str(folder)], capture_output=True, text=True, check=True)
    assert after.stdout == "[(7,)]\n"  # killed, not closed: the folder opens again, with the row


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as raised:
        Warehouse(path=tmp_path / "file" / "chdb")
    assert raised.value.code == "warehouse_unavailable"


def test_a_server_that_does_not_answer_says_so() -> None:
    with pytest.raises(Unavailable) as raised:
        Warehouse(url="http://127.0.0.1:1/default")
    assert raised.value.code == "warehouse_unavailable"


def test_parameters_are_bound_not_written(warehouse: Warehouse) -> None:
    evil = "x'); DROP TABLE t; --"
    assert warehouse.rows("SELECT {text:String}, {ids:Array(UInt64)}", {"text": evil, "ids": [1, 2]}) == [
        (evil, [1, 2])
    ]


def test_arrow_goes_in_and_comes_out(warehouse: Warehouse) -> None:
    warehouse.command("CREATE TABLE t (n UInt64, j JSON) ENGINE = MergeTree ORDER BY n")
    warehouse.insert("t", pa.table({"n": [1, 2], "j": ['{"등급": "골드"}', "{}"]}))
    found = warehouse.arrow("SELECT n, toJSONString(j.`등급`) AS grade FROM t ORDER BY n")
    assert found.to_pydict() == {"n": [1, 2], "grade": ['"골드"', None]}


def test_it_answers_and_says_its_version(warehouse: Warehouse) -> None:
    assert warehouse.ping()
    assert int(warehouse.version.split(".")[0]) >= 25


def test_what_broken_plans_left_is_removed(warehouse: Warehouse) -> None:
    from pabal.warehouse import schema

    schema.create(warehouse)
    warehouse.command("CREATE TABLE plan_7_w (n UInt64) ENGINE = MergeTree ORDER BY n")
    schema.drop_working_tables(warehouse)
    tables = {name for (name,) in warehouse.rows("SHOW TABLES")}
    assert tables == {*schema.TABLES, "cursor", "origin"}
