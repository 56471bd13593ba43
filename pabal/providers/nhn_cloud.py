"""What NHN Cloud's services of messages share: app key and secret key, webhooks of results, and asking for them.

Each message carries our id as `recipientGroupingKey`, by which it is found again after a crash. What is not found may only
be late in the index, so it is uncertain, not unsent.

Source: TOAST-DOCS/SMS (api-guide v3.0, webhook) and TOAST-DOCS/Alimtalk (friendtalkupgrade-api-guide, webhook-api-guide).
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import httpx
import msgspec

from pabal.errors import InvalidInput, NotAllowed
from pabal.errors import Unavailable as CannotAsk
from pabal.providers.base import Accepted, OnReports, Outcome, Receipt, Report, Uncertain
from pabal.providers.gateway import Call, Gateway, json_of
from pabal.providers.settings import setting

AT_ONCE: Final = 1000
"""People in one request."""
PAGE: Final = 1000
LOOK_BACK: Final = timedelta(hours=2)
"""How far the first look for results goes back: a restart loses nothing."""
OVERLAP: Final = timedelta(minutes=2)
FIND_BACK: Final = timedelta(hours=24)
SEOUL: Final = ZoneInfo("Asia/Seoul")

log = logging.getLogger(__name__)


class NhnCloudSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An app key of one of NHN Cloud's services."""

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


class NhnCloud(Gateway):
    """A service of NHN Cloud. Subclasses say where its messages and results are, and read one."""

    account_codes: ClassVar[frozenset[str]]
    """Codes that say that the app key cannot send now, whatever the message."""
    time_format: ClassVar[str]

    def __init__(self, settings: NhnCloudSettings, *, base_url: str) -> None:
        super().__init__(base_url=base_url, answer_s=settings.answer_s, connections=settings.connections)
        self._secret_key = settings.secret_key
        self._hook_signature = settings.hook_signature
        self._poll_s = settings.poll_s
        self._polling: asyncio.Task[None] | None = None

    def results_path(self) -> str:
        """Where results are listed."""
        raise NotImplementedError

    def message_paths(self) -> Sequence[str]:
        """Everywhere a message may have been posted to."""
        raise NotImplementedError

    def listed(self, said: dict[str, Any]) -> list[dict[str, Any]]:
        """The entries of a list of messages or results."""
        raise NotImplementedError

    def receipt(self, entry: dict[str, Any]) -> Receipt | None:
        """The receipt in a result, of a webhook or of a list; None while there is none yet."""
        raise NotImplementedError

    def headers(self) -> dict[str, str]:
        return {"X-Secret-Key": self._secret_key}

    async def open(self, on_reports: OnReports) -> None:
        """Connect, try the credentials, and ask for results from now on."""
        await super().open(on_reports)
        if self._poll_s:
            self._polling = asyncio.create_task(self._poll(on_reports), name=f"{self.name} results")

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
        if str(header.get("resultCode")) in self.account_codes:
            said = header.get("resultMessage", "")
            raise NotAllowed(f"The gateway refuses the credentials: {said}", code="credentials_refused")

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """What NHN has of these; see `Provider.look_up`. Each is asked for by its own key."""
        found = await asyncio.gather(*(self._find(reference) for reference in references))
        return dict(zip(references, found, strict=True))

    def read_call(self, call: Call) -> list[Report]:
        """A webhook of results; see `gateway.Hooked`."""
        if self._hook_signature and not hmac.compare_digest(
            call.headers.get("x-toast-webhook-signature", "").encode(), self._hook_signature.encode()
        ):
            raise NotAllowed("The call does not carry the webhook's signature.", code="bad_signature")
        try:
            said = msgspec.json.decode(call.body)
        except msgspec.MsgspecError as error:
            raise InvalidInput(f"The call cannot be read: {error}", code="bad_call") from error
        if not isinstance(said, dict) or not isinstance(said.get("hooks"), list):
            raise InvalidInput("The call has no hooks.", code="bad_call")
        return self._receipts(said["hooks"]) if said.get("event") == "MESSAGE_RESULT_UPDATE" else []

    def _receipts(self, entries: Sequence[dict[str, Any]]) -> list[Report]:
        return [receipt for entry in entries if (receipt := self.receipt(entry)) is not None]

    async def _find(self, reference: int) -> Outcome:
        """One message by our key, wherever it was posted to."""
        now = datetime.now(SEOUL)
        query = {
            "startRequestDate": self._time(now - FIND_BACK),
            "endRequestDate": self._time(now + timedelta(minutes=1)),
            "recipientGroupingKey": str(reference),
        }
        for path in self.message_paths():
            answer = await self.ask("GET", path, params=query)
            if not isinstance(answer, httpx.Response):
                raise CannotAsk("NHN Cloud does not answer what it took.", code="carrier_unreachable")
            for entry in self.listed(json_of(answer)):
                if str(entry.get("recipientGroupingKey", "")) == str(reference):
                    return Accepted(entry_id(entry))
        return Uncertain("not_found", "NHN Cloud does not list it (yet)")

    async def _poll(self, on_reports: OnReports) -> None:
        """Pass on results again and again."""
        since = datetime.now(SEOUL) - LOOK_BACK
        while True:
            until = datetime.now(SEOUL)
            try:
                page = 1
                while True:
                    entries = self.listed(await self._results(since, until, page, PAGE))
                    if reports := self._receipts(entries):
                        await on_reports(reports)
                    if len(entries) < PAGE:
                        break
                    page += 1
                since = until - OVERLAP
            except Exception as error:  # whatever is wrong, the next look repeats it
                log.warning("results could not be read", extra={"error": str(error)})
            await asyncio.sleep(self._poll_s)

    async def _results(self, since: datetime, until: datetime, page: int, size: int) -> dict[str, Any]:
        times = f"startUpdateDate={self._time(since)}&endUpdateDate={self._time(until)}".replace(" ", "%20")
        return json_of(await self.knock_at(f"{self.results_path()}?{times}&pageNum={page}&pageSize={size}"))

    def _time(self, moment: datetime) -> str:
        return moment.astimezone(SEOUL).strftime(self.time_format)


def entry_id(entry: dict[str, Any]) -> str:
    """NHN's name of one message: of its request, and of the person in it."""
    return f"{entry.get('requestId', '')}/{entry.get('recipientSeq', '')}"
