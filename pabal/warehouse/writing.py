"""Rows on their way into a table. JSON that ClickHouse does not take must not stop the rows beside it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.exceptions import DatabaseError

from pabal.warehouse.client import Warehouse

log = logging.getLogger(__name__)

#: The column that holds JSON text from outside.
_JSON = "json"

_CODE = "Code: 117"  # INCORRECT_DATA: nothing of the block was written


def write(warehouse: Warehouse, table: str, rows: pa.Table) -> int:
    """Append `rows` to `table`; how many of them had JSON that was mended or left out (an empty object instead)."""
    try:
        warehouse.insert(table, rows)
        return 0
    except DatabaseError as error:
        if _CODE not in str(error) or _JSON not in rows.column_names:
            raise
    texts = [_mended(text) for text in rows.column(_JSON).to_pylist()]
    bad = sum(new != old for new, old in zip(texts, rows.column(_JSON).to_pylist(), strict=True))
    mended = rows.set_column(rows.column_names.index(_JSON), _JSON, pa.array(texts, pa.string()))
    lost = _insert_what_is_taken(warehouse, table, mended)
    log.warning("%s: %d rows had JSON that is none; %d were emptied", table, bad, lost)
    return max(bad, lost)


def _insert_what_is_taken(warehouse: Warehouse, table: str, rows: pa.Table) -> int:
    """Insert the rows, halving them until those are found whose JSON is refused; these become empty. How many."""
    try:
        warehouse.insert(table, rows)
        return 0
    except DatabaseError as error:
        if _CODE not in str(error):
            raise
        if rows.num_rows == 1:
            empty = rows.set_column(rows.column_names.index(_JSON), _JSON, pa.array(["{}"], pa.string()))
            warehouse.insert(table, empty)
            return 1
    half = rows.num_rows // 2
    return sum(_insert_what_is_taken(warehouse, table, part) for part in (rows.slice(0, half), rows.slice(half)))


def _mended(text: str | None) -> str:
    """JSON as ClickHouse takes it: an object, no lone surrogates, no number beyond what a float holds."""
    try:
        value = json.loads(text or "{}", parse_constant=lambda _name: None, parse_float=_number)
    except (ValueError, RecursionError):
        return "{}"
    if not isinstance(value, dict):
        return "{}"
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _number(text: str) -> Any:
    value = float(text)
    return value if abs(value) != float("inf") else text
