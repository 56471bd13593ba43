"""What adapters to HTTP gateways share: one client, and what a broken request means for the messages in it.

The question is always whether the request may have been carried out:

- no connection was made: surely not, `Unavailable`;
- the gateway answered 429: surely not, `Throttled`;
- it answered 401 or 403: surely not; `Unavailable` until a person mends the credentials;
- it answered 5xx, or the connection broke after the request had begun: perhaps, `Uncertain`.

A request is never repeated here.
"""

from __future__ import annotations

import asyncio
import email.utils
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, ClassVar, Final, Protocol, TypeAlias, runtime_checkable

import httpx
import msgspec

from pabal.errors import NotAllowed
from pabal.errors import Unavailable as CannotOpen
from pabal.providers.base import (
    Capabilities,
    Health,
    OnReports,
    Outcome,
    Outgoing,
    Rejected,
    Report,
    Throttled,
    Unavailable,
    Uncertain,
)
from pabal.providers.reasons import Reason

LONGEST_PAUSE_S: Final = 300.0
REFUSED_PAUSE_S: Final = 30.0
#: A gateway that cannot be told until when to deliver needs time to do so before the legal closing.
MARGIN: Final = timedelta(seconds=60)

#: Nothing of the request has left.
NEVER_LEFT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

Answer: TypeAlias = httpx.Response | Throttled | Unavailable | Uncertain


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request that a gateway made to us. `url` is as the gateway wrote it, `headers` have lower-case names."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@runtime_checkable
class Hooked(Protocol):
    """A provider whose gateway reports by calling us. `hook_url` is the address to give to it, without a query."""

    hook_url: str

    async def connect(self) -> None: ...

    def read_call(self, call: Call) -> list[Report]:
        """What a call says. Raises `NotAllowed` when it is not signed as this gateway signs, `InvalidInput` when it
        cannot be read."""
        ...


