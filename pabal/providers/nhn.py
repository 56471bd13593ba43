"""NHN Cloud SMS v3.0: SMS, LMS and MMS in Korea; results by webhook, and by asking where no webhook can reach us.

A request carries one text to up to 1,000 people, so a window is grouped by text; advertisements (정보통신망법 §50) have
addresses of their own. `recipientGroupingKey` carries our message id, by which messages can be found again after a crash.
What is not found may only be late in the index, so it is uncertain, not unsent.

Source: TOAST-DOCS/SMS (api-guide v3.0, error-code, webhook).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final
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
    Throttled,
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
from pabal.providers.korean import as_sender, is_advertising, is_korean, national
from pabal.providers.nhn_codes import ACCOUNT, AGAIN, PERHAPS, REFUSALS, RESULTS
from pabal.providers.reasons import Reason
from pabal.providers.settings import setting
from pabal.providers.uploading import answered, refused
from pabal.providers.uploads import MediaLimits, Upload

AT_ONCE: Final = 1000
PAGE: Final = 1000
LOOK_BACK: Final = timedelta(hours=2)
SEOUL: Final = ZoneInfo("Asia/Seoul")

log = logging.getLogger(__name__)


MMS: Final = MediaLimits(
    formats=frozenset({"jpeg"}),
    max_bytes=300_000,
    max_width=1000,
    max_height=1000,
    count=3,
    total_bytes=800_000,
    source="NHN Cloud SMS API guide v3.0 (2026-11): up to 3 JPEGs of 300 KB, 800 KB in all, 1000 by 1000 pixels",
)


class NhnSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app key of NHN Cloud SMS."""

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
    base_url: Annotated[str, setting("Address of the API", "API 주소")] = "https://api-sms.cloud.toast.com"


class Nhn(Gateway):
    """Texts through NHN Cloud."""

    name: ClassVar[str] = "nhn"
    labels: ClassVar[dict[str, str]] = {"en": "NHN Cloud SMS", "ko": "NHN Cloud SMS"}
    settings_type: ClassVar[type[msgspec.Struct]] = NhnSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"sms", "lms", "mms"}),
        encodings=frozenset({"euckr", "gsm7"}),
        two_way=False,
        receipts=True,
        can_look_up=True,
        max_window=1000,
        subject=True,
        media=MMS,
    )

    def __init__(self, settings: NhnSettings) -> None:
        super().__init__(base_url=settings.base_url, answer_s=settings.answer_s, connections=settings.connections)
        self.settings = settings
        self._path = f"/sms/v3.0/appKeys/{settings.app_key}"
        self._polling: asyncio.Task[None] | None = None

    def headers(self) -> dict[str, str]:
        return {"X-Secret-Key": self.settings.secret_key}

    async def open(self, on_reports: OnReports) -> None:
        """Connect, try the credentials, and ask for results from now on."""
        await super().open(on_reports)
        if self.settings.poll_s:
            self._polling = asyncio.create_task(self._poll(on_reports), name="nhn results")

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
        header = (await self._results(now - timedelta(minutes=1), now, 1)).get("header") or {}
        if str(header.get("resultCode")) in ACCOUNT:
            said = header.get("resultMessage", "")
            raise NotAllowed(f"The gateway refuses the credentials: {said}", code="credentials_refused")

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        """The window, grouped by text; see `Gateway.hand_over`."""
        known: dict[int, Outcome] = {}
        for outcomes in await asyncio.gather(*(self._send(group) for group in _grouped(messages))):
            known |= outcomes
        return known

    async def upload(self, image: Upload, purpose: str) -> str:
        """Put a picture beside the account's attachments; its file id. See `uploads.Uploads`."""
        body = {
            "fileName": image.name,
            "createUser": "pabal",
            "fileBody": base64.b64encode(image.data).decode(),
        }
        answer = answered(await self.ask("POST", f"{self._path}/attachfile/binaryUpload", json=body))
        said = json_of(answer)
        file_id = ((said.get("body") or {}).get("data") or {}).get("fileId")
        if not (said.get("header") or {}).get("isSuccessful") or file_id is None:
            raise refused(str((said.get("header") or {}).get("resultMessage") or answer.text[:200]))
        return str(file_id)

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
        if said.get("event") != "MESSAGE_RESULT_UPDATE":
            return []
        return _receipts(said["hooks"])

    async def _send(self, group: Sequence[Outgoing]) -> dict[int, Outcome]:
        first = group[0]
        address = ("ad-" if is_advertising(first.text) else "") + ("sms" if first.kind == "sms" else "mms")
        body: dict[str, Any] = {
            "body": first.text,
            "sendNo": as_sender(first.sender),
            "recipientList": [_recipient(message) for message in group],
        }
        if first.kind != "sms":
            body["title"] = first.subject
        if first.kind == "mms":
            body["attachFileIdList"] = [int(name) for name in first.media]
        return outcomes_of(await self.ask("POST", f"{self._path}/sender/{address}", json=body), group, _read_answer)

    async def _find(self, reference: int) -> Outcome:
        """One message by our key, wherever it was posted to."""
        now = datetime.now(SEOUL)
        query = {
            "startRequestDate": _time(now - timedelta(hours=24)),
            "endRequestDate": _time(now + timedelta(minutes=1)),
            "recipientGroupingKey": str(reference),
        }
        for address in ("sms", "mms"):
            answer = await self.ask("GET", f"{self._path}/sender/{address}", params=query)
            if not isinstance(answer, httpx.Response):
                raise CannotAsk("NHN Cloud does not answer what it took.", code="carrier_unreachable")
            for entry in (json_of(answer).get("body") or {}).get("data") or []:
                if str(entry.get("recipientGroupingKey", "")) == str(reference):
                    return Accepted(_id(entry))
        return Uncertain("not_found", "NHN Cloud does not list it (yet)")

    async def _poll(self, on_reports: OnReports) -> None:
        """Pass on results again and again; the first look goes back two hours, for a restart loses nothing."""
        since = datetime.now(SEOUL) - LOOK_BACK
        while True:
            until = datetime.now(SEOUL)
            try:
                page = 1
                while True:
                    said = await self._results(since, until, page)
                    entries = (said.get("body") or {}).get("data") or []
                    if reports := _receipts(entries):
                        await on_reports(reports)
                    if len(entries) < PAGE:
                        break
                    page += 1
                since = until - timedelta(minutes=1)
            except Exception as error:  # whatever is wrong, the next look repeats it
                log.warning("results could not be read", extra={"error": str(error)})
            await asyncio.sleep(self.settings.poll_s)

    async def _results(self, since: datetime, until: datetime, page: int) -> dict[str, Any]:
        query = f"startUpdateDate={_time(since)}&endUpdateDate={_time(until)}&pageNum={page}&pageSize={PAGE}"
        return json_of(await self.knock_at(f"{self._path}/message-results?{query.replace(' ', '%20')}"))


