"""Solapi and NHN Cloud as far as their documents describe KakaoTalk messages: each request is held to the published rules,
written out here a second time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import httpx

TITLE = re.compile(r"([1-9]\d{0,7}원|([1-9]\d?|100)%|배송비) 할인 쿠폰|\S{1,7} 무료 쿠폰|\S{1,7} UP 쿠폰")
LINK = re.compile(
    r"https?://(www\.)?[-a-zA-Z0-9@:%._+~#=]{1,64}\.[a-z0-9]{1,64}\b([-a-zA-Z0-9@:%_+.~#?&/=]*)", re.IGNORECASE
)
Say = Callable[[httpx.Request], httpx.Response | Exception | None]


def units(text: str) -> int:
    """A string's length as JavaScript has it."""
    return len(text.encode("utf-16-le")) // 2


#: chatBubbleType: fields it may have, of `BMS_ACCEPTABLE_FIELDS`.
FIELDS = {
    "TEXT": {"adult", "content", "buttons", "coupon"},
    "IMAGE": {"adult", "content", "imageId", "imageLink", "buttons", "coupon"},
    "WIDE": {"adult", "content", "imageId", "buttons", "coupon"},
    "WIDE_ITEM_LIST": {"adult", "header", "mainWideItem", "subWideItemList", "buttons", "coupon"},
    "COMMERCE": {"adult", "additionalContent", "imageId", "commerce", "buttons", "coupon"},
    "CAROUSEL_FEED": {"adult", "carousel"},
    "CAROUSEL_COMMERCE": {"adult", "additionalContent", "carousel"},
    "PREMIUM_VIDEO": {"adult", "header", "content", "video", "buttons", "coupon"},
}
COUNT = {
    "TEXT": (0, 5, 4),
    "IMAGE": (0, 5, 4),
    "WIDE": (0, 2, 2),
    "WIDE_ITEM_LIST": (0, 2, 2),
    "COMMERCE": (1, 2, 2),
    "CAROUSEL_FEED": (1, 2, 2),
    "CAROUSEL_COMMERCE": (1, 2, 2),
    "PREMIUM_VIDEO": (0, 1, 1),
}
CONTENT = {"TEXT": (1300, 99), "IMAGE": (1300, 99), "WIDE": (76, 1), "PREMIUM_VIDEO": (76, 1)}
NEEDED = {
    "IMAGE": {"imageId"},
    "WIDE": {"imageId"},
    "WIDE_ITEM_LIST": {"header", "mainWideItem", "subWideItemList"},
    "COMMERCE": {"imageId", "commerce", "buttons"},
    "CAROUSEL_FEED": {"carousel"},
    "CAROUSEL_COMMERCE": {"carousel"},
    "PREMIUM_VIDEO": {"video"},
}


def check_solapi(message: dict[str, Any]) -> None:
    """Fail unless Solapi's own validation (`bmsConstraints.ts`, `kakaoOption.ts`) would pass."""
    assert message["type"] == "BMS_FREE"
    assert message["kakaoOptions"]["pfId"]
    bms = dict(message["kakaoOptions"]["bms"])
    assert bms.pop("targeting") in {"I", "M", "N"}
    kind = bms.pop("chatBubbleType")
    assert set(bms) <= FIELDS[kind], (kind, set(bms) - FIELDS[kind])
    assert NEEDED.get(kind, set()) <= set(bms)
    text = message.get("text", "")
    if kind in CONTENT:
        most, lines = CONTENT[kind]
        assert units(text) <= most
        assert text.count("\n") <= lines
        assert text or kind == "PREMIUM_VIDEO"
    else:
        assert not text
    _short(bms.get("header", ""), 20, 0)
    _short(bms.get("additionalContent", ""), 34, 1)
    wide = 18 if kind in {"WIDE", "WIDE_ITEM_LIST"} else 12
    if kind.startswith("CAROUSEL"):
        carousel = bms["carousel"]
        least, most = (1, 5) if "head" in carousel else (2, 6)
        assert least <= len(carousel["list"]) <= most
        if "head" in carousel:
            assert kind == "CAROUSEL_COMMERCE"
            _short(carousel["head"]["header"], 20, 0)
            _short(carousel["head"]["content"], 50, 2)
            assert carousel["head"]["imageId"]
            _linked(carousel["head"])
        if "tail" in carousel:
            assert carousel["tail"]["linkMobile"]
            _linked(carousel["tail"])
        for card in carousel["list"]:
            assert card["imageId"]
            if kind == "CAROUSEL_FEED":
                _short(card["header"], 20, 0)
                _short(card["content"], 180, 2)
            else:
                assert card["commerce"]
                _short(card.get("additionalContent", ""), 34, 1)
            _parts(card, kind, wide)
    else:
        _parts(bms, kind, wide)
    rows = [bms["mainWideItem"], *bms["subWideItemList"]] if kind == "WIDE_ITEM_LIST" else []
    assert len(rows) in ({3, 4} if kind == "WIDE_ITEM_LIST" else {0})
    for n, row in enumerate(rows):
        assert row["imageId"]
        assert row["linkMobile"]
        assert n == 0 or row["title"]
        _short(row.get("title", ""), 30 if n else 25, 1)
        _linked(row)
    if "video" in bms:
        assert bms["video"]["videoUrl"].startswith("https://tv.kakao.com/")


