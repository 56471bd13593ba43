"""The columns that the verdict reads: the contract between the candidate query and the rules."""

from __future__ import annotations

import polars as pl

_MOMENT = pl.Datetime("us", "UTC")

#: Every column the verdict needs. Further columns pass through untouched.
#:
#: profile_id         the profile
#: phone              E.164; empty or null: none that can be used
#: country            ISO 3166-1 alpha-2 of the phone
#: zones, region      where the recipient is (`pabal.policy.hours.Place`)
#: subscribed         consent to promotional text messages
#: night_consent      consent to promotion at night (Korea)
#: suppressed         the phone is on the suppression list
#: excluded           in a list or segment that the campaign leaves out
#: already_received   got this campaign, and re-entry is not allowed yet
#: phone_rank         1 for the profile that keeps the phone: the lowest profile_id of those that are subscribed (when the
#:                    purpose asks for it), not suppressed and not excluded, over the whole audience and not one chunk;
#:                    any larger number for the others. Ranking all profiles alike would let one who is skipped anyway
#:                    take the place of one who is not.
#: last_campaign_at   last attempt to send a campaign message to the profile, null when never
#: last_triggered_at  the same for triggered messages
#: sent_24h           promotional messages planned for or sent to the phone in the last 24 hours
CANDIDATES = pl.Schema(
    {
        "profile_id": pl.Int64(),
        "phone": pl.String(),
        "country": pl.String(),
        "zones": pl.String(),
        "region": pl.String(),
        "subscribed": pl.Boolean(),
        "night_consent": pl.Boolean(),
        "suppressed": pl.Boolean(),
        "excluded": pl.Boolean(),
        "already_received": pl.Boolean(),
        "phone_rank": pl.Int64(),
        "last_campaign_at": _MOMENT,
        "last_triggered_at": _MOMENT,
        "sent_24h": pl.Int64(),
    }
)

#: Columns that may be null; a null text counts as empty.
NULLABLE = frozenset({"phone", "country", "zones", "region", "last_campaign_at", "last_triggered_at"})


def check(frame: pl.DataFrame) -> pl.DataFrame:
    """The candidate columns of `frame`, in the schema's types and with empty texts for null ones.

    Flags may come as 0 and 1, times in any unit and zone. Raises `ValueError` naming the columns that are missing or have
    nulls where a rule would have to guess.
    """
    missing = [name for name in CANDIDATES if name not in frame.columns]
    if missing:
        raise ValueError(f"candidates lack the columns {', '.join(missing)}")
    blank = [name for name in CANDIDATES if name not in NULLABLE and frame.get_column(name).null_count()]
    if blank:
        raise ValueError(f"candidates have nulls in {', '.join(blank)}")
    texts = [name for name, dtype in CANDIDATES.items() if dtype == pl.String]
    typed = frame.select(pl.col(name).cast(dtype) for name, dtype in CANDIDATES.items())
    return typed.with_columns(pl.col(texts).fill_null(""))