def _grouped(messages: Iterable[Outgoing]) -> list[list[Outgoing]]:
    """Messages that one request may carry: the same text, title, kind, pictures and sender."""
    groups: dict[tuple[str, str, str, str, tuple[str, ...]], list[list[Outgoing]]] = {}
    for message in messages:
        same = groups.setdefault((message.sender, message.kind, message.subject, message.text, message.media), [[]])
        if len(same[-1]) == AT_ONCE:
            same.append([])
        same[-1].append(message)
    return [group for same in groups.values() for group in same]


def _recipient(message: Outgoing) -> dict[str, str]:
    to = "recipientNo" if is_korean(message.to) else "internationalRecipientNo"
    return {to: national(message.to), "recipientGroupingKey": str(message.reference)}


def _read_answer(answer: httpx.Response, group: Sequence[Outgoing]) -> dict[int, Outcome]:
    """Outcomes by reference. What the answer does not name is uncertain."""
    said = json_of(answer)
    header = said.get("header") or {}
    code = str(header.get("resultCode", answer.status_code))
    if not header.get("isSuccessful"):
        detail = str(header.get("resultMessage", answer.text[:200]))
        outcome: Outcome = (
            Unavailable(REFUSED_PAUSE_S, code, detail, Reason.ACCOUNT_SUSPENDED)
            if code in ACCOUNT
            else Throttled(1.0, code)
            if code in AGAIN
            else Uncertain(code, detail)
            if code in PERHAPS
            else Rejected(REFUSALS.get(code, Reason.UNKNOWN), code)
            if header
            else Uncertain("unreadable", detail)
        )
        return {message.reference: outcome for message in group}
    data = (said.get("body") or {}).get("data") or {}
    known = unread(answer, group)
    for entry in data.get("sendResultList") or []:
        reference = reference_of(entry.get("recipientGroupingKey"))
        if reference is not None and reference in known:
            code = str(entry.get("resultCode", ""))
            taken = Accepted(_id({"requestId": data.get("requestId"), **entry}))
            known[reference] = taken if code == "0" else Rejected(REFUSALS.get(code, Reason.UNKNOWN), code)
    return known


def _receipts(entries: Sequence[dict[str, Any]]) -> list[Report]:
    return [receipt for entry in entries if (receipt := _receipt(entry)) is not None]


def _receipt(entry: dict[str, Any]) -> Receipt | None:
    """The receipt in a result, of a webhook or of a list; None while there is none yet."""
    code = str(entry.get("resultCode") or "")
    if not code:
        return None
    delivered = code == "1000"
    reason = None if delivered else RESULTS.get(code, Reason.UNKNOWN)
    key = entry.get("recipientGroupingKey") or entry.get("recipientGropuingKey")  # the latter as NHN's example has it
    return Receipt(
        provider_id=_id(entry),
        reference=reference_of(key),
        outcome="delivered" if delivered else "expired" if reason is Reason.EXPIRED else "failed",
        reason=reason,
        code=code,
        at=moment_of(entry.get("receiveDate") or entry.get("resultDate"), SEOUL),  # written without a zone
        raw=entry,
    )


def _id(entry: dict[str, Any]) -> str:
    return f"{entry.get('requestId', '')}/{entry.get('recipientSeq', '')}"


def _time(moment: datetime) -> str:
    return moment.astimezone(SEOUL).strftime("%Y-%m-%d %H:%M:%S")
