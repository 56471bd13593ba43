"""NHN Cloud SMS v3.0: SMS, LMS and MMS in Korea; results by webhook, and by asking where no webhook can reach us.

A request carries one text to up to 1,000 people, so a window is grouped by text; advertisements (정보통신망법 §50) have
addresses of their own. `recipientGroupingKey` carries our message id, by which messages can be found again after a crash.
What is not found may only be late in the index, so it is uncertain, not unsent.

Source: TOAST-DOCS/SMS (api-guide v3.0, error-code, webhook).
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Final

import httpx
import msgspec

from pabal.providers.base import (
    Accepted,
    Capabilities,
    Outcome,
    Outgoing,
    Receipt,
    Rejected,
    Throttled,
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
from pabal.providers.korean import as_sender, is_advertising, is_korean, national
from pabal.providers.nhn_cloud import AT_ONCE, SEOUL, NhnCloud, NhnCloudSettings, entry_id
from pabal.providers.nhn_codes import ACCOUNT, AGAIN, PERHAPS, REFUSALS, RESULTS
from pabal.providers.reasons import Reason
from pabal.providers.settings import setting
from pabal.providers.uploading import answered, refused
from pabal.providers.uploads import MediaLimits, Upload

MMS: Final = MediaLimits(
    formats=frozenset({"jpeg"}),
    max_bytes=300_000,
    max_width=1000,
    max_height=1000,
    count=3,
    total_bytes=800_000,
    source="NHN Cloud SMS API guide v3.0 (2026-11): up to 3 JPEGs of 300 KB, 800 KB in all, 1000 by 1000 pixels",
)


class NhnSettings(NhnCloudSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app key of NHN Cloud SMS."""

    base_url: Annotated[str, setting("Address of the API", "API 주소")] = "https://api-sms.cloud.toast.com"


class Nhn(NhnCloud):
    """Texts through NHN Cloud."""

    name: ClassVar[str] = "nhn"
    labels: ClassVar[dict[str, str]] = {"en": "NHN Cloud SMS", "ko": "NHN Cloud SMS"}
    settings_type: ClassVar[type[msgspec.Struct]] = NhnSettings
    account_codes: ClassVar[frozenset[str]] = ACCOUNT
    time_format: ClassVar[str] = "%Y-%m-%d %H:%M:%S"
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
        super().__init__(settings, base_url=settings.base_url)
        self._path = f"/sms/v3.0/appKeys/{settings.app_key}"

    def results_path(self) -> str:
        return f"{self._path}/message-results"

    def message_paths(self) -> Sequence[str]:
        return [f"{self._path}/sender/sms", f"{self._path}/sender/mms"]

    def listed(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        return (said.get("body") or {}).get("data") or []

    def receipt(self, entry: dict[str, Any]) -> Receipt | None:
        code = str(entry.get("resultCode") or "")
        if not code:
            return None
        delivered = code == "1000"
        reason = None if delivered else RESULTS.get(code, Reason.UNKNOWN)
        # "Gropuing" is how NHN's example of a webhook writes it.
        key = entry.get("recipientGroupingKey") or entry.get("recipientGropuingKey")
        return Receipt(
            provider_id=entry_id(entry),
            reference=reference_of(key),
            outcome="delivered" if delivered else "expired" if reason is Reason.EXPIRED else "failed",
            reason=reason,
            code=code,
            at=moment_of(entry.get("receiveDate") or entry.get("resultDate"), SEOUL),  # written without a zone
            raw=entry,
        )

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
            taken = Accepted(entry_id({"requestId": data.get("requestId"), **entry}))
            known[reference] = taken if code == "0" else Rejected(REFUSALS.get(code, Reason.UNKNOWN), code)
    return known