class Gateway:
    """A client of an HTTP gateway: opened, asked, closed. Subclasses name it and say what they send."""

    name: ClassVar[str]
    capabilities: Capabilities

    def __init__(self, *, base_url: str, answer_s: float, connections: int) -> None:
        self.hook_url = ""
        self.may_send: Callable[[], bool] = lambda: True  # `base.Gated`
        self.transport: httpx.AsyncBaseTransport | None = None
        self._base_url = base_url
        self._timeout = httpx.Timeout(answer_s, connect=min(answer_s, 10.0), pool=answer_s)
        # A connection that idles is given up before the gateway would: one that closes as we write is an uncertain request.
        self._limits = httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=4
        )
        self._client: httpx.AsyncClient | None = None
        self._on_reports: OnReports | None = None
        self._under_way: set[asyncio.Future[Any]] = set()
        self._trouble = ""

    async def open(self, on_reports: OnReports) -> None:
        """Connect and try the credentials; see `Provider.open`."""
        self._on_reports = on_reports
        await self.connect()
        try:
            await self.knock()
        except BaseException:
            await self.close()
            raise

    async def connect(self) -> None:
        """Be able to send, without trying the credentials: for whoever only answers a call."""
        self._client = httpx.AsyncClient(
            base_url=self._base_url, timeout=self._timeout, limits=self._limits, transport=self.transport
        )

    async def knock(self) -> None:
        """Ask something harmless that needs the credentials. Raises `NotAllowed`, `pabal.errors.Unavailable`."""

    async def close(self) -> None:
        """Wait for the answers under way, and disconnect."""
        client, self._client = self._client, None
        if self._under_way:
            await asyncio.wait(self._under_way)
        if client is not None:
            await client.aclose()

    def health(self) -> Health:
        """Open from `open` to `close`; the detail is the last trouble with the gateway."""
        return Health(state="open" if self._client is not None else "closed", detail=self._trouble)

    async def send(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Hand over a window; see `Provider.send`. What has expired, or would before it arrives, is refused; the rest is `hand_over`'s."""
        now = datetime.now(UTC)
        latest = now if self.capabilities.validity else now + MARGIN
        fresh = [message for message in messages if message.expires_at is None or message.expires_at > latest]
        known = await self.hand_over(fresh) if fresh else {}
        expired = Rejected(Reason.EXPIRED)
        return [known.get(message.reference, expired) for message in messages]

    async def hand_over(self, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
        """The outcome of each message, by reference; none has expired."""
        raise NotImplementedError

    async def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> Answer:
        """One request: the answer, or what its failure means for what was in it."""
        client = self._client
        if client is None:
            return Unavailable(code="closed")
        if method != "GET" and not self.may_send():
            return Unavailable(retry_after=0.0, code="no_lease")
        task = asyncio.ensure_future(
            client.request(method, path, headers={**self.headers(), **(headers or {})}, **request)
        )
        self._under_way.add(task)
        try:
            # Shielded: a window that is given up must not cut a request that may have been carried out already.
            response = await asyncio.shield(task)
        except NEVER_LEFT as error:
            self._trouble = _said(error)
            return Unavailable(retry_after=2.0, code="unreachable", detail=self._trouble)
        except httpx.HTTPError as error:
            self._trouble = _said(error)
            return Uncertain(code="no_answer", detail=self._trouble)
        finally:
            if task.done():
                self._under_way.discard(task)
            else:
                task.add_done_callback(self._under_way.discard)
        return self._judged(response)

    def headers(self) -> dict[str, str]:
        """What each request carries besides its body."""
        return {}

    def _judged(self, response: httpx.Response) -> Answer:
        status = response.status_code
        if status < 400:
            self._trouble = ""
            return response
        if status == 429:
            return Throttled(retry_after=retry_after(response, 1.0), code="429")
        if status in (401, 403):
            self._trouble = f"HTTP {status}: {response.text[:200]}"
            return Unavailable(retry_after=REFUSED_PAUSE_S, code=str(status), detail=self._trouble)
        if status >= 500:
            self._trouble = f"HTTP {status}: {response.text[:200]}"
            return Uncertain(code=str(status), detail=self._trouble)
        return response  # 4xx: the gateway says what is wrong with it

    async def knock_at(self, path: str) -> httpx.Response:
        """GET `path` as a trial of the credentials. Raises `NotAllowed`, `pabal.errors.Unavailable`."""
        answer = await self.ask("GET", path)
        if isinstance(answer, Unavailable) and answer.code in {"401", "403"}:
            raise NotAllowed(f"The gateway refuses the credentials: {answer.detail}", code="credentials_refused")
        if not isinstance(answer, httpx.Response):
            raise CannotOpen(getattr(answer, "detail", "") or "too many requests", code="carrier_unreachable")
        return answer


Read: TypeAlias = Callable[[httpx.Response, Sequence[Outgoing]], dict[int, Outcome]]


def outcomes_of(answer: Answer, messages: Sequence[Outgoing], read: Read) -> dict[int, Outcome]:
    """By reference: what `read` finds in the answer, or, without one, what its failure means for all of them."""
    if isinstance(answer, httpx.Response):
        return read(answer, messages)
    return {message.reference: answer for message in messages}


def unread(answer: httpx.Response, messages: Sequence[Outgoing]) -> dict[int, Outcome]:
    """What holds for messages that an answer does not name: perhaps they were taken."""
    return {message.reference: Uncertain("unreadable", answer.text[:200]) for message in messages}


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; empty when it has none."""
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def reference_of(said: Any) -> int | None:
    """Our message id as a gateway repeats it."""
    text = str(said or "")
    return int(text) if text.isascii() and text.isdigit() else None


def moment_of(said: Any, zone: tzinfo = UTC) -> datetime:
    """A time as a gateway writes it, in `zone` where it names none; now when there is none to be read."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def retry_after(response: httpx.Response, otherwise: float) -> float:
    """Seconds that the gateway asks us to wait (RFC 9110, 10.2.3: a number, or a date), at most five minutes."""
    said = response.headers.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_PAUSE_S)
    moment = email.utils.parsedate_to_datetime(said).timestamp() if "GMT" in said else 0.0
    return min(max(moment - time.time(), otherwise), LONGEST_PAUSE_S)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
