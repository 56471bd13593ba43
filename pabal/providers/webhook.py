"""A documented HTTP adapter for any other carrier: we post messages as JSON, and are called with receipts and replies.

Both directions are signed alike, `X-Pabal-Signature: t=<unix seconds>,v1=<hex>` with the HMAC-SHA256 of `<t>.<body>`, so that
neither side believes a stranger. `docs/reference/webhook-provider.md` is the contract.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal

import httpx
import msgspec

from pabal.errors import InvalidInput, NotAllowed
from pabal.errors import Unavailable as CannotAsk
from pabal.providers.base import (
    Accepted,
    Capabilities,
    Encoding,
    Inbound,
    Kind,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Report,
    Throttled,
    Unavailable,
    Uncertain,
)
from pabal.providers.gateway import Answer, Call, Gateway, outcomes_of, unread
from pabal.providers.reasons import Reason
from pabal.providers.settings import setting
from pabal.providers.uploads import Format, MediaLimits, Upload

SIGNATURE: Final = "X-Pabal-Signature"
CLOCKS_S: Final = 300
"""Seconds by which the two clocks may differ; an older call is one that was recorded and played again."""


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where messages are posted to."""

    url: Annotated[
        str, setting("Address", "주소", help_en="Messages are posted here", help_ko="메시지를 이 주소로 POST합니다")
    ]
    secret: Annotated[
        str,
        setting(
            "Shared secret",
            "공유 비밀키",
            help_en="Signs both directions",
            help_ko="양방향 서명에 쓰입니다",
            secret=True,
        ),
    ]
    look_up_url: Annotated[
        str,
        setting(
            "Address for questions",
            "조회 주소",
            help_en="Asked after a crash what was taken; empty: it cannot be asked",
            help_ko="장애 뒤 접수 여부를 묻습니다. 비워 두면 묻지 않습니다",
        ),
    ] = ""
    lms: Annotated[bool, setting("Takes LMS", "LMS 발송")] = False
    mms: Annotated[
        bool,
        setting(
            "Takes MMS",
            "MMS 발송",
            help_en="Pictures come as addresses, to be fetched",
            help_ko="이미지는 내려받을 주소로 전달됩니다",
        ),
    ] = False
    mms_kb: Annotated[int, setting("Picture up to (KB)", "이미지 최대 크기 (KB)", at_least=10, at_most=5000)] = 300
    mms_gif: Annotated[
        bool,
        setting("Takes PNG and moving GIF", "PNG, 움직이는 GIF 발송", help_en="Off: JPEG only", help_ko="끄면 JPEG만"),
    ] = False
    euckr: Annotated[bool, setting("Takes EUC-KR", "EUC-KR 발송")] = True
    two_way: Annotated[bool, setting("Passes on replies", "답장 수신")] = True
    batch: Annotated[int, setting("Messages in one request", "요청당 메시지 수", at_least=1, at_most=5000)] = 500
    connections: Annotated[int, setting("Requests at the same time", "동시 요청 수", at_least=1, at_most=200)] = 8
    answer_s: Annotated[float, setting("Answer time-out (s)", "응답 대기 (초)", at_least=1, at_most=120)] = 20.0


def _media(formats: frozenset[Format], kilobytes: int) -> MediaLimits:
    return MediaLimits(
        formats=formats,
        max_bytes=kilobytes * 1000,
        max_width=2048,
        max_height=2048,
        count=3,
        total_bytes=kilobytes * 1000,
        source="As set in the account; 600 KB in general, 300 KB JPEG for Korean carriers",
    )


class _Result(msgspec.Struct):
    """What the other side says of one message."""

    reference: int
    status: Literal["accepted", "rejected", "throttled", "unavailable"]
    id: str = ""
    reason: str = ""
    code: str = ""
    retry_after: float = 1.0


class _Results(msgspec.Struct):
    results: list[_Result]


class _Receipt(msgspec.Struct):
    id: str
    status: Literal["delivered", "failed", "expired", "unknown"]
    reference: int | None = None
    reason: str = ""
    code: str = ""
    at: datetime | None = None


class _Inbound(msgspec.Struct, rename={"from_": "from"}):
    id: str
    to: str
    from_: str
    text: str
    at: datetime | None = None


class _Reports(msgspec.Struct):
    receipts: list[_Receipt] = []
    inbound: list[_Inbound] = []


