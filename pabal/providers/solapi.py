"""Solapi: SMS, LMS and MMS in Korea, thousands in one request; results by webhook.

Each message carries our id in its `customFields`, which answers and webhooks repeat. Solapi's list of messages cannot be
searched by them, so a request without an answer leaves its messages uncertain until a webhook names them.

Source: Solapi's documents of the messages API v4 (group messages, status codes) and its own SDK's types; the webhook's
secret header as its console describes it: the SHA-1 of the secret in `X-Solapi-Secret`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

import httpx
import msgspec

from pabal.errors import InvalidInput, NotAllowed
from pabal.providers import solapi_groups
from pabal.providers.base import (
    Accepted,
    Capabilities,
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
from pabal.providers.korean import as_sender, country_and_number, is_korean, national
from pabal.providers.reasons import Reason
from pabal.providers.settings import setting
from pabal.providers.solapi_kakao import FILE_TYPES, KAKAO_CODES, kakao_message
from pabal.providers.uploading import answered, refused
from pabal.providers.uploads import MediaLimits, Upload

TAKEN: Final = frozenset({"2000", "3000", "4000"})
DELIVERED: Final = "4000"
UNDER_WAY: Final = frozenset({"2000", "3000"})

#: Status codes (메시지 상태 코드).
CODES: Final[dict[str, Reason]] = {
    **KAKAO_CODES,
    "1010": Reason.UNKNOWN,
    "1011": Reason.INVALID_NUMBER,
    "1014": Reason.TOO_LONG,
    "1020": Reason.ACCOUNT_SUSPENDED,
    "1026": Reason.DUPLICATE,
    "1029": Reason.CARRIER_VIOLATION,  # beyond EUC-KR
    "1030": Reason.INSUFFICIENT_BALANCE,
    "1031": Reason.TOO_LONG,
    "1058": Reason.UNREACHABLE,
    "1060": Reason.BLOCKED,
    "1061": Reason.BLOCKED,  # refused by the 080 number
    "1062": Reason.UNREGISTERED_SENDER,
    "1064": Reason.CARRIER_VIOLATION,  # reported to KISA
    "2060": Reason.BLOCKED,
    "2061": Reason.BLOCKED,
    "2062": Reason.UNREGISTERED_SENDER,
    "2063": Reason.ACCOUNT_SUSPENDED,
    "2064": Reason.CARRIER_VIOLATION,
    "2230": Reason.INSUFFICIENT_BALANCE,
    "2254": Reason.SPAM,
    "3010": Reason.INVALID_NUMBER,
    "3013": Reason.UNREGISTERED_SENDER,
    "3031": Reason.UNREACHABLE,
    "3032": Reason.INVALID_NUMBER,  # no subscriber
    "3040": Reason.EXPIRED,
    "3041": Reason.UNREACHABLE,  # phone busy
    "3042": Reason.UNREACHABLE,  # no signal
    "3043": Reason.UNREACHABLE,  # switched off
    "3044": Reason.UNREACHABLE,  # storage full
    "3045": Reason.UNREACHABLE,  # service suspended
    "3046": Reason.UNREACHABLE,
    "3047": Reason.BLOCKED,  # call refused
    "3050": Reason.INCAPABLE,
    "3051": Reason.UNREACHABLE,
    "3054": Reason.SPAM,
    "3055": Reason.SPAM,
    "3056": Reason.UNREACHABLE,
    "3057": Reason.UNREACHABLE,
    "3058": Reason.UNREACHABLE,
    "3059": Reason.UNREGISTERED_SENDER,
    "3060": Reason.CARRIER_VIOLATION,
}
#: The account cannot send now, whatever the message: kept, not failed.
ACCOUNT: Final = frozenset({"1020", "1030", "2063", "2230"})

MMS: Final = MediaLimits(
    formats=frozenset({"jpeg"}),
    max_bytes=200_000,
    max_width=1500,
    max_height=1440,
    total_bytes=200_000,
    source="Solapi's documents, storage API and MMS (2026-11): one JPEG up to 200 KB, 1500 by 1440 pixels",
)


class SolapiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account with Solapi."""

    api_key: Annotated[str, setting("API key", "API Key")]
    api_secret: Annotated[str, setting("API secret", "API Secret", secret=True)]
    hook_secret: Annotated[
        str,
        setting(
            "Webhook secret",
            "웹훅 시크릿",
            help_en="As entered at Solapi; empty: the unguessable address alone protects it",
            help_ko="솔라피 웹훅에 등록한 값. 비워 두면 추측할 수 없는 주소로만 보호합니다",
            secret=True,
        ),
    ] = ""
    connections: Annotated[int, setting("Requests at the same time", "동시 요청 수", at_least=1, at_most=50)] = 8
    answer_s: Annotated[float, setting("Answer time-out (s)", "응답 대기 (초)", at_least=1, at_most=120)] = 30.0
    base_url: Annotated[str, setting("Address of the API", "API 주소")] = "https://api.solapi.com"


