"""Every limit of every layout: one below, at it, one above. The numbers are written out here a second time, by hand from
the published documents, so that a slip in `limits.toml` is seen."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from pabal.errors import InvalidInput
from pabal.kakao import limits, places
from pabal.kakao.checks import problems
from pabal.kakao.image_checks import ImageFacts
from pabal.kakao.message import Button, Coupon, KakaoMessage, Product, dump, parse
from pabal.kakao.problems import WORDS, Problem, said
from tests.kakao.samples import BUY, HALF, IMAGES, SHOES, sample

BRAND = "brand_message"
FRIEND = "friendtalk"

#: (preset, layout, path, characters, newlines)
STRINGS: list[tuple[Any, Any, str, int, int | None]] = [
    (BRAND, "text", "text", 1300, 99),
    (BRAND, "image", "text", 1300, 99),
    (BRAND, "wide", "text", 76, 5),
    (BRAND, "video", "text", 76, 5),
    (BRAND, "video", "header", 20, 0),
    (BRAND, "wide_item_list", "header", 20, 0),
    (BRAND, "wide_item_list", "items.0.title", 25, 1),
    (BRAND, "wide_item_list", "items.1.title", 30, 1),
    (BRAND, "wide_item_list", "items.3.title", 30, 1),
    (BRAND, "commerce", "extra", 34, 1),
    (BRAND, "commerce", "product.title", 30, 0),
    (BRAND, "carousel_feed", "cards.0.header", 20, 0),
    (BRAND, "carousel_feed", "cards.2.text", 180, 2),
    (BRAND, "carousel_commerce", "intro.header", 20, 0),
    (BRAND, "carousel_commerce", "intro.text", 50, 2),
    (BRAND, "carousel_commerce", "cards.0.extra", 34, 1),
    (BRAND, "carousel_commerce", "cards.1.product.title", 30, 0),
    (BRAND, "text", "buttons.0.name", 14, 0),
    (BRAND, "image", "buttons.1.name", 14, 0),
    (BRAND, "wide", "buttons.0.name", 8, 0),
    (BRAND, "wide_item_list", "buttons.0.name", 8, 0),
    (BRAND, "video", "buttons.0.name", 8, 0),
    (BRAND, "commerce", "buttons.0.name", 8, 0),
    (BRAND, "carousel_feed", "cards.0.buttons.0.name", 8, 0),
    (BRAND, "carousel_commerce", "cards.0.buttons.0.name", 8, 0),
    (BRAND, "text", "coupon.description", 12, 0),
    (BRAND, "image", "coupon.description", 12, 0),
    (BRAND, "wide", "coupon.description", 18, 0),
    (BRAND, "wide_item_list", "coupon.description", 18, 0),
    (BRAND, "video", "coupon.description", 18, 0),
    (BRAND, "commerce", "coupon.description", 12, 0),
    (BRAND, "carousel_feed", "cards.0.coupon.description", 12, 0),
    (BRAND, "carousel_commerce", "cards.0.coupon.description", 12, 0),
    (FRIEND, "text", "text", 1000, 99),
    (FRIEND, "image", "text", 400, 29),
    (FRIEND, "wide", "text", 76, 5),
    (FRIEND, "text", "buttons.0.name", 8, 0),
    (FRIEND, "image", "buttons.0.name", 8, 0),
    (FRIEND, "wide", "buttons.0.name", 8, 0),
]


def codes(message: KakaoMessage, **how: Any) -> set[tuple[str, str]]:
    return {(problem.path, problem.code) for problem in problems(message, images=IMAGES, **how)}


@pytest.mark.parametrize("layout", limits.LAYOUTS)
@pytest.mark.parametrize("preset", limits.PRESETS)
def test_a_right_message_of_every_layout_has_no_problems(preset: Any, layout: Any) -> None:
    message = sample(layout, preset)
    assert problems(message, images=IMAGES, rendered=True) == ()
    assert parse(dump(message)) == message


@pytest.mark.parametrize(("preset", "layout", "path", "most", "lines"), STRINGS)
def test_a_string_is_taken_up_to_its_limit_and_no_further(
    preset: Any, layout: Any, path: str, most: int, lines: int | None
) -> None:
    message = sample(layout, preset)
    for count, right in ((most - 1, True), (most, True), (most + 1, False)):
        changed = places.with_strings(message, {path: "가" * count})
        assert ((path, "too_long") not in codes(changed)) is right, count
    if lines is not None:
        for count, right in ((lines, True), (lines + 1, False)):
            changed = places.with_strings(message, {path: "a" + "\n" * count + "b"})
            assert ((path, "too_many_newlines") not in codes(changed)) is right, count


def test_every_string_limit_of_the_file_is_in_the_table_above() -> None:
    tested = {(preset, layout, re.sub(r"\.\d", ".*", path)) for preset, layout, path, _, _ in STRINGS}
    for layout in limits.LAYOUTS:
        for path, limit in limits.of("brand_message", layout).strings.items():
            if limit.most < 500:
                assert (BRAND, layout, re.sub(r"\.\d", ".*", path)) in tested, (layout, path)


#: (preset, layout, at least, at most, at most with a coupon)
BUTTONS: list[tuple[Any, Any, int, int, int]] = [
    (BRAND, "text", 0, 5, 4),
    (BRAND, "image", 0, 5, 4),
    (BRAND, "wide", 0, 2, 2),
    (BRAND, "wide_item_list", 0, 2, 2),
    (BRAND, "video", 0, 1, 1),
    (BRAND, "commerce", 1, 2, 2),
    (BRAND, "carousel_feed", 1, 2, 2),
    (BRAND, "carousel_commerce", 1, 2, 2),
    (FRIEND, "text", 0, 5, 4),
    (FRIEND, "image", 0, 5, 4),
    (FRIEND, "wide", 0, 1, 1),
    (FRIEND, "wide_item_list", 0, 2, 2),
]


@pytest.mark.parametrize(("preset", "layout", "least", "most", "with_coupon"), BUTTONS)
def test_buttons_are_counted_with_and_without_a_coupon(
    preset: Any, layout: Any, least: int, most: int, with_coupon: int
) -> None:
    for coupon, limit in ((None, most), (Coupon(amount=1, description="x", mobile="https://a.kr"), with_coupon)):
        for count in range(7):
            message = _with_buttons(sample(layout, preset), (BUY,) * count, coupon)
            found = {code for path, code in codes(message) if path.endswith("buttons")}
            expected = {"too_few"} if count < least else {"too_many"} if count > limit else set()
            assert found == expected, (count, coupon)


def _with_buttons(message: KakaoMessage, buttons: tuple[Button, ...], coupon: Coupon | None) -> KakaoMessage:
    data = dump(message)
    holder = data["cards"][0] if "cards" in data else data
    for name in ("buttons", "coupon"):
        holder.pop(name, None)
    holder["buttons"] = [plain(button) for button in buttons]
    if coupon is not None:
        holder["coupon"] = plain(coupon)
    return parse(data)


def plain(part: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(part))


@pytest.mark.parametrize(
    ("layout", "intro", "least", "most"),
    [("carousel_feed", False, 2, 6), ("carousel_commerce", False, 2, 6), ("carousel_commerce", True, 1, 5)],
)
def test_cards_are_counted_with_and_without_an_intro(layout: Any, intro: bool, least: int, most: int) -> None:
    data = dump(sample(layout))
    if not intro:
        data.pop("intro", None)
    for count in range(8):
        data["cards"] = [data["cards"][0]] * count if count else []
        found = {code for path, code in codes(parse(data)) if path == "cards"}
        assert found == ({"too_few"} if count < least else {"too_many"} if count > most else set()), count
        data["cards"] = dump(sample(layout))["cards"]


@pytest.mark.parametrize(("count", "found"), [(2, {"too_few"}), (3, set()), (4, set()), (5, {"too_many"})])
def test_a_wide_item_list_has_three_or_four(count: int, found: set[str]) -> None:
    data = dump(sample("wide_item_list"))
    data["items"] = (data["items"] + [data["items"][-1]])[:count]
    assert {code for path, code in codes(parse(data)) if path == "items"} == found


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("price", 0, False),  # the discounted price is not lower
        ("price", 99_999_999, True),
        ("price", 100_000_000, False),
        ("price", -1, False),
        ("discount_price", 0, True),
        ("discount_price", -1, False),
        ("discount_rate", 0, True),
        ("discount_rate", 100, True),
        ("discount_rate", 101, False),
        ("discount_rate", -1, False),
    ],
)
def test_prices_stay_in_their_ranges(name: str, value: int, right: bool) -> None:
    data = dump(sample("commerce"))
    data["product"][name] = value
    assert (not [path for path, _ in codes(parse(data)) if path.startswith("product")]) is right


@pytest.mark.parametrize(("fixed", "right"), [(0, True), (999_999, True), (1_000_000, False), (-1, False)])
def test_a_discount_in_won_stays_in_its_range(fixed: int, right: bool) -> None:
    product = Product(title="x", price=2_000_000, discount_price=1, discount_fixed=fixed)
    message = parse({**dump(sample("commerce")), "product": plain(product)})
    assert (codes(message) == set()) is right


def test_a_discount_is_told_in_one_way_and_with_its_price() -> None:
    def of(**changes: Any) -> set[str]:
        data = dump(sample("commerce"))
        data["product"] = {"title": "x", "price": 1000, **changes}
        return {code for _, code in codes(parse(data))}

    assert of() == set()
    assert of(discount_price=900, discount_rate=10) == set()
    assert of(discount_price=900, discount_fixed=100) == set()
    assert of(discount_price=900) == {"discount_needs_rate"}
    assert of(discount_rate=10) == {"discount_without_price"}
    assert of(discount_price=900, discount_rate=10, discount_fixed=100) == {"discount_both"}
    assert of(discount_price=1000, discount_rate=10) == {"discount_not_lower"}


@pytest.mark.parametrize("kind", ["BK", "MD", "BT", "BC", "BF", "AC"])
@pytest.mark.parametrize("layout", ["commerce", "carousel_feed", "carousel_commerce"])
def test_commerce_and_carousels_take_web_and_app_links_only(layout: Any, kind: Any) -> None:
    message = _with_buttons(sample(layout), (Button(kind=kind, name="버튼"),), None)
    assert "button_kind" in {code for _, code in codes(message)}


def test_a_button_needs_what_its_kind_needs() -> None:
    def of(*buttons: Button, layout: Any = "text", target: str = "") -> set[tuple[str, str]]:
        return codes(_with_buttons(sample(layout), buttons, None), target=target)

    assert of(Button(name="보기")) == {("buttons.0.mobile", "missing")}
    assert of(Button(name="", mobile="https://a.kr")) == {("buttons.0.name", "missing")}
    assert of(Button(kind="AL", name="앱", android="app://x")) == {("buttons.0.ios", "missing")}
    assert of(Button(kind="AL", name="앱", android="app://x", ios="app://x")) == set()
    assert of(Button(kind="BK", name="키워드", pc="https://a.kr")) == {("buttons.0.pc", "not_in_layout")}
    assert of(Button(kind="BT", name="챗봇", event="e", extra="x")) == set()
    assert of(Button(kind="BF", name="톡에서 예약하기", form="f")) == set()
    assert of(Button(kind="BF", name="예약", form="f")) == {("buttons.0.name", "form_name")}
    assert of(BUY, Button(kind="BF", name="톡에서 예약하기", form="f")) == {("buttons.1.kind", "form_first")}
    assert of(Button(kind="AC")) == set()
    assert of(Button(kind="AC", name="추가")) == {("buttons.0.name", "channel_button_name")}
    assert of(BUY, Button(kind="AC")) == {("buttons.1.kind", "channel_button_first")}
    assert of(Button(kind="AC"), BUY, layout="wide") == {("buttons.0.kind", "channel_button_last")}
    assert of(Button(kind="AC"), target="I") == {("buttons.0.kind", "channel_button_target")}
    assert of(Button(kind="AC"), target="M") == set()


@pytest.mark.parametrize(
    ("link", "right"),
    [
        ("https://shop.example.com", True),
        ("http://shop.example.com:8080/a?b=c#d", True),
        ("https://상점.kr/가을", True),
        ("https://127.0.0.1:8000/x", True),
        ("ftp://shop.example.com", False),
        ("shop.example.com", False),
        ("https://", False),
        ("https://shop", False),
        ("https://shop.example.com/a b", False),
        ("https:///x", False),
        ("https://a.kr/" + "x" * 987, True),
        ("https://a.kr/" + "x" * 988, False),
    ],
    ids=lambda value: str(value)[:40] + str(len(str(value))),
)
def test_links_are_whole_addresses_of_at_most_1000_characters(link: str, right: bool) -> None:
    for layout, path in (("text", "buttons.0.mobile"), ("image", "image_link"), ("carousel_feed", "more.mobile")):
        assert (codes(places.with_strings(sample(layout), {path: link})) == set()) is right  # type: ignore[arg-type]


def test_parts_that_a_layout_has_not_are_refused_once() -> None:
    data = dump(sample("text"))
    data |= {
        "header": "x",
        "cards": [dump(sample("carousel_feed"))["cards"][0]],
        "product": plain(SHOES),
        "image": HALF,
    }
    assert codes(parse(data)) == {
        ("header", "not_in_layout"),
        ("cards", "not_in_layout"),
        ("cards.0.buttons", "not_in_layout"),
        ("cards.0.coupon", "not_in_layout"),
        ("cards.0.image", "not_in_layout"),
        ("product", "not_in_layout"),
        ("image", "not_in_layout"),
    }


@pytest.mark.parametrize("layout", limits.LAYOUTS)
def test_what_is_needed_is_missed(layout: Any) -> None:
    data = {"layout": layout, "cards": [{}, {}] if "carousel" in layout else []}
    missed = codes(parse(data))
    for path, limit in limits.of("brand_message", layout).strings.items():
        first = path.replace("*", "0")
        if limit.required and not re.match(r"(items|more|intro|product|video|cards\.0\.product)", first):
            assert (first, "missing") in missed


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"format": "gif"}, "image_format"),
        ({"size": 5_000_001}, "image_bytes"),
        ({"width": 499, "height": 250}, "image_width"),
        ({"height": 390}, "image_ratio"),
        ({"height": 1080}, "image_ratio"),
        ({"height": 1066}, None),
        ({"size": 5_000_000}, None),
        ({"width": 500, "height": 250}, None),
    ],
    ids=str,
)
def test_images_have_a_format_a_size_and_a_ratio(changes: dict[str, Any], code: str | None) -> None:
    facts = ImageFacts(**{"format": "jpeg", "width": 800, "height": 400, "size": 1, **changes})
    found = problems(sample("image"), images={HALF: facts})
    assert [problem.code for problem in found] == ([code] if code else [])


@pytest.mark.parametrize(
    ("layout", "path", "least", "most"),
    [
        ("wide", "image", 0.5, 1.0),
        ("wide_item_list", "items.0.image", 0.5, 0.5),
        ("wide_item_list", "items.1.image", 1.0, 1.0),
        ("carousel_feed", "cards.0.image", 0.5, 1.333),
        ("commerce", "image", 0.5, 1.333),
        ("video", "video.image", 0.5, 1.333),
    ],
)
def test_each_place_has_its_ratio(layout: Any, path: str, least: float, most: float) -> None:
    message = sample(layout)
    for ratio, right in ((least - 0.02, False), (least, True), (most, True), (most + 0.02, False)):
        facts = ImageFacts(format="png", width=1000, height=round(1000 * ratio), size=1)
        found = {(p.path, p.code) for p in problems(message, images={HALF: facts, 2: facts})}
        assert ((path, "image_ratio") not in found) is right, ratio


def test_images_of_a_commerce_carousel_have_one_ratio() -> None:
    data = dump(sample("carousel_commerce"))
    data["cards"][1]["image"] = 2
    assert codes(parse(data)) == {("cards", "image_ratios_differ")}


def test_the_flags_and_targets_of_each_preset() -> None:
    assert codes(KakaoMessage(text="x", ad=False)) == {("ad", "ad_always")}
    assert codes(KakaoMessage(text="x", ad=False, preset="friendtalk")) == set()
    assert codes(KakaoMessage(text="x"), target="N") == set()
    assert codes(KakaoMessage(text="x", preset="friendtalk"), target="N") == {("target", "target_not_allowed")}


def test_a_gateway_may_take_less() -> None:
    wide = places.with_strings(sample("wide"), {"text": "a\nb\nc"})
    assert codes(wide) == set()
    assert codes(wide, gateway="nhn_kakao") == set()
    assert codes(wide, gateway="solapi") == {("text", "too_many_newlines")}
    consult = _with_buttons(sample("text"), (Button(kind="BC", name="상담"),), None)
    assert codes(consult, gateway="solapi") == set()
    assert codes(consult, gateway="nhn_kakao") == {("buttons.0.kind", "button_kind")}


def test_a_template_is_judged_when_it_is_rendered() -> None:
    written = places.with_strings(sample("wide"), {"text": "{{ first_name }}" + "가" * 76})
    assert codes(written) == set()
    assert ("text", "too_long") in codes(places.with_strings(written, {"text": "김파발" + "가" * 76}), rendered=True)
    link = places.with_strings(sample("text"), {"buttons.0.mobile": "shop.example.com/{{ id }}"})
    assert codes(link) == {("buttons.0.mobile", "link_invalid")}
    named = places.with_strings(sample("text"), {"buttons.0.name": "{{ first_name }}"})
    assert codes(named) == {("buttons.0.name", "not_personal")}


def test_every_problem_has_words_in_both_languages() -> None:
    values: dict[str, int | str] = {
        name: 1 for words in WORDS.values() for text in words.values() for name in re.findall(r"{(\w+)}", text)
    }
    for code in WORDS:
        for language in ("ko", "en"):
            assert said(Problem(path="text", code=code, values=values), language)
    assert said(Problem(path="text", code="too_long", values={"length": 1301, "limit": 1300}), "ko") == (
        "1,301자입니다. 최대 1,300자까지 입력할 수 있습니다."
    )


def test_an_unread_card_is_refused_with_its_place() -> None:
    with pytest.raises(InvalidInput) as error:
        parse({"cards": [{"buttons": [{"kind": "XX"}]}]})
    assert error.value.field == "cards.0.buttons.0.kind"
