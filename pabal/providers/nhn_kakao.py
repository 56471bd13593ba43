"""NHN Cloud KakaoTalk Bizmessage: Brand Message v1.0, and FriendTalk v2.3 while it lives; results by webhook and by asking.

It is another service than NHN Cloud SMS, with an app key of its own. Our message id travels as `recipientGroupingKey`, by
which messages are found again after a crash; what is not found may only be late in the index, so it is uncertain.

FriendTalk ended on 2025-12-31; until 2026-12-31 its calls pass with a header that converts them (`friendtalk` in the
settings). Otherwise the FriendTalk preset goes out as a Brand Message to friends.

Source: TOAST-DOCS/Alimtalk (friendtalkupgrade-api-guide, friendtalk-api-guide-v2.3, friendtalk-compatible-api-guide,
error-code, webhook-api-guide).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal

import httpx
import msgspec

from pabal.providers.base import (
    Accepted,
    Capabilities,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Unavailable,
    Uncertain,
)
from pabal.providers.gateway import (
    REFUSED_PAUSE_S,
    json_of,
    moment_of,
    outcomes_of,
    reference_of,
    unread,
)
from pabal.providers.nhn_cloud import AT_ONCE, SEOUL, NhnCloud, NhnCloudSettings, entry_id
from pabal.providers.nhn_kakao_codes import ACCOUNT, DELIVERED, PERHAPS, REFUSALS, REPEATED, RESULTS, UNCONFIRMED
from pabal.providers.nhn_kakao_messages import (
    FRIENDTALK_LAYOUTS,
    IMAGE_TYPES,
    brand_content,
    brand_recipient,
    friendtalk_recipient,
)
from pabal.providers.reasons import Reason
from pabal.providers.settings import setting
from pabal.providers.uploading import answered, refused
from pabal.providers.uploads import Upload


class NhnKakaoSettings(NhnCloudSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app key of NHN Cloud KakaoTalk Bizmessage."""

    friendtalk: Annotated[
        Literal["brand_message", "friendtalk"],
        setting(
            "FriendTalk goes out as",
            "친구톡 발송 방식",
            help_en="The FriendTalk API, converted by NHN Cloud, is planned to end on 2026-12-31",
            help_ko="NHN Cloud가 전환해 주는 친구톡 API는 2026-12-31 종료 예정입니다",
            choices={
                "brand_message": ("Brand Message", "브랜드 메시지"),
                "friendtalk": ("FriendTalk, converted", "친구톡 (전환 발송)"),
            },
        ),
    ] = "brand_message"
    base_url: Annotated[str, setting("Address of the API", "API 주소")] = (
        "https://kakaotalk-bizmessage.api.nhncloudservice.com"
    )


