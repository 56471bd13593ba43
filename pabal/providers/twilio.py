"""Twilio's Programmable Messaging: one request a message, and status callbacks signed with the account's token.

Twilio cannot be asked by a reference of ours. So each message's status callback carries our message id: a message whose
answer was lost is settled by the callback, whenever it comes.

Source: the Messages resource, "Validating requests", and the error dictionary of Twilio's documentation.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import msgspec

from pabal.errors import InvalidInput, NotAllowed
from pabal.providers.base import (
    Accepted,
    Capabilities,
    Inbound,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Report,
    Throttled,
    Unavailable,
    Uncertain,
)
from pabal.providers.gateway import REFUSED_PAUSE_S, Call, Gateway, json_of, reference_of
from pabal.providers.reasons import Reason
from pabal.providers.settings import setting
from pabal.providers.uploads import MediaLimits, Upload

LONGEST_TEXT: Final = 1600
LONGEST_VALIDITY_S: Final = 36_000

#: Twilio's error codes, of refusals and of status callbacks alike (error dictionary, 2026-11).
CODES: Final[dict[str, Reason]] = {
    "21211": Reason.INVALID_NUMBER,  # To is not a phone number
    "21214": Reason.INVALID_NUMBER,  # To cannot be reached
    "21217": Reason.INVALID_NUMBER,
    "21265": Reason.INVALID_NUMBER,  # To is a short code
    "21401": Reason.INVALID_NUMBER,
    "21408": Reason.CARRIER_VIOLATION,  # no permission for that region
    "21602": Reason.UNKNOWN,  # no body
    "21603": Reason.UNREGISTERED_SENDER,  # no From
    "21606": Reason.UNREGISTERED_SENDER,  # From is not ours, or cannot send texts
    "21610": Reason.BLOCKED,  # the recipient has unsubscribed at Twilio
    "21611": Reason.CARRIER_VIOLATION,  # the sender's queue is full (kept as THROTTLED below)
    "21612": Reason.UNREACHABLE,  # no route from this sender to that number
    "21614": Reason.INCAPABLE,  # not a mobile number
    "21617": Reason.TOO_LONG,
    "21659": Reason.UNREGISTERED_SENDER,
    "21703": Reason.UNREGISTERED_SENDER,  # the messaging service has no number
    "30002": Reason.ACCOUNT_SUSPENDED,
    "30003": Reason.UNREACHABLE,
    "30004": Reason.BLOCKED,
    "30005": Reason.INVALID_NUMBER,
    "30006": Reason.INCAPABLE,  # landline or unreachable carrier
    "30007": Reason.SPAM,  # filtered
    "30008": Reason.UNKNOWN,
    "30011": Reason.INCAPABLE,  # MMS not supported in that region
    "30022": Reason.CARRIER_VIOLATION,  # 10DLC rate limit
    "30023": Reason.CARRIER_VIOLATION,  # 10DLC daily cap
    "30032": Reason.UNREGISTERED_SENDER,  # toll-free number not verified
    "30034": Reason.UNREGISTERED_SENDER,  # 10DLC number without campaign
    "30036": Reason.EXPIRED,  # validity period
    "30410": Reason.EXPIRED,  # provider time-out
    "30453": Reason.BLOCKED,
    "63038": Reason.CARRIER_VIOLATION,  # daily limit of the account
}
THROTTLED: Final = frozenset({"20429", "21611", "30001"})
#: The account cannot send now, whatever the message: kept, not failed.
ACCOUNT: Final = frozenset({"20003", "20005", "30002", "90010"})

FINAL: Final = {
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}


#: Carriers differ; 600 KB arrive nearly everywhere as they are (Twilio, "MMS file size limits").
MMS: Final = MediaLimits(
    formats=frozenset({"jpeg", "png", "gif"}),
    max_bytes=600_000,
    max_width=2048,
    max_height=2048,
    count=3,
    total_bytes=600_000,
    source="Twilio, accepted content types for media and MMS size limits (2026-11): up to 10 media of 5 MB in all; "
    "US long codes and most carriers pass on 600 KB unchanged",
)


class TwilioSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An account with Twilio."""

    account_sid: Annotated[str, setting("Account SID", "Account SID", help_en="AC…", help_ko="AC…")]
    auth_token: Annotated[
        str,
        setting(
            "Auth token",
            "Auth Token",
            help_en="Also checks that callbacks are Twilio's",
            help_ko="콜백이 Twilio에서 온 것인지 확인할 때에도 쓰입니다",
            secret=True,
        ),
    ]
    messaging_service: Annotated[
        str,
        setting(
            "Messaging service SID",
            "Messaging Service SID",
            help_en="MG…; empty: the sender's own number",
            help_ko="MG…, 비워 두면 발신번호로 보냅니다",
        ),
    ] = ""
    connections: Annotated[int, setting("Requests at the same time", "동시 요청 수", at_least=1, at_most=500)] = 50
    answer_s: Annotated[float, setting("Answer time-out (s)", "응답 대기 (초)", at_least=1, at_most=120)] = 20.0
    base_url: Annotated[
        str,
        setting(
            "Address of the API", "API 주소", help_en="For a region or a test server", help_ko="리전 또는 시험용 서버"
        ),
    ] = "https://api.twilio.com"


