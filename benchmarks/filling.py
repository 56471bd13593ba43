"""A shop's people and what they did, made inside PostgreSQL or ClickHouse by the same formulas: the same rows in both.

    fill_warehouse(warehouse, people=1_000_000, events=20_000_000)
    fill_postgres(cursor, people=1_000_000, events=20_000_000)

A few people do much and many do little. Of the events of a year, half are `Viewed Product`, a quarter `Added to Cart`, 15 %
`Order Completed`, the others of ten more names. Properties: `category`, `value`, `order_id`, `quantity`, `product.sku`, `product.brand`,
`tags`. People have `city`, `grade`, `points`, `birthday`, `interests`, a Korean phone, and consent to texts (two of three).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pabal.warehouse.client import Warehouse

END = 1_795_500_000
"""The newest event's time, in Unix seconds: 2026-11-24 02:40 UTC. The oldest is a year before."""

CITIES = ("서울", "부산", "대구", "인천", "광주", "대전", "울산", "수원")
GRADES = ("VIP", "GOLD", "SILVER", "BASIC")
CATEGORIES = ("shoes", "bags", "hats", "coats", "books", "toys", "food", "garden")
BRANDS = ("나루", "한빛", "Acme", "Globex", "Initech", "Umbrella")
OTHER_NAMES = (
    "Product Searched", "Coupon Used", "Review Written", "Signed Up", "Logged In", "Order Refunded", "Wishlist Added",
    "Checkout Started", "Push Opened", "App Opened",
)  # fmt: skip

_YEAR = 365 * 86_400


@dataclass(frozen=True, kw_only=True)
class _Dialect:
    """How a database writes the few things that differ. `n` is the number of the row in all of them."""

    text: str
    array: str
    divide: str
    moment: str

    def pick(self, words: tuple[str, ...], place: str) -> str:
        quoted = ", ".join(f"'{word}'" for word in words)
        return f"{self.array.format(quoted)}[1 + {place} % {len(words)}]"


_POSTGRES = _Dialect(text="({})::text", array="(ARRAY[{}])", divide="{} / {}", moment="to_timestamp({})")
_CLICKHOUSE = _Dialect(text="toString({})", array="[{}]", divide="intDiv({}, {})", moment="toDateTime64({}, 3, 'UTC')")


def _spread(seed: int) -> str:
    """A number from 0 to 2^20 - 1 that looks random, from the row's number."""
    return f"((n * {2_654_435_761 + 2 * seed} % 4294967296) * 48271 % 2147483647 % 1048576)"


def _event_columns(dialect: _Dialect, people: int) -> dict[str, str]:
    kind = f"{_spread(3)} % 100"
    value = f"({_spread(5)} % 20000)"
    cents = f"{value} % 100"
    someone = dialect.divide.format(f"({_spread(1)} * {_spread(2)})", 1_048_576)  # small numbers are more frequent
    far = f"({_spread(2)} * 64 + {_spread(7)}) % {people}"
    whole = dialect.text.format(dialect.divide.format(value, 100))
    json = " || ".join(
        [
            "'{\"category\":\"'", dialect.pick(CATEGORIES, _spread(11)), "'\",\"value\":'", whole, "'.'",
            dialect.text.format(dialect.divide.format(cents, 10)), dialect.text.format(f"1 + {cents} % 9"),
            "',\"order_id\":\"O'", dialect.text.format("n"), "'\",\"quantity\":'",
            dialect.text.format(f"1 + {_spread(13)} % 4"), "',\"product\":{\"sku\":\"S'",
            dialect.text.format(f"{_spread(17)} % 5000"), "'\",\"brand\":\"'", dialect.pick(BRANDS, _spread(19)),
            "'\"},\"tags\":[\"'", dialect.pick(GRADES, _spread(23)), "'\",\"sale\"]}'",
        ]
    )  # fmt: skip
    return {
        "profile_id": f"1 + CASE WHEN {kind} % 2 = 0 THEN {someone} % {people} ELSE {far} END",
        "name": f"CASE WHEN {kind} < 50 THEN 'Viewed Product' WHEN {kind} < 75 THEN 'Added to Cart' "
        f"WHEN {kind} < 90 THEN 'Order Completed' ELSE {dialect.pick(OTHER_NAMES, kind)} END",
        "at": dialect.moment.format(f"{END} - ({_spread(29)} * 31 + {_spread(31)}) % {_YEAR}"),
        "json": json,
    }