class Webhook(Gateway):
    """Texts through anything that speaks our JSON."""

    name: ClassVar[str] = "webhook"
    labels: ClassVar[dict[str, str]] = {"en": "Webhook (your own adapter)", "ko": "웹훅 (직접 연동)"}
    settings_type: ClassVar[type[msgspec.Struct]] = WebhookSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"sms", "lms", "mms"}),
        encodings=frozenset({"gsm7", "ucs2", "euckr"}),
        two_way=True,
        receipts=True,
        can_look_up=True,
        validity=True,
        max_window=5000,
        subject=True,
        media=_media(frozenset({"jpeg", "png", "gif"}), 600),
    )

    def __init__(self, settings: WebhookSettings) -> None:
        super().__init__(base_url="", answer_s=settings.answer_s, connections=settings.connections)
        self.settings = settings
        kinds: set[Kind] = {"sms"}
        if settings.lms:
            kinds.add("lms")
        if settings.mms:
            kinds.add("mms")
        formats: frozenset[Format] = frozenset({"jpeg", "png", "gif"} if settings.mms_gif else {"jpeg"})
        encodings: frozenset[Encoding] = frozenset({"gsm7", "ucs2"})
        self.capabilities = msgspec.structs.replace(
            type(self).capabilities,
            kinds=frozenset(kinds),
            encodings=encodings | {"euckr"} if settings.euckr else encodings,
            two_way=settings.two_way,
            can_look_up=bool(settings.look_up_url),
            max_window=settings.batch,
            subject=settings.lms or settings.mms,
            media=_media(formats, settings.mms_kb) if settings.mms else None,
        )

    async def knock(self) -> None:
        """An empty request: answered with no results."""
        answer = await self._post(self.settings.url, {"messages": [], "reports_to": self.hook_url})
        if isinstance(answer, Unavailable) and answer.code in {"401", "403"}:
            raise NotAllowed(f"The gateway refuses the credentials: {answer.detail}", code="credentials_refused")
        if not isinstance(answer, httpx.Response) or answer.status_code >= 400:
            detail = answer.text[:200] if isinstance(answer, httpx.Response) else getattr(answer, "detail", "")
            raise CannotAsk(detail or "the adapter is busy", code="carrier_unreachable")

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        """The window in one request; see `Gateway.hand_over`."""
        body: dict[str, object] = {"messages": [_message(m) for m in messages], "reports_to": self.hook_url}
        return outcomes_of(await self._post(self.settings.url, body), messages, _read_answer)

    async def upload(self, image: Upload, purpose: str) -> str:
        """The adapter fetches pictures itself: our own address is their name. See `uploads.Uploads`."""
        return image.url

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """Ask the adapter what it took of these; see `Provider.look_up`."""
        answer = await self._post(self.settings.look_up_url, {"references": list(references)})
        if not isinstance(answer, httpx.Response) or answer.status_code >= 400:
            raise CannotAsk("The adapter does not answer what it took.", code="carrier_unreachable")
        try:
            found = msgspec.json.decode(answer.content, type=_Results)
        except msgspec.MsgspecError as error:
            raise CannotAsk(f"The adapter's answer cannot be read: {error}", code="carrier_unreachable") from error
        return {result.reference: _outcome(result) for result in found.results}

    def read_call(self, call: Call) -> list[Report]:
        """Receipts and replies; see `gateway.Hooked`."""
        verify(self.settings.secret, call)
        try:
            said = msgspec.json.decode(call.body, type=_Reports)
        except msgspec.MsgspecError as error:
            raise InvalidInput(f"The call cannot be read: {error}", code="bad_call") from error
        now = datetime.now(UTC)
        reports: list[Report] = [
            Receipt(
                provider_id=receipt.id,
                reference=receipt.reference,
                outcome=receipt.status,
                reason=None if receipt.status == "delivered" else _reason(receipt.reason),
                code=receipt.code,
                at=_aware(receipt.at, now),
                raw=msgspec.to_builtins(receipt),
            )
            for receipt in said.receipts
        ]
        reports += [
            Inbound(
                sender=text.to,
                from_=text.from_,
                text=text.text,
                at=_aware(text.at, now),
                provider_id=text.id,
                raw=msgspec.to_builtins(text),
            )
            for text in said.inbound
        ]
        return reports

    async def _post(self, url: str, body: dict[str, object]) -> Answer:
        content = msgspec.json.encode(body)
        headers = {"Content-Type": "application/json", SIGNATURE: sign(self.settings.secret, content, time.time())}
        return await self.ask("POST", url, content=content, headers=headers)


def sign(secret: str, body: bytes, at: float) -> str:
    """The signature of a body at a moment (Unix seconds)."""
    moment = str(int(at))
    return f"t={moment},v1={hmac.digest(secret.encode(), moment.encode() + b'.' + body, hashlib.sha256).hex()}"


def verify(secret: str, call: Call, *, now: float | None = None) -> None:
    """Raises `NotAllowed` unless the call carries our secret's signature, not older than five minutes."""
    given = call.headers.get(SIGNATURE.lower(), "")
    moment = given.partition(",")[0].removeprefix("t=")
    if not (moment.isascii() and moment.isdigit()) or not hmac.compare_digest(
        given.encode(), sign(secret, call.body, float(moment)).encode()
    ):
        raise NotAllowed("The call is not signed with the shared secret.", code="bad_signature")
    if abs((time.time() if now is None else now) - float(moment)) > CLOCKS_S:
        raise NotAllowed("The call's signature is too old.", code="bad_signature")


def _read_answer(answer: httpx.Response, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
    """Outcomes by reference. What the answer does not name is uncertain."""
    if answer.status_code >= 400:
        return {message.reference: Rejected(Reason.UNKNOWN, str(answer.status_code)) for message in messages}
    known = unread(answer, messages)
    try:
        found = msgspec.json.decode(answer.content, type=_Results)
    except msgspec.MsgspecError:
        return known
    return known | {r.reference: _outcome(r) for r in found.results if r.reference in known}


def _message(message: Outgoing) -> dict[str, object]:
    return {
        "reference": message.reference,
        "to": message.to,
        "from": message.sender,
        "text": message.text,
        "kind": message.kind,
        "encoding": message.encoding,
        "parts": message.parts,
        "subject": message.subject,
        "media": list(message.media),
        "expires_at": message.expires_at,
    }


def _outcome(result: _Result) -> Outcome:
    match result.status:
        case "accepted":
            return Accepted(result.id) if result.id else Uncertain("no_id")
        case "rejected":
            return Rejected(_reason(result.reason), result.code)
        case "throttled":
            return Throttled(result.retry_after, result.code)
        case "unavailable":
            return Unavailable(result.retry_after, result.code)


def _reason(word: str) -> Reason:
    return Reason(word) if word in Reason._value2member_map_ else Reason.UNKNOWN


def _aware(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        return now
    return at if at.tzinfo else at.replace(tzinfo=UTC)