class Twilio(Gateway):
    """Texts through Twilio."""

    name: ClassVar[str] = "twilio"
    labels: ClassVar[dict[str, str]] = {"en": "Twilio", "ko": "Twilio"}
    settings_type: ClassVar[type[msgspec.Struct]] = TwilioSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"sms", "mms"}),
        encodings=frozenset({"gsm7", "ucs2"}),
        two_way=True,
        receipts=True,
        can_look_up=False,
        max_window=500,
        validity=True,
        media=MMS,
    )

    def __init__(self, settings: TwilioSettings) -> None:
        super().__init__(base_url=settings.base_url, answer_s=settings.answer_s, connections=settings.connections)
        self.settings = settings
        self.capabilities = msgspec.structs.replace(type(self).capabilities, max_window=settings.connections)
        self._path = f"/2010-04-01/Accounts/{settings.account_sid}"

    def headers(self) -> dict[str, str]:
        plain = f"{self.settings.account_sid}:{self.settings.auth_token}".encode()
        return {"Authorization": f"Basic {base64.b64encode(plain).decode()}"}

    async def knock(self) -> None:
        await self.knock_at(f"{self._path}.json")

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        """The window, each message a request of its own; see `Gateway.hand_over`."""
        outcomes = await asyncio.gather(*(self._send(message) for message in messages))
        return dict(zip((message.reference for message in messages), outcomes, strict=True))

    async def upload(self, image: Upload, purpose: str) -> str:
        """Twilio fetches pictures itself: our own address is their name. See `uploads.Uploads`."""
        return image.url

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """Twilio knows nothing of our references."""
        raise NotImplementedError("Twilio cannot be asked by our reference")

    async def _send(self, message: Outgoing) -> Outcome:
        form: dict[str, str | list[str]] = {"To": message.to, "Body": message.text}
        if message.media:
            form["MediaUrl"] = list(message.media)
        if self.settings.messaging_service:
            form["MessagingServiceSid"] = self.settings.messaging_service
        else:
            form["From"] = message.sender
        if self.hook_url:
            form["StatusCallback"] = f"{self.hook_url}?reference={message.reference}"
        if message.expires_at is not None:
            left = int((message.expires_at - datetime.now(UTC)).total_seconds())
            if left < 1:
                return Rejected(Reason.EXPIRED)
            form["ValidityPeriod"] = str(min(left, LONGEST_VALIDITY_S))
        answer = await self.ask("POST", f"{self._path}/Messages.json", data=form)
        return _read_answer(answer) if isinstance(answer, httpx.Response) else answer

    def read_call(self, call: Call) -> list[Report]:
        """A status callback, or a text that somebody sent to us; see `gateway.Hooked`."""
        fields = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        given = call.headers.get("x-twilio-signature", "")
        if not hmac.compare_digest(given.encode(), signature(self.settings.auth_token, call.url, fields).encode()):
            raise NotAllowed("The call is not signed by Twilio.", code="bad_signature")
        sid = fields.get("MessageSid", "")
        if not sid:
            raise InvalidInput("The call names no message.", code="bad_call")
        now = datetime.now(UTC)
        status = fields.get("MessageStatus") or fields.get("SmsStatus", "")
        if status == "received" or "MessageStatus" not in fields:
            return [
                Inbound(
                    sender=fields.get("To", ""),
                    from_=fields.get("From", ""),
                    text=fields.get("Body", ""),
                    at=now,
                    provider_id=sid,
                    raw=fields,
                )
            ]
        if status not in FINAL:
            return []
        code = fields.get("ErrorCode", "")
        delivered = FINAL[status] == "delivered"
        reason = None if delivered else CODES.get(code, Reason.UNKNOWN)
        [reference] = parse_qs(urlsplit(call.url).query).get("reference", [""])[:1]
        return [
            Receipt(
                provider_id=sid,
                reference=reference_of(reference),
                outcome="delivered" if delivered else "expired" if reason is Reason.EXPIRED else "failed",
                reason=reason,
                code=code,
                at=now,
                raw=fields,
            )
        ]


def signature(token: str, url: str, fields: dict[str, str]) -> str:
    """How Twilio signs a form: HMAC-SHA1 of the address and the sorted fields, in base64."""
    text = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.digest(token.encode(), text.encode(), hashlib.sha1)).decode()


def _read_answer(answer: httpx.Response) -> Outcome:
    body = json_of(answer)
    if answer.status_code < 400:
        return Accepted(str(body["sid"])) if body.get("sid") else Uncertain("unreadable", answer.text[:200])
    code = str(body.get("code", answer.status_code))
    if code in THROTTLED:
        return Throttled(retry_after=1.0, code=code)
    if code in ACCOUNT:
        detail = str(body.get("message", ""))
        return Unavailable(retry_after=REFUSED_PAUSE_S, code=code, detail=detail, reason=Reason.ACCOUNT_SUSPENDED)
    return Rejected(CODES.get(code, Reason.UNKNOWN), code)