def _short(text: str, most: int, lines: int) -> None:
    assert units(text) <= most
    assert text.count("\n") <= lines


def _linked(part: dict[str, Any]) -> None:
    for name in ("linkMobile", "linkPc", "linkMo", "imageLink"):
        if name in part:
            assert LINK.fullmatch(part[name]), part[name]


def _parts(part: dict[str, Any], kind: str, wide: int) -> None:
    """The image link, product, buttons and coupon of a message or card."""
    _linked(part)
    if "commerce" in part:
        offered = part["commerce"]
        assert offered["title"]
        assert sum(name in offered for name in ("discountRate", "discountFixed")) == ("discountPrice" in offered)
    buttons = part.get("buttons", [])
    least, most, with_coupon = COUNT[kind]
    assert least <= len(buttons) <= (with_coupon if "coupon" in part else most)
    for button in buttons:
        linked = button.get("linkType", button.get("type"))
        assert linked in ({"WL", "AL"} if least else {"AC", "WL", "AL", "BK", "MD", "BC", "BT", "BF"})
        assert linked == "AC" or 1 <= units(button["name"]) <= (14 if kind in {"TEXT", "IMAGE"} else 8)
        if linked == "WL":
            assert button.get("linkMobile") or button.get("linkMo")
        if linked == "AL":
            assert any(button.get(n) for n in ("linkMobile", "linkAndroid", "linkIos", "schemeAndroid", "schemeIos"))
        _linked(button)
    if "coupon" in part:
        assert TITLE.fullmatch(part["coupon"]["title"])
        assert 1 <= units(part["coupon"]["description"]) <= wide
        _linked(part["coupon"])


