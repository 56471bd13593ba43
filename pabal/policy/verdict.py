"""The verdict: for every candidate either the reason why there is no message, or when it may be sent.

The rules are asked in the order of `SkipReason`; the first that fails names the skip. All of it is column expressions:
what depends on the place alone (hours, caps, what senders reach) is computed once for each distinct place and joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import polars as pl

from pabal.errors import InvalidInput
from pabal.kakao.limits import COMMON
from pabal.policy.candidates import check
from pabal.policy.countries import MessageKind, Route, campaign_refusal
from pabal.policy.hours import HoursOptions, Place, Window, windows_frame
from pabal.policy.laws import law
from pabal.policy.skips import TEXT_REASONS, SkipReason

Purpose = Literal["promotional", "informational"]
QuietHours = Literal["hold", "skip", "off"]
SmartCounts = Literal["campaign", "triggered", "both"]

ON_THE_WAY = timedelta(minutes=5)
"""What a KakaoTalk message may take from us to the phone: so long before KakaoTalk closes nothing is handed over."""

SKIP = pl.Int16()
_PLACE = ["country", "zones", "region", "night_consent"]
_TEXT_CODES = {reason.key: int(reason) for reason in TEXT_REASONS}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """A campaign's rules.

    `purpose`: an *informational* text (an order, a delivery) needs no marketing consent and knows no promotional hours or
    caps; suppression, duplicates, reach and smart sending hold for it too. `routes`: the campaign's senders; one that
    reaches is enough. `smart_sending`: skip who was messaged within this time, counting `smart_counts`; None: off.
    `quiet_hours`: `hold` until the place opens, `skip`, or `off` (informational only). `company`: the company's own window,
    used beside the law; None for none.

    Raises `InvalidInput` when quiet hours are off for promotional texts.
    """

    routes: tuple[Route, ...]
    purpose: Purpose = "promotional"
    kind: MessageKind = "sms"
    smart_sending: timedelta | None = timedelta(hours=24)
    smart_counts: SmartCounts = "both"
    quiet_hours: QuietHours = "hold"
    company: Window | None = HoursOptions().company

    def __post_init__(self) -> None:
        if self.purpose == "promotional" and self.quiet_hours == "off":
            raise InvalidInput(
                "Quiet hours can be switched off for informational messages only.",
                code="quiet_hours_required",
                field="quiet_hours",
            )

    @property
    def hours(self) -> HoursOptions:
        """The hours that hold for this campaign."""
        legal = self.purpose == "promotional"
        return HoursOptions(company=self.company, legal=legal, seoul=kakao_window() if self.kind == "kakao" else None)


def kakao_window() -> Window:
    """When KakaoTalk messages may be handed over, in Korea's time: Kakao's own hours, less what delivery takes."""
    closes = datetime.combine(date(2000, 1, 1), COMMON.closes, UTC) - ON_THE_WAY
    return Window(opens=COMMON.opens, closes=closes.time())


def verdict(
    candidates: pl.DataFrame | pl.LazyFrame, policy: Policy, now: datetime, deadline: datetime | None
) -> pl.DataFrame:
    """`candidates` (see `pabal.policy.candidates.CANDIDATES`) in their order, with the columns

    - `skip`: smallint, a `SkipReason`; null when there is a message;
    - `send_after`: UTC, `now` or the place's next opening; null when skipped;
    - `send_before`: UTC, the earlier of the end of that window and `deadline`; null when skipped or unlimited.

    `now` and `deadline` are aware; a message must be sendable before `deadline` (None: whenever). Raises `ValueError` for
    columns that are missing or have unexpected nulls.
    """
    frame = candidates.collect() if isinstance(candidates, pl.LazyFrame) else candidates
    now = now.astimezone(UTC)
    facts = check(frame)
    places = _places_frame(facts.select(_PLACE).unique(), policy, now)
    judged = (
        facts.join(places, on=_PLACE, how="left", maintain_order="left")
        .with_columns(skip=_skip(policy, now, deadline))
        .select(
            "skip",
            send_after=pl.when(pl.col("skip").is_null()).then("opens_at"),
            send_before=pl.when(pl.col("skip").is_null()).then(pl.min_horizontal("closes_at", _moment(deadline))),
        )
    )
    return frame.with_columns(judged.get_columns())


def after_text(frame: pl.DataFrame, *, problem: str = "problem") -> pl.DataFrame:
    """The verdict's frame with the skips that rendering found.

    The column named `problem` holds `empty_text`, `over_length`, `unsendable_characters`, `render_error`, or null. An
    earlier skip stays. Raises `polars.exceptions.InvalidOperationError` for any other word.
    """
    found = pl.col(problem).replace_strict(_TEXT_CODES, return_dtype=SKIP)
    clear = found.is_null()
    return frame.with_columns(
        skip=pl.coalesce("skip", found),
        send_after=pl.when(clear).then("send_after"),
        send_before=pl.when(clear).then("send_before"),
    )


def _places_frame(places: pl.DataFrame, policy: Policy, now: datetime) -> pl.DataFrame:
    """What is known of each distinct place: `opens_at`, `closes_at`, `allowed_now`, `refused` (a skip code), `cap`."""
    promotional = policy.purpose == "promotional"
    codes = places.get_column("country").unique().to_list()
    refusals = pl.DataFrame(
        {"country": codes, "refused": [campaign_refusal(policy.routes, code, policy.kind) for code in codes]},
        schema={"country": pl.String(), "refused": SKIP},
    )
    regions = places.get_column("region").unique().to_list()
    caps = pl.DataFrame(
        {"region": regions, "cap": [law(region).cap_24h if promotional else None for region in regions]},
        schema={"region": pl.String(), "cap": pl.Int64()},
    )
    if policy.quiet_hours == "off":
        opened = places.with_columns(
            allowed_now=pl.lit(True), opens_at=_moment(now), closes_at=pl.lit(None, pl.Datetime("us", "UTC"))
        )
    else:
        rows = places.select("zones", "region", "night_consent").unique().iter_rows()
        distinct = [Place(zones=zones, region=region, night_consent=night) for zones, region, night in rows]
        windows = windows_frame(distinct, now, policy.hours)
        opened = places.join(windows, on=["zones", "region", "night_consent"], how="left")
    return opened.join(refusals, on="country", how="left").join(caps, on="region", how="left")


def _skip(policy: Policy, now: datetime, deadline: datetime | None) -> pl.Expr:
    """The code of the first rule that fails, or null."""
    late = pl.lit(False) if deadline is None else pl.col("opens_at") >= _moment(deadline)
    closed = ~pl.col("allowed_now") if policy.quiet_hours == "skip" else pl.col("opens_at").is_null()
    rules: list[tuple[pl.Expr, SkipReason]] = []
    if policy.purpose == "promotional":
        rules.append((~pl.col("subscribed"), SkipReason.NOT_SUBSCRIBED))
    rules += [
        (pl.col("suppressed"), SkipReason.SUPPRESSED),
        (pl.col("phone") == "", SkipReason.NO_USABLE_PHONE),
        (pl.col("excluded"), SkipReason.EXCLUDED),
        (pl.col("phone_rank") > 1, SkipReason.DUPLICATE_PHONE),
        (pl.col("already_received"), SkipReason.ALREADY_RECEIVED),
        (pl.col("refused") == SkipReason.COUNTRY_NOT_SUPPORTED.value, SkipReason.COUNTRY_NOT_SUPPORTED),
        (pl.col("refused") == SkipReason.KIND_NOT_SUPPORTED.value, SkipReason.KIND_NOT_SUPPORTED),
        (pl.col("refused") == SkipReason.ENCODING_NOT_SUPPORTED.value, SkipReason.ENCODING_NOT_SUPPORTED),
        (_recently_messaged(policy, now), SkipReason.RECENTLY_MESSAGED),
        (pl.col("sent_24h") >= pl.col("cap"), SkipReason.STATE_CAP),
        (closed, SkipReason.OUTSIDE_HOURS),
        (late, SkipReason.DEADLINE_PASSED),
    ]
    return pl.coalesce(pl.when(fails).then(pl.lit(reason.value, SKIP)) for fails, reason in rules)


def _recently_messaged(policy: Policy, now: datetime) -> pl.Expr:
    if policy.smart_sending is None:
        return pl.lit(False)
    columns = {
        "campaign": ["last_campaign_at"],
        "triggered": ["last_triggered_at"],
        "both": ["last_campaign_at", "last_triggered_at"],
    }[policy.smart_counts]
    return pl.max_horizontal(columns) > _moment(now - policy.smart_sending)


def _moment(moment: datetime | None) -> pl.Expr:
    return pl.lit(moment if moment is None else moment.astimezone(UTC), pl.Datetime("us", "UTC"))