def _profile_columns(dialect: _Dialect) -> dict[str, str]:
    digits = dialect.text.format("20000000 + n * 48271 % 79000000")
    json = " || ".join(
        [
            "'{\"city\":\"'", dialect.pick(CITIES, _spread(37)), "'\",\"grade\":\"'", dialect.pick(GRADES, _spread(41)),
            "'\",\"points\":'", dialect.text.format(f"{_spread(43)} % 50000"), "',\"birthday\":\"'",
            dialect.text.format(f"1960 + {_spread(47)} % 45"), "'-0'", dialect.text.format(f"1 + {_spread(53)} % 9"),
            "'-1'", dialect.text.format(f"{_spread(59)} % 10"), "'\",\"interests\":[\"'",
            dialect.pick(CATEGORIES, _spread(61)), "'\",\"'", dialect.pick(CATEGORIES, _spread(67)), "'\"]}'",
        ]
    )  # fmt: skip
    return {
        "external_id": "'C' || " + dialect.text.format("n"),
        "phone": f"'+8210' || {digits}",
        "json": json,
        "created_at": dialect.moment.format(f"{END} - {_spread(71)} % 1000 * 86400"),
    }


def fill_warehouse(warehouse: Warehouse, *, people: int, events: int) -> None:
    """Fill `profile`, `consent` and `event` of an empty warehouse whose tables are made (`schema.create`)."""
    who, what = _profile_columns(_CLICKHOUSE), _event_columns(_CLICKHOUSE, people)
    for low, high in _portions(people):
        warehouse.command(
            f"""
            INSERT INTO profile (profile_id, external_id, phone, locale, time_zone, country, region, zones, json, created_at, round)
            SELECT n, {who["external_id"]}, {who["phone"]}, 'ko', '', 'KR', 'KR', 'Asia/Seoul', {who["json"]},
                   {who["created_at"]}, 1
            FROM (SELECT number AS n FROM numbers({low}, {high - low}))
            """
        )
    warehouse.command(
        f"""
        INSERT INTO consent (profile_id, channel, purpose, state, changed_at, round)
        SELECT n, 'text', 'promotional', if(n % 3 = 0, 'unsubscribed', 'subscribed'), {_CLICKHOUSE.moment.format(END)}, 1
        FROM (SELECT number AS n FROM numbers(1, {people}))
        """
    )
    for low, high in _portions(events):
        warehouse.command(
            f"""
            INSERT INTO event (event_id, name, profile_id, at, json, round)
            SELECT n, {what["name"]}, {what["profile_id"]}, {what["at"]}, {what["json"]}, 1
            FROM (SELECT number AS n FROM numbers({low}, {high - low}))
            """
        )


def fill_postgres(cursor: Any, *, people: int, events: int) -> None:
    """Fill the empty tables `profile`, `consent` and `event` with the same rows. Indexes are kept up to date meanwhile."""
    who = _profile_columns(_POSTGRES)
    cursor.execute(
        f"""
        INSERT INTO profile (id, external_id, phone, email, first_name, last_name, locale, time_zone, country, region, zones,
                             properties, created_at)
        SELECT n, {who["external_id"]}, {who["phone"]}, '', '', '', 'ko', '', 'KR', 'KR', 'Asia/Seoul',
               ({who["json"]})::jsonb, {who["created_at"]}
        FROM generate_series(1, {people}::bigint) AS n
        """
    )
    cursor.execute(
        f"""
        INSERT INTO consent (profile_id, channel, purpose, state, changed_at)
        SELECT n, 'text', 'promotional', CASE WHEN n % 3 = 0 THEN 'unsubscribed' ELSE 'subscribed' END,
               {_POSTGRES.moment.format(END)}
        FROM generate_series(1, {people}::bigint) AS n
        """
    )
    fill_postgres_events(cursor, people=people, events=events)


def fill_postgres_events(cursor: Any, *, people: int, events: int, first: int = 1) -> None:
    """Add the events numbered from `first`; they are of profiles 1 to `people`."""
    what = _event_columns(_POSTGRES, people)
    cursor.execute(
        f"""
        INSERT INTO event (key, name, profile_id, at, properties)
        SELECT md5({_POSTGRES.text.format("n")})::uuid, {what["name"]}, {what["profile_id"]}, {what["at"]}, {what["json"]}
        FROM generate_series({first}::bigint, {first + events - 1}::bigint) AS n
        """
    )


def _portions(rows: int, size: int = 500_000) -> list[tuple[int, int]]:
    """[low, high) of portions of the numbers from 1 to `rows`."""
    return [(low, min(low + size, rows + 1)) for low in range(1, rows + 1, size)]