class Solapi(Gateway):
    """Texts and KakaoTalk messages through Solapi."""

    name: ClassVar[str] = "solapi"
    labels: ClassVar[dict[str, str]] = {"en": "Solapi", "ko": "솔라피"}
    settings_type: ClassVar[type[msgspec.Struct]] = SolapiSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"sms", "lms", "mms", "kakao"}),
        encodings=frozenset({"euckr", "gsm7", "utf8"}),
        two_way=False,
        receipts=True,
        can_look_up=True,
        max_window=1000,
        subject=True,
        media=MMS,
    )

    def __init__(self, settings: SolapiSettings) -> None:
        super().__init__(base_url=settings.base_url, answer_s=settings.answer_s, connections=settings.connections)
        self.settings = settings

    def headers(self) -> dict[str, str]:
        date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "Authorization": authorization(self.settings.api_key, self.settings.api_secret, date, secrets.token_hex(16))
        }

    async def knock(self) -> None:
        await self.knock_at("/cash/v1/balance")

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        """Texts in one request, KakaoTalk messages in a group; see `Gateway.hand_over`."""
        kakao = [message for message in messages if message.kind == "kakao"]
        texts = [message for message in messages if message.kind != "kakao"]
        known = await self._send_texts(texts) if texts else {}
        if kakao:
            made = [(message, kakao_message(message)) for message in kakao]
            known |= await solapi_groups.send(self.ask, made, _outcome)
        return known

    async def _send_texts(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        # One person may rightly get two texts of different campaigns in one window: we look after duplicates.
        body = {"messages": [_message(m) for m in messages], "allowDuplicates": True, "showMessageList": True}
        return outcomes_of(await self.ask("POST", "/messages/v4/send-many/detail", json=body), messages, _read_answer)

    async def upload(self, image: Upload, purpose: str) -> str:
        """Put a picture into Solapi's storage; its file id, which does not expire. See `uploads.Uploads`."""
        body = {"file": base64.b64encode(image.data).decode(), "name": image.name, "type": FILE_TYPES[purpose]}
        answer = answered(await self.ask("POST", "/storage/v1/files", json=body))
        file_id = json_of(answer).get("fileId")
        if not file_id:
            raise refused(answer.text[:200])
        return str(file_id)

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """What Solapi has of KakaoTalk messages (`solapi_groups`); texts cannot be found, they stay uncertain."""
        return await solapi_groups.look_up(self.ask, references)

    def read_call(self, call: Call) -> list[Report]:
        """A webhook of results: an array of messages; see `gateway.Hooked`."""
        secret = self.settings.hook_secret
        if secret:
            expected = hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()  # as Solapi sends it
            if not hmac.compare_digest(call.headers.get("x-solapi-secret", "").encode(), expected.encode()):
                raise NotAllowed("The call does not carry the webhook's secret.", code="bad_signature")
        try:
            said = msgspec.json.decode(call.body)
        except msgspec.MsgspecError as error:
            raise InvalidInput(f"The call cannot be read: {error}", code="bad_call") from error
        if not isinstance(said, list) or not all(isinstance(entry, dict) for entry in said):
            raise InvalidInput("The call is not a list of messages.", code="bad_call")
        return [receipt for entry in said if (receipt := _receipt(entry)) is not None]


def authorization(key: str, secret: str, date: str, salt: str) -> str:
    """The value of the Authorization header: an HMAC-SHA256 of date and salt."""
    signature = hmac.digest(secret.encode(), (date + salt).encode(), hashlib.sha256).hex()
    return f"HMAC-SHA256 apiKey={key}, date={date}, salt={salt}, signature={signature}"


def _message(message: Outgoing) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "to": national(message.to),
        "from": as_sender(message.sender),
        "text": message.text,
        "type": message.kind.upper(),
        "customFields": {"reference": str(message.reference)},
        "autoTypeDetect": False,
    }
    if message.subject and message.kind != "sms":
        fields["subject"] = message.subject
    if message.kind == "mms" and message.media:
        fields["imageId"] = message.media[0]
    if not is_korean(message.to):
        fields["country"], fields["to"] = country_and_number(message.to)
    return fields


def _read_answer(answer: httpx.Response, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
    """Outcomes by reference. What the answer does not name is uncertain."""
    body = json_of(answer)
    if answer.status_code >= 400:
        error = str(body.get("errorCode", answer.status_code))
        outcome: Outcome = (
            Unavailable(REFUSED_PAUSE_S, error, str(body.get("errorMessage", "")), solapi_groups.ACCOUNT_ERRORS[error])
            if error in solapi_groups.ACCOUNT_ERRORS
            else Rejected(Reason.UNKNOWN, error)
        )
        return {message.reference: outcome for message in messages}
    known = unread(answer, messages)
    for entry in [*(body.get("messageList") or []), *(body.get("failedMessageList") or [])]:
        reference = _reference(entry)
        if reference is not None and reference in known:
            known[reference] = _outcome(str(entry.get("statusCode", "")), str(entry.get("messageId", "")))
    return known


def _outcome(code: str, message_id: str) -> Outcome:
    if code in TAKEN and message_id:
        return Accepted(message_id)
    if code in ACCOUNT:
        return Unavailable(REFUSED_PAUSE_S, code, reason=CODES[code])
    if code.startswith("1"):  # an error while it was taken in: not sent
        return Rejected(CODES.get(code, Reason.UNKNOWN), code)
    return Uncertain(code)


def _receipt(entry: dict[str, Any]) -> Receipt | None:
    """The receipt in one entry; None while the message is under way."""
    code = str(entry.get("statusCode", ""))
    message_id = str(entry.get("messageId", ""))
    if code in UNDER_WAY or not message_id:
        return None
    delivered = code == DELIVERED
    reason = None if delivered else CODES.get(code, Reason.UNKNOWN)
    return Receipt(
        provider_id=message_id,
        reference=_reference(entry),
        outcome="delivered" if delivered else "expired" if reason is Reason.EXPIRED else "failed",
        reason=reason,
        code=code,
        at=moment_of(entry.get("dateReceived") or entry.get("dateReported") or entry.get("dateUpdated")),
        raw=entry,
    )


def _reference(entry: dict[str, Any]) -> int | None:
    return reference_of((entry.get("customFields") or {}).get("reference"))
