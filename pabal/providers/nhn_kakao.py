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
import contextlib
import hashlib
import hmac
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal
from zoneinfo import ZoneInfo

import httpx
import msgspec

from pabal.errors import InvalidInput, NotAllowed
from pabal.errors import Unavailable as CannotAsk
from pabal.providers.base import (
    Accepted,
    Capabilities,
    OnReports,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Report,
    Unavailable,
    Uncertain,
)
from pabal.providers.gateway import (
    REFUSED_PAUSE_S,
    Call,
    Gateway,
    json_of,
    moment_of,
    outcomes_of,
    reference_of,
    unread,
)
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

AT_ONCE: Final = 1000
PAGE: Final = 1000
LOOK_BACK: Final = timedelta(hours=24)
SEOUL: Final = ZoneInfo("Asia/Seoul")

log = logging.getLogger(__name__)


class NhnKakaoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app key of NHN Cloud KakaoTalk Bizmessage."""

    app_key: Annotated[str, setting("App key", "앱키")]
    secret_key: Annotated[str, setting("Secret key", "시크릿 키", secret=True)]
    hook_signature: Annotated[
        str,
        setting(
            "Webhook signature",
            "웹훅 서명",
            help_en="As entered at NHN Cloud; empty: the unguessable address alone protects it",
            help_ko="NHN Cloud 웹훅 설정에 입력한 서명. 비워 두면 추측할 수 없는 주소로만 보호합니다",
            secret=True,
        ),
    ] = ""
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
    poll_s: Annotated[
        float,
        setting(
            "Ask for results every (s)",
            "결과 조회 간격 (초)",
            help_en="0: wait for the webhook only",
            help_ko="0이면 웹훅만 기다립니다",
            at_least=0,
            at_most=3600,
        ),
    ] = 60.0
    connections: Annotated[int, setting("Requests at the same time", "동시 요청 수", at_least=1, at_most=100)] = 16
    answer_s: Annotated[float, setting("Answer time-out (s)", "응답 대기 (초)", at_least=1, at_most=120)] = 30.0
    base_url: Annotated[str, setting("Address of the API", "API 주소")] = (
        "https://kakaotalk-bizmessage.api.nhncloudservice.com"
    )


class NhnKakao(Gateway):
    """KakaoTalk messages through NHN Cloud."""

    name: ClassVar[str] = "nhn_kakao"
    labels: ClassVar[dict[str, str]] = {"en": "NHN Cloud KakaoTalk Bizmessage", "ko": "NHN Cloud KakaoTalk Bizmessage"}
    settings_type: ClassVar[type[msgspec.Struct]] = NhnKakaoSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"kakao"}),
        encodings=frozenset({"utf8"}),
        two_way=False,
        receipts=True,
        can_look_up=True,
        max_window=1000,
    )

    def __init__(self, settings: NhnKakaoSettings) -> None:
        super().__init__(base_url=settings.base_url, answer_s=settings.answer_s, connections=settings.connections)
        self.settings = settings
        self._brand = f"/brand-message/v1.0/appkeys/{settings.app_key}"
        self._friendtalk = f"/friendtalk/v2.3/appkeys/{settings.app_key}"
        self._polling: asyncio.Task[None] | None = None

    def headers(self) -> dict[str, str]:
        return {"X-Secret-Key": self.settings.secret_key}

    async def open(self, on_reports: OnReports) -> None:
        """Connect, try the credentials, and ask for results from now on."""
        await super().open(on_reports)
        if self.settings.poll_s:
            self._polling = asyncio.create_task(self._poll(on_reports), name="nhn kakao results")

    async def close(self) -> None:
        """Wait for the answers under way, and disconnect."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
            self._polling = None
        await super().close()

    async def knock(self) -> None:
        now = datetime.now(SEOUL)
        header = (await self._results(now - timedelta(minutes=1), now, 1, 1)).get("header") or {}
        if str(header.get("resultCode")) in ACCOUNT:
            said = header.get("resultMessage", "")
            raise NotAllowed(f"The gateway refuses the credentials: {said}", code="credentials_refused")

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

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """What NHN has of these; see `Provider.look_up`. Each is asked for by its own key."""
        found = await asyncio.gather(*(self._find(reference) for reference in references))
        return dict(zip(references, found, strict=True))

    def read_call(self, call: Call) -> list[Report]:
        """A webhook of results; see `gateway.Hooked`."""
        if self.settings.hook_signature and not hmac.compare_digest(
            call.headers.get("x-toast-webhook-signature", "").encode(), self.settings.hook_signature.encode()
        ):
            raise NotAllowed("The call does not carry the webhook's signature.", code="bad_signature")
        try:
            said = msgspec.json.decode(call.body)
        except msgspec.MsgspecError as error:
            raise InvalidInput(f"The call cannot be read: {error}", code="bad_call") from error
        if not isinstance(said, dict) or not isinstance(said.get("hooks"), list):
            raise InvalidInput("The call has no hooks.", code="bad_call")
        return _receipts(said["hooks"]) if said.get("event") == "MESSAGE_RESULT_UPDATE" else []

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

    async def _find(self, reference: int) -> Outcome:
        """One message by our key, wherever it was posted to."""
        now = datetime.now(SEOUL)
        query = {
            "startRequestDate": _time(now - LOOK_BACK),
            "endRequestDate": _time(now + timedelta(minutes=1)),
            "recipientGroupingKey": str(reference),
        }
        paths = [self._brand] if self.settings.friendtalk == "brand_message" else [self._brand, self._friendtalk]
        for path in paths:
            answer = await self.ask("GET", f"{path}/messages", params=query)
            if not isinstance(answer, httpx.Response):
                raise CannotAsk("NHN Cloud does not answer what it took.", code="carrier_unreachable")
            for entry in _listed(json_of(answer)):
                if str(entry.get("recipientGroupingKey", "")) == str(reference):
                    return Accepted(_id(entry))
        return Uncertain("not_found", "NHN Cloud does not list it (yet)")

    async def _poll(self, on_reports: OnReports) -> None:
        """Pass on results again and again; the first look goes back two hours, for a restart loses nothing."""
        since = datetime.now(SEOUL) - timedelta(hours=2)
        while True:
            until = datetime.now(SEOUL)
            try:
                page = 1
                while True:
                    entries = _listed(await self._results(since, until, page, PAGE))
                    if reports := _receipts(entries):
                        await on_reports(reports)
                    if len(entries) < PAGE:
                        break
                    page += 1
                since = until - timedelta(minutes=2)
            except Exception as error:  # whatever is wrong, the next look repeats it
                log.warning("results could not be read", extra={"error": str(error)})
            await asyncio.sleep(self.settings.poll_s)

    async def _results(self, since: datetime, until: datetime, page: int, size: int) -> dict[str, Any]:
        query = f"startUpdateDate={_time(since)}&endUpdateDate={_time(until)}&pageNum={page}&pageSize={size}"
        return json_of(await self.knock_at(f"{self._brand}/message-results?{query.replace(' ', '%20')}"))


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
        taken = Accepted(_id({"requestId": body.get("requestId"), **entry}))
        known[message.reference] = taken if code == "0" else Rejected(REFUSALS.get(code, Reason.UNKNOWN), code)
    return known


