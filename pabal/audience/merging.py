"""The same person on several rows: one row per person within a chunk, and a memory of whom the file named before.

Who is who: by external id, else by phone, else by email. A row without an external id belongs to the person with one whose
phone it has.
"""

from __future__ import annotations

import polars as pl

from pabal.audience.cleaning import PROPERTY

#: The column that `identify` adds.
KEY = "\x1fkey"
_PLACE = ("country", "region", "zones")


def identify(people: pl.DataFrame) -> pl.DataFrame:
    """Add the key by which rows of this chunk are the same person."""
    named = people.filter(pl.col("external_id").is_not_null() & pl.col("phone").is_not_null())
    owners = named.unique("phone", keep="first", maintain_order=True).select("phone", owner="external_id")
    nameless = people.height - people.get_column("external_id").null_count() < people.height
    if nameless and owners.height:
        people = people.join(owners, on="phone", how="left", maintain_order="left")
    else:
        people = people.with_columns(pl.lit(None, pl.String).alias("owner"))
    external_id = pl.coalesce("external_id", "owner")
    return people.with_columns(
        pl.coalesce(
            pl.concat_str(pl.lit("i"), external_id),
            pl.concat_str(pl.lit("p"), pl.col("phone")),
            pl.concat_str(pl.lit("e"), pl.col("email").str.to_lowercase()),
        ).alias(KEY)
    ).drop("owner")


def merge(people: pl.DataFrame) -> pl.DataFrame:
    """One row per person, the last value that says something winning; `rows` counts what was merged into it.

    A "no" to consent on any of the rows outweighs every "yes", and the latest date counts.
    """
    people = identify(people)
    if people.get_column(KEY).n_unique() == people.height:
        return people.with_columns(pl.lit(1, pl.Int64).alias("rows"))
    count = pl.len().over(KEY)
    several = people.filter(count > 1)
    one = people.filter(count == 1).with_columns(pl.lit(1, pl.Int64).alias("rows"))
    last = [
        pl.col(name).drop_nulls().last()
        for name in people.columns
        if name not in (KEY, "line", "consent", "consent_at", *_PLACE)
    ]
    with_phone = pl.col("phone").is_not_null()
    place = [
        pl.coalesce(pl.col(name).filter(with_phone).last(), pl.col(name).drop_nulls().last()).alias(name)
        for name in _PLACE
    ]
    merged = several.group_by(KEY, maintain_order=True).agg(
        pl.col("line").first(),
        pl.col("consent").min(),
        pl.col("consent_at").max(),
        *last,
        *place,
        pl.len().cast(pl.Int64).alias("rows"),
    )
    return pl.concat([one, merged.select(one.columns)]).sort("line")


def hashes(merged: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """64-bit hashes of who is in a merged chunk, and of their phones."""
    return merged.get_column(KEY).hash(), merged.get_column("phone").drop_nulls().hash()


class Seen:
    """Whom a file has named so far, as 64-bit hashes: 16 bytes a person.

    Needed to count: a person on two rows far apart is merged, not created and then updated.
    """

    def __init__(self) -> None:
        self._keys = pl.Series(dtype=pl.UInt64)
        self._phones = pl.Series(dtype=pl.UInt64)

    def mark(self, merged: pl.DataFrame) -> pl.DataFrame:
        """Add `again`: whether an earlier chunk named this person. Remembers the chunk. Drops the key."""
        keys, phones = hashes(merged)
        every_phone = merged.get_column("phone").hash()
        nameless = merged.get_column("external_id").is_null() & merged.get_column("phone").is_not_null()
        again = keys.is_in(self._keys.implode()) | (nameless & every_phone.is_in(self._phones.implode()))
        self._keys = pl.concat([self._keys, keys])
        self._phones = pl.concat([self._phones, phones])
        return merged.with_columns(again.alias("again")).drop(KEY)


def property_columns(people: pl.DataFrame) -> list[str]:
    """The names of the properties that a frame of people has."""
    return [name.removeprefix(PROPERTY) for name in people.columns if name.startswith(PROPERTY)]