class SolapiKakao:
    """Solapi's groups and storage, as `groupService.ts` and `api-reference/messages/groups` describe them."""

    def __init__(self) -> None:
        self.groups: dict[str, dict[str, Any]] = {}
        self.files: list[dict[str, Any]] = []
        self.say: Say = lambda _request: None

    @property
    def sent(self) -> list[dict[str, Any]]:
        """Messages of groups that were sent."""
        return [m for group in self.groups.values() if group["status"] == "SENDING" for m in group["messages"]]

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        answer = self._do(request)
        said = self.say(request)
        if isinstance(said, Exception):
            raise said
        return said or answer

    def _do(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        body = json.loads(request.content) if request.content else {}
        if path == "/cash/v1/balance":
            return httpx.Response(200, json={"balance": 1000, "point": 0})
        if path == "/storage/v1/files":
            self.files.append(body)
            return httpx.Response(200, json={"fileId": f"FL{len(self.files):030d}"})
        steps = path.removeprefix("/messages/v4/groups").strip("/").split("/")
        if steps == [""]:
            if request.method == "GET":
                listed = {name: {k: v for k, v in g.items() if k != "messages"} for name, g in self.groups.items()}
                return httpx.Response(200, json={"groupList": listed, "limit": 500})
            assert all(len(name) <= 30 and len(value) <= 100 for name, value in body["customFields"].items())
            name = f"G4V{len(self.groups):029d}"
            self.groups[name] = {"status": "PENDING", "customFields": body["customFields"], "messages": []}
            return httpx.Response(200, json={"groupId": name, "status": "PENDING"})
        group = self.groups[steps[0]]
        match request.method, steps[1:]:
            case "PUT", ["messages"]:
                assert len(request.content) <= 15_000_000
                assert 1 <= len(body["messages"]) <= 10_000
                results = []
                for message in body["messages"]:
                    check_solapi(message)
                    entry = {"messageId": f"M4V{id(message):029d}", "statusCode": "2000", "to": message["to"]}
                    group["messages"].append({**message, **entry})
                    results.append(entry)
                return httpx.Response(200, json={"errorCount": 0, "resultList": results})
            case "POST", ["send"]:
                group["status"] = "SENDING"
            case "DELETE", []:
                assert group["status"] == "PENDING"
                group["status"] = "DELETED"
            case "GET", ["messages"]:
                return httpx.Response(200, json={"messageList": {m["messageId"]: m for m in group["messages"]}})
        return httpx.Response(200, json={"groupId": steps[0], "status": group["status"]})


#: chatBubbleType: what its request shows besides senderKey, chatBubbleType, adult and recipientList (freestyle-messages).
NHN_FIELDS = {
    "TEXT": {"content", "buttons", "coupon"},
    "IMAGE": {"content", "image", "buttons", "coupon"},
    "WIDE": {"content", "image", "buttons", "coupon"},
    "WIDE_ITEM_LIST": {"header", "item", "buttons", "coupon"},
    "PREMIUM_VIDEO": {"content", "header", "video", "buttons", "coupon"},
    "COMMERCE": {"additionalContent", "image", "commerce", "buttons", "coupon"},
    "CAROUSEL_FEED": {"carousel"},
    "CAROUSEL_COMMERCE": {"carousel"},
}
NHN_NEEDED = {
    "TEXT": {"content"},
    "IMAGE": {"content", "image"},
    "WIDE": {"content", "image"},
    "WIDE_ITEM_LIST": {"header", "item"},
    "PREMIUM_VIDEO": {"video"},
    "COMMERCE": {"image", "commerce", "buttons"},
}


def check_brand(body: dict[str, Any]) -> None:
    """Fail unless the tables of NHN's guide (Brand Message v1.0, freestyle-messages) would pass."""
    kind = body["chatBubbleType"]
    fields = set(body) - {"senderKey", "chatBubbleType", "adult", "recipientList"}
    assert fields <= NHN_FIELDS[kind], (kind, fields)
    assert NHN_NEEDED.get(kind, set()) <= fields
    assert 1 <= len(body["recipientList"]) <= 1000
    assert all(person["targeting"] in {"I", "M", "N"} for person in body["recipientList"])
    most, lines = {"TEXT": (1300, 99), "IMAGE": (1300, 99)}.get(kind, (76, 5))
    _short(body.get("content", ""), most, lines)
    _short(body.get("header", ""), 20, 0)
    _short(body.get("additionalContent", ""), 34, 1)
    wide = 18 if kind in {"WIDE", "WIDE_ITEM_LIST", "PREMIUM_VIDEO"} else 12
    for card in body.get("carousel", {}).get("list", []):
        assert set(card) <= {
            "header", "message", "additionalContent", "imageUrl", "imageLink", "buttons", "coupon", "commerce",
        }  # fmt: skip
        assert card["imageUrl"].startswith("https://")
        _short(card.get("header", ""), 20, 0)
        _short(card.get("message", ""), 180, 99)
        _parts(card, kind, wide)
    if not kind.startswith("CAROUSEL"):
        _parts(body, kind, wide)
    assert all(button["type"] != "BC" for button in body.get("buttons", []))
    if "item" in body:
        assert 3 <= len(body["item"]["list"]) <= 4
        for row in body["item"]["list"]:
            assert row["imageUrl"]
            assert row["linkMo"]
            _linked(row)


def check_friendtalk(body: dict[str, Any], headers: httpx.Headers) -> None:
    """Fail unless NHN's guides to FriendTalk v2.3 and its conversion would pass."""
    assert headers["x-convert-to-brand-message"] == "true"
    assert len(headers["x-nc-api-idempotency-key"]) == 64
    assert set(body) == {"senderKey", "recipientList"}
    for person in body["recipientList"]:
        assert set(person) <= {
            "recipientNo", "content", "imageUrl", "imageLink", "buttons", "header", "item", "carousel", "coupon",
            "resendParameter", "isAd", "recipientGroupingKey",
        }  # fmt: skip
        assert [b["ordering"] for b in person.get("buttons", [])] == list(range(1, len(person.get("buttons", [])) + 1))
        for card in person.get("carousel", {}).get("list", []):
            assert set(card) == {"header", "message", "attachment"}
            assert card["attachment"]["image"]["imageUrl"]


class NhnKakaoServer:
    """NHN Cloud KakaoTalk Bizmessage, answering as its documents say."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.uploads: list[bytes] = []
        self.listed: dict[str, dict[str, Any]] = {}
        self.say: Say = lambda _request: None

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["x-secret-key"] == "secret"
        said = self.say(request)
        if isinstance(said, Exception):
            raise said
        if said is not None:
            return said
        good = {"isSuccessful": True, "resultCode": 0, "resultMessage": "success"}
        match request.url.path.removeprefix("/brand-message/v1.0/appkeys/APP"):
            case "/images":
                self.uploads.append(request.content)
                image = {"imageSeq": 1, "imageUrl": "https://mud-kage.kakao.com/dn/1/img.jpg", "imageName": "a.jpg"}
                return httpx.Response(200, json={"header": good, "image": image})
            case "/message-results":
                return httpx.Response(200, json={"header": good, "messageSearchResultResponse": {"messages": []}})
            case "/messages":
                entry = self.listed.get(request.url.params["recipientGroupingKey"])
                rows = [entry] if entry else []
                return httpx.Response(200, json={"header": good, "messageSearchResultResponse": {"messages": rows}})
            case "/freestyle-messages":
                body = json.loads(request.content)
                check_brand(body)
            case _:
                assert request.url.path == "/friendtalk/v2.3/appkeys/APP/messages"
                body = json.loads(request.content)
                check_friendtalk(body, request.headers)
        self.requests.append((request.url.path.rsplit("/", 1)[-1], body))
        results = [
            {"recipientSeq": n, "recipientNo": person["recipientNo"], "resultCode": 0, "resultMessage": "success"}
            for n, person in enumerate(body["recipientList"], 1)
        ]
        sent = {"requestId": f"2026{len(self.requests):010d}", "sendResults": results}
        return httpx.Response(200, json={"header": good, "message": sent})