class NhnKakao(NhnCloud):
    """KakaoTalk messages through NHN Cloud."""

    name: ClassVar[str] = "nhn_kakao"
    labels: ClassVar[dict[str, str]] = {"en": "NHN Cloud KakaoTalk Bizmessage", "ko": "NHN Cloud KakaoTalk Bizmessage"}
    settings_type: ClassVar[type[msgspec.Struct]] = NhnKakaoSettings
    account_codes: ClassVar[frozenset[str]] = ACCOUNT
    time_format: ClassVar[str] = "%Y-%m-%d %H:%M"
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"kakao"}),
        encodings=frozenset({"utf8"}),
        two_way=False,
        receipts=True,
        can_look_up=True,
        max_window=1000,
    )

    def __init__(self, settings: NhnKakaoSettings) -> None:
        super().__init__(settings, base_url=settings.base_url)
        self.settings = settings
        self._brand = f"/brand-message/v1.0/appkeys/{settings.app_key}"
        self._friendtalk = f"/friendtalk/v2.3/appkeys/{settings.app_key}"

    def results_path(self) -> str:
        return f"{self._brand}/message-results"

    def message_paths(self) -> Sequence[str]:
        paths = [self._brand] if self.settings.friendtalk == "brand_message" else [self._brand, self._friendtalk]
        return [f"{path}/messages" for path in paths]

    def listed(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        return (said.get("messageSearchResultResponse") or {}).get("messages") or []

    def receipt(self, entry: dict[str, Any]) -> Receipt | None:
        code = str(entry.get("resultCode") or "")
        if not code:
            return None
        delivered = code in DELIVERED
        reason = None if delivered else RESULTS.get(code, Reason.UNKNOWN)
        friend = entry.get("isAddedChannel")
        return Receipt(
            provider_id=entry_id(entry),
            reference=reference_of(entry.get("recipientGroupingKey")),
            outcome="delivered" if delivered else "unknown" if code in UNCONFIRMED else "failed",
            reason=reason,
            code=code,
            at=moment_of(entry.get("receiveDate") or entry.get("requestDate"), SEOUL),  # written without a zone
            raw=entry,
            billed="" if friend is None or not delivered else "kakao_friend" if friend else "kakao_other",
        )

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        """The window, grouped by content; see `Gateway.hand_over`."""
        compatible = [message for message in messages if self._is_friendtalk(message)]
        others = [message for message in messages if not self._is_friendtalk(message)]
        requests = [*(self._send_brand(*group) for group in _by_content(others))]
        requests += [self._send_friendtalk(group) for group in _by_sender(compatible)]
        known: dict[int, Outcome] = {}
        for outcomes in await asyncio.gather(*requests):
            known |= outcomes
        return known

    async def upload(self, image: Upload, purpose: str) -> str:
        """Put an image into the channel's store; its address. See `uploads.Uploads`."""
        answer = answered(
            await self.ask(
                "POST",
                f"{self._brand}/images",
                files={"image": (image.name, image.data, image.content_type)},
                data={"imageType": IMAGE_TYPES[purpose]},
            )
        )
        said = json_of(answer)
        url = (said.get("image") or {}).get("imageUrl")
        if not (said.get("header") or {}).get("isSuccessful") or not url:
            raise refused(str((said.get("header") or {}).get("resultMessage") or answer.text[:200]))
        return str(url)

    def _is_friendtalk(self, message: Outgoing) -> bool:
        said = message.kakao
        return (
            self.settings.friendtalk == "friendtalk"
            and said is not None
            and said.preset == "friendtalk"
            and said.layout in FRIENDTALK_LAYOUTS
        )

    async def _send_brand(self, content: dict[str, Any], group: Sequence[Outgoing]) -> dict[int, Outcome]:
        body = {**content, "recipientList": [brand_recipient(message) for message in group]}
        return outcomes_of(await self.ask("POST", f"{self._brand}/freestyle-messages", json=body), group, _read_answer)

    async def _send_friendtalk(self, group: Sequence[Outgoing]) -> dict[int, Outcome]:
        body = {
            "senderKey": group[0].sender_key,
            "recipientList": [friendtalk_recipient(message) for message in group],
        }
        known = ",".join(str(message.reference) for message in group)
        headers = {
            "X-Convert-To-Brand-Message": "true",
            "X-NC-API-IDEMPOTENCY-KEY": hashlib.sha256(known.encode()).hexdigest(),
        }
        answer = await self.ask("POST", f"{self._friendtalk}/messages", json=body, headers=headers)
        return outcomes_of(answer, group, _read_answer)


def _by_content(messages: Iterable[Outgoing]) -> list[tuple[dict[str, Any], list[Outgoing]]]:
    """Messages that one request may carry: the same content from the same channel."""
    groups: dict[bytes, tuple[dict[str, Any], list[list[Outgoing]]]] = {}
    for message in messages:
        content = brand_content(message)
        _, same = groups.setdefault(msgspec.json.encode(content), (content, [[]]))
        if len(same[-1]) == AT_ONCE:
            same.append([])
        same[-1].append(message)
    return [(content, group) for content, same in groups.values() for group in same]


def _by_sender(messages: Iterable[Outgoing]) -> list[list[Outgoing]]:
    groups: dict[str, list[list[Outgoing]]] = {}
    for message in messages:
        same = groups.setdefault(message.sender_key, [[]])
        if len(same[-1]) == AT_ONCE:
            same.append([])
        same[-1].append(message)
    return [group for same in groups.values() for group in same]


def _read_answer(answer: httpx.Response, group: Sequence[Outgoing]) -> dict[int, Outcome]:
    """Outcomes by reference. The answer names people in the order of the request."""
    said = json_of(answer)
    header = said.get("header") or {}
    code = str(header.get("resultCode", answer.status_code))
    if not header.get("isSuccessful"):
        detail = str(header.get("resultMessage", answer.text[:200]))
        outcome: Outcome = (
            Unavailable(REFUSED_PAUSE_S, code, detail, Reason.ACCOUNT_SUSPENDED)
            if code in ACCOUNT
            else Uncertain(code, detail)
            if code in PERHAPS or code == REPEATED or not header
            else Rejected(REFUSALS.get(code, Reason.UNKNOWN), code)
        )
        return {message.reference: outcome for message in group}
    body = said.get("message") or {}
    results = body.get("sendResults") or []
    known = unread(answer, group)
    if len(results) != len(group):
        return known
    for message, entry in zip(group, results, strict=True):
        code = str(entry.get("resultCode", ""))
        taken = Accepted(entry_id({"requestId": body.get("requestId"), **entry}))
        known[message.reference] = taken if code == "0" else Rejected(REFUSALS.get(code, Reason.UNKNOWN), code)
    return known
