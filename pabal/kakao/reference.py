"""The page of `docs/reference/` about KakaoTalk messages, made from the structs and the limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

import msgspec
from msgspec import inspect

from pabal.kakao import labels, limits
from pabal.kakao.message import (
    Button,
    Card,
    Coupon,
    CouponKind,
    Intro,
    Item,
    KakaoMessage,
    Links,
    Product,
    Video,
)
from pabal.kakao.problems import WORDS

STRUCTS: tuple[type[msgspec.Struct], ...] = (
    KakaoMessage,
    Button,
    Coupon,
    Item,
    Product,
    Video,
    Intro,
    Card,
    Links,
)


def kakao_messages_page() -> str:
    """`kakao-messages.md`: the JSON of a message, what each layout allows, and every problem."""
    common = limits.COMMON
    lines = [
        "# KakaoTalk messages",
        "",
        "<!-- made by `python -m pabal.reference` -->",
        "",
        "The JSON of a KakaoTalk message, in the API, in campaigns as code and in the database. What is empty is left out.",
        "Strings marked *personal* may hold values (`{{ first_name|default('고객') }}`); they are counted after they are filled in.",
        "Lengths are counted in UTF-16 units, as the gateways count: most emoji count two.",
        "",
        "## Structure",
        "",
        *_structs(),
        "## Layouts",
        "",
        f"Links at most {common.link:,} characters. Images {', '.join(common.image_formats).upper()}, at most "
        f"{common.image_bytes:,} bytes, at least {common.image_width} pixels wide. Kakao delivers from "
        f"{common.opens:%H:%M} to {common.closes:%H:%M} in Korea.",
        "",
        *_layouts(),
        "## Coupons",
        "",
        "| kind | 한국어 | title |",
        "|---|---|---|",
        *_coupons(),
        "",
        "## Problems",
        "",
        "| code | English | 한국어 |",
        "|---|---|---|",
        *(f"| `{code}` | {words['en']} | {words['ko']} |" for code, words in WORDS.items()),
        "",
        "## Sources",
        "",
        *(f"- {source.title}: {source.where}, read {source.read}." for source in limits.SOURCES),
    ]
    return "\n".join(lines) + "\n"


def _structs() -> Iterable[str]:
    for struct in STRUCTS:
        yield f"### {struct.__name__}"
        yield ""
        yield " ".join((struct.__doc__ or "").split())
        yield ""
        yield "| field | English | 한국어 | type |"
        yield "|---|---|---|---|"
        info = inspect.type_info(struct)
        assert isinstance(info, inspect.StructType)
        for field in info.fields:
            extra = getattr(field.type, "extra", None) or {}
            words = extra.get("labels", {"en": "", "ko": ""})
            kind = extra.get("kind")
            note = f"{kind}, personal" if kind and kind != "name" else _shown(field.type)
            yield f"| `{field.name}` | {words['en']} | {words['ko']} | {note} |"
        yield ""


def _shown(kind: Any) -> str:
    match kind:
        case inspect.Metadata():
            return _shown(kind.type)
        case inspect.LiteralType():
            return ", ".join(f"`{value}`" for value in kind.values)
        case inspect.UnionType():
            return " or ".join(_shown(inner) for inner in kind.types)
        case inspect.VarTupleType():
            return f"list of {_shown(kind.item_type)}"
        case inspect.StructType():
            return f"[{kind.cls.__name__}](#{kind.cls.__name__.lower()})"
        case inspect.IntType():
            return "integer"
        case inspect.BoolType():
            return "boolean"
        case inspect.NoneType():
            return "null"
        case _:
            return "string"


def _layouts() -> Iterable[str]:
    for layout in limits.LAYOUTS:
        words = labels.LAYOUTS[layout]
        yield f"### `{layout}`: {words['en']} · {words['ko']}"
        yield ""
        yield "| part | Brand Message | FriendTalk |"
        yield "|---|---|---|"
        brand, friend = (dict(_rows(limits.of(preset, layout))) for preset in limits.PRESETS)
        for name in brand:
            yield f"| {name} | {brand[name]} | {friend.get(name, '–')} |"
        yield ""
        for gateway in ("solapi", "nhn_kakao"):
            less = dict(_rows(limits.of("brand_message", layout, gateway)))
            differ = [f"{name}: {less.get(name, '–')}" for name in brand if less.get(name) != brand[name]]
            if differ:
                yield f"By `{gateway}`: {'; '.join(differ)}."
                yield ""


def _rows(of: limits.LayoutLimits) -> Iterable[tuple[str, str]]:
    for path, string in of.strings.items():
        said = f"≤ {string.most:,}" if string.most else "–"
        if string.newlines is not None and string.most:
            said += f", ≤ {string.newlines} line breaks"
        yield f"`{path}`", said + (", needed" if string.required else "")
    for path, image in of.images.items():
        sizes = " or ".join(f"{width}×{height}" for width, height in image.recommended)
        ratio = f"height/width {image.ratio[0]:g}–{image.ratio[1]:g}"
        yield f"`{path}`", f"{ratio}, best {sizes}" + (", needed" if image.required else "")
    for name, count in (("items", of.items), ("cards", of.cards), ("cards with an intro", of.cards_with_intro)):
        if count is not None:
            yield name, f"{count.least}–{count.most}"
    for name, buttons in (("buttons", of.buttons), ("buttons of a card", of.card_buttons)):
        if buttons is not None:
            most = f"{buttons.least}–{buttons.most}"
            with_coupon = f" ({buttons.most_with_coupon} with a coupon)" if buttons.most_with_coupon else ""
            yield name, f"{most}{with_coupon}, names ≤ {buttons.name}, {' '.join(buttons.allowed)}"
    for name, coupon in (("coupon description", of.coupon), ("coupon description of a card", of.card_coupon)):
        if coupon is not None:
            yield name, f"≤ {coupon.description}"


def _coupons() -> Iterable[str]:
    least, most = limits.COMMON.won
    titles = {
        "won": f"`{{{least}–{most}}}원 할인 쿠폰`",
        "percent": f"`{{{limits.COMMON.percent[0]}–{limits.COMMON.percent[1]}}}% 할인 쿠폰`",
        "shipping": "`배송비 할인 쿠폰`",
        "free": f"`{{≤ {limits.COMMON.coupon_name}, no spaces}} 무료 쿠폰`",
        "up": f"`{{≤ {limits.COMMON.coupon_name}, no spaces}} UP 쿠폰`",
    }
    for kind in get_args(CouponKind):
        yield f"| `{kind}` | {labels.COUPONS[kind]['ko']} | {titles[kind]} |"
