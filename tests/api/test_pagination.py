import pytest

from pabal.api import pagination
from pabal.errors import InvalidInput
from tests.api.conftest import Call


def read(call: Call, limit: int, cursor: str | None = None) -> tuple[list[int], str | None]:
    query = f"?limit={limit}" + (f"&cursor={cursor}" if cursor else "")
    data = call("GET", f"/ledger{query}").data
    return [entry["amount"] for entry in data["data"]], data["next_cursor"]


def test_pages_hold_each_row_once_while_rows_are_added(call: Call) -> None:
    for amount in range(1, 8):
        call("POST", "/balance/top-ups", {"amount": amount})
    first, cursor = read(call, 3)
    for amount in range(100, 105):
        call("POST", "/balance/top-ups", {"amount": amount})
    second, cursor = read(call, 3, cursor)
    third, end = read(call, 3, cursor)
    assert first + second + third == [7, 6, 5, 4, 3, 2, 1]
    assert end is None


def test_a_full_last_page_is_the_last(call: Call) -> None:
    for amount in range(1, 5):
        call("POST", "/balance/top-ups", {"amount": amount})
    _first, cursor = read(call, 2)
    second, end = read(call, 2, cursor)
    assert second == [2, 1]
    assert end is None


@pytest.mark.parametrize(
    "cursor", ["x", "!!!!", "bnVsbA", pagination.encode("imports", 3), pagination.encode("ledger", -1)]
)
def test_a_foreign_cursor_is_refused(call: Call, cursor: str) -> None:
    response = call("GET", f"/ledger?cursor={cursor}")
    assert (response.status_code, response.data["error"]["code"]) == (422, "invalid_cursor")
    assert response.data["error"]["field"] == "cursor"


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many"])
def test_a_limit_out_of_bounds_is_refused(call: Call, limit: str) -> None:
    response = call("GET", f"/ledger?limit={limit}")
    assert (response.status_code, response.data["error"]["code"]) == (422, "invalid_input")
    assert response.data["error"]["field"] == "limit"


def test_a_cursor_says_where_it_ended() -> None:
    assert pagination.decode("x", pagination.encode("x", 2**63 - 1)) == 2**63 - 1
    assert pagination.decode("x", None) is None
    with pytest.raises(InvalidInput):
        pagination.decode("y", pagination.encode("x", 1))
