"""What is wrong with one button, coupon, product or film."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from pabal.kakao.counting import length
from pabal.kakao.coupons import CHANNEL_COUPON
from pabal.kakao.limits import COMMON, ButtonLimit
from pabal.kakao.message import Button, Coupon, Product, Video
from pabal.kakao.problems import Problem


def button_problems(
    path: str, buttons: Sequence[Button], limit: ButtonLimit | None, coupon: bool, target: str
) -> Iterator[Problem]:
    """Buttons of one message or card: how many, of which kinds, in which order, and what each needs."""
    if limit is None:
        if buttons:
            yield Problem(path=path, code="not_in_layout")
        return
    most = limit.count(coupon=coupon)
    if len(buttons) > most:
        yield Problem(path=path, code="too_many", values={"count": len(buttons), "limit": most})
    if len(buttons) < limit.least:
        yield Problem(path=path, code="too_few", values={"count": len(buttons), "limit": limit.least})
    channels = [index for index, button in enumerate(buttons) if button.kind == "AC"]
    for index in channels[1:]:
        yield Problem(path=f"{path}.{index}.kind", code="channel_button_once")
    for index, button in enumerate(buttons):
        at = f"{path}.{index}"
        if button.kind not in limit.allowed:
            values: dict[str, int | str] = {"kind": button.kind, "allowed": ", ".join(limit.allowed)}
            yield Problem(path=f"{at}.kind", code="button_kind", values=values)
            continue
        yield from _needs(at, button)
        if button.kind == "AC":
            if limit.channel == "first" and index != 0:
                yield Problem(path=f"{at}.kind", code="channel_button_first")
            if limit.channel == "last" and index != len(buttons) - 1:
                yield Problem(path=f"{at}.kind", code="channel_button_last")
            if target == "I":
                yield Problem(path=f"{at}.kind", code="channel_button_target")
        if button.kind == "BF" and index != 0:
            yield Problem(path=f"{at}.kind", code="form_first")


def _needs(at: str, button: Button) -> Iterator[Problem]:
    """What a button of its kind must have, and what it must not."""
    if not button.name.strip() and button.kind != "AC":
        yield Problem(path=f"{at}.name", code="missing")
    needed: tuple[str, ...]
    allowed: set[str]
    match button.kind:
        case "WL":
            needed, allowed = ("mobile",), {"mobile", "pc"}
        case "AL":
            # Solapi is content with one of them, NHN asks for both.
            needed, allowed = ("android", "ios"), {"mobile", "pc", "android", "ios"}
        case "BT":
            needed, allowed = (), {"extra", "event"}
        case "BF":
            needed, allowed = ("form",), {"form"}
            if button.name and button.name not in COMMON.form_names:
                yield Problem(path=f"{at}.name", code="form_name", values={"names": ", ".join(COMMON.form_names)})
        case "AC":
            needed, allowed = (), set()
            if button.name not in {"", COMMON.channel_button}:
                yield Problem(path=f"{at}.name", code="channel_button_name", values={"name": COMMON.channel_button})
        case _:
            needed, allowed = (), {"extra"}
    for name in ("mobile", "pc", "android", "ios", "extra", "event", "form"):
        value = getattr(button, name)
        if name in needed and not value.strip():
            yield Problem(path=f"{at}.{name}", code="missing")
        if value and name not in allowed:
            yield Problem(path=f"{at}.{name}", code="not_in_layout")


def coupon_problems(path: str, coupon: Coupon) -> Iterator[Problem]:
    """Whether the fields make one of the five titles, and whether it leads anywhere."""
    if coupon.kind in {"won", "percent"}:
        least, most = COMMON.won if coupon.kind == "won" else COMMON.percent
        if coupon.amount is None or not least <= coupon.amount <= most:
            yield Problem(path=f"{path}.amount", code="coupon_amount", values={"least": least, "most": most})
    elif coupon.amount is not None:
        yield Problem(path=f"{path}.amount", code="not_in_layout")
    if coupon.kind in {"free", "up"}:
        spaced = any(character.isspace() for character in coupon.name)
        if spaced or not 1 <= length(coupon.name) <= COMMON.coupon_name:
            yield Problem(path=f"{path}.name", code="coupon_name", values={"limit": COMMON.coupon_name})
    elif coupon.name:
        yield Problem(path=f"{path}.name", code="not_in_layout")
    if not coupon.description.strip():
        yield Problem(path=f"{path}.description", code="missing")
    channel = any(link.startswith(CHANNEL_COUPON) for link in (coupon.android, coupon.ios))
    if not coupon.mobile and not channel:
        yield Problem(path=f"{path}.mobile", code="coupon_link")


def product_problems(path: str, product: Product) -> Iterator[Problem]:
    """Prices in their ranges, and a discount told in one way."""
    for name, (least, most) in (
        ("price", COMMON.price),
        ("discount_price", COMMON.price),
        ("discount_rate", COMMON.discount_rate),
        ("discount_fixed", COMMON.discount_fixed),
    ):
        value = getattr(product, name)
        if value is not None and not least <= value <= most:
            yield Problem(path=f"{path}.{name}", code="number_range", values={"least": least, "most": most})
    told = [product.discount_rate, product.discount_fixed]
    if None not in told:
        yield Problem(path=f"{path}.discount_fixed", code="discount_both")
    if product.discount_price is None:
        if told != [None, None]:
            yield Problem(path=f"{path}.discount_price", code="discount_without_price")
    else:
        if told == [None, None]:
            yield Problem(path=f"{path}.discount_rate", code="discount_needs_rate")
        if product.discount_price >= product.price:
            yield Problem(path=f"{path}.discount_price", code="discount_not_lower")


def video_problems(video: Video) -> Iterator[Problem]:
    """Whether the film is where Kakao plays films from."""
    if video.url:
        try:
            at = urlsplit(video.url)
        except ValueError:
            at = urlsplit("")
        if at.scheme != "https" or at.netloc not in COMMON.video_hosts or at.path in {"", "/"}:
            yield Problem(path="video.url", code="video_host", values={"hosts": ", ".join(COMMON.video_hosts)})