def _listed(said: dict[str, Any]) -> list[dict[str, Any]]:
    return (said.get("messageSearchResultResponse") or {}).get("messages") or []


def _receipts(entries: Sequence[dict[str, Any]]) -> list[Report]:
    return [receipt for entry in entries if (receipt := _receipt(entry)) is not None]


def _receipt(entry: dict[str, Any]) -> Receipt | None:
    """The receipt in a result, of a webhook or of a list; None while there is none yet."""
    code = str(entry.get("resultCode") or "")
    if not code:
        return None
    delivered = code in DELIVERED
    reason = None if delivered else RESULTS.get(code, Reason.UNKNOWN)
    friend = entry.get("isAddedChannel")
    return Receipt(
        provider_id=_id(entry),
        reference=reference_of(entry.get("recipientGroupingKey")),
        outcome="delivered" if delivered else "unknown" if code in UNCONFIRMED else "failed",
        reason=reason,
        code=code,
        at=moment_of(entry.get("receiveDate") or entry.get("requestDate"), SEOUL),  # written without a zone
        raw=entry,
        billed="" if friend is None or not delivered else "kakao_friend" if friend else "kakao_other",
    )


def _id(entry: dict[str, Any]) -> str:
    return f"{entry.get('requestId', '')}/{entry.get('recipientSeq', '')}"


def _time(moment: datetime) -> str:
    return moment.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M")
