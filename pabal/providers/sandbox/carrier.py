"""The simulated carrier.

It takes windows of messages, keeps a record of what it took (`log_file`, written before it answers, so that it can
judge us after a crash), and reports in bulk every `TICK_S`. Randomness comes from one seeded generator; numbers of
`numbers.py` always behave the same.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import msgspec

from pabal.errors import Unavailable as CannotOpen
from pabal.providers.base import (
    Accepted,
    Capabilities,
    Health,
    Inbound,
    OnReports,
    Outcome,
    Outgoing,
    Rejected,
    Throttled,
    Unavailable,
    Uncertain,
)
from pabal.providers.reasons import Reason
from pabal.providers.sandbox import kakao
from pabal.providers.sandbox.numbers import Behaviour, behaviour
from pabal.providers.sandbox.receipts import Due, Post
from pabal.providers.sandbox.settings import SandboxSettings, mix
from pabal.providers.uploads import MediaLimits, Upload


class Carried(msgspec.Struct, frozen=True, gc=False):
    """One line of the carrier's record: a message that it took, what becomes of it, and of KakaoTalk the price."""

    id: str
    reference: int
    to: str
    sender: str
    kind: str
    text: str
    at: float
    fate: str = ""
    billed: str = ""


class Sandbox:
    """A carrier in this process, with settable speed and faults."""

    name: ClassVar[str] = "sandbox"
    labels: ClassVar[dict[str, str]] = {"en": "Sandbox (simulated carrier)", "ko": "샌드박스 (가상 통신사)"}
    settings_type: ClassVar[type[msgspec.Struct]] = SandboxSettings
    capabilities: Capabilities = Capabilities(
        kinds=frozenset({"sms", "lms", "mms", "kakao"}),
        encodings=frozenset({"gsm7", "ucs2", "euckr", "utf8"}),
        two_way=True,
        receipts=True,
        can_look_up=True,
        validity=True,
        max_window=10_000,
        subject=True,
        streams=True,
        media=MediaLimits(
            formats=frozenset({"jpeg", "png", "gif"}),
            max_bytes=600_000,
            max_width=2048,
            max_height=2048,
            count=3,
            total_bytes=600_000,
            source="600 KB, as carriers have it in general",
        ),
    )

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.capabilities = msgspec.structs.replace(
            type(self).capabilities, can_look_up=settings.look_up and bool(settings.log_file)
        )
        self._random = random.Random(settings.seed or None)
        self._failures = mix(settings.failures)
        self._refusals = mix(settings.refusals)
        self._ids = secrets.token_hex(4)  # ids stay unique across runs, whatever the seed
        self._count = 0
        self._second = (0, 0)  # the second that is running, and the messages taken in it
        self._known: dict[int, str] = {}
        self._encoder = msgspec.json.Encoder()
        self._log: int | None = None
        self._post: Post | None = None
        self._sending = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.round_trip = max(settings.accept_ms - settings.accept_jitter_ms, 0) / 1000  # `Timed`

    async def open(self, on_reports: OnReports) -> None:
        """Start the carrier. Raises `pabal.errors.Unavailable` if the log file cannot be written."""
        if self.settings.log_file:
            try:
                self._read_log(Path(self.settings.log_file))
                self._log = os.open(self.settings.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            except OSError as error:
                raise CannotOpen(f"The sandbox cannot write its log file: {error}.") from error
        self._post = Post(on_reports)
        self._post.start()

    async def send(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Take a window of messages; see `Provider.send`."""
        if self._post is None:
            return [Unavailable(code="closed")] * len(messages)
        self._sending += 1
        self._idle.clear()
        try:
            outcomes = self._take(messages, self._post)
            early = self._post.take_early()
            if early:
                await self._post.report(early)
            await self._pause()
            return outcomes
        finally:
            self._sending -= 1
            if not self._sending:
                self._idle.set()

    async def upload(self, image: Upload, purpose: str) -> str:
        """Keep a picture, as a gateway would; see `uploads.Uploads`."""
        await self._pause()
        return f"sandbox-{purpose}-{image.name}"

    async def look_up(self, references: Sequence[int]) -> dict[int, Outcome]:
        """What the carrier took, by our references."""
        await self._pause()
        return {reference: Accepted(self._known[reference]) for reference in references if reference in self._known}

    async def receive(self, *, from_: str, sender: str, text: str) -> None:
        """Let a simulated phone send us a text; returns when it was reported."""
        if self._post is None:
            raise CannotOpen("The sandbox is not open.")
        inbound = Inbound(
            sender=sender, from_=from_, text=text, at=datetime.now(UTC), provider_id=f"in-{secrets.token_hex(8)}"
        )
        await self._post.report([inbound])

    async def close(self) -> None:
        """Answer what is under way, report everything that is still due at once, and stop."""
        await self._idle.wait()
        post, self._post = self._post, None
        if post is not None:
            await post.stop()
        if self._log is not None:
            os.close(self._log)
            self._log = None

    def health(self) -> Health:
        """Open from `open` to `close`."""
        return Health(state="open" if self._post is not None else "closed")

    def _take(self, messages: Sequence[Outgoing], post: Post) -> list[Outcome]:
        """Decide the window. A loop over messages in Python, for each meets its own chance; about 3 µs a message."""
        settings, chance, now = self.settings, self._random.random, time.time()
        refused, failed, early, twice = settings.refused, settings.failed, settings.early, settings.duplicated
        lost, prefix, number = settings.lost, self._ids, self._count
        room = self._room(len(messages), now)
        kept, reach = self._link(len(messages))
        clock = datetime.fromtimestamp(now, UTC)
        outcomes: list[Outcome] = []
        carried: list[Carried] = []
        for index, message in enumerate(messages):
            if index >= reach:
                outcomes.append(Unavailable(code="link_down"))
                continue
            if index >= room:
                outcomes.append(Throttled(retry_after=1.0 - now % 1.0, code="too_fast"))
                continue
            special = behaviour(message.to)
            refusal = self._refusal(message, special, clock, refused)
            if refusal is not None:
                outcomes.append(refusal)
                continue
            number += 1
            provider_id = f"{prefix}-{number}"
            sure = index < kept and (special is None or special.what != "uncertain")
            if sure or special is not None or chance() < 0.5:
                due = Due(provider_id, message.reference, special.reason if special else None)
                if special is not None:
                    post.add_special(due, special, now, settings)
                elif lost and chance() < lost:
                    pass
                else:
                    if message.kind == "kakao":
                        due = Due(provider_id, message.reference, *kakao.fate(message, settings.kakao_people))
                    elif failed and chance() < failed:
                        due = Due(provider_id, message.reference, self._reason(self._failures))
                    at = now + (settings.receipt_ms + settings.receipt_jitter_ms * (2 * chance() - 1)) / 1000
                    if early and chance() < early:
                        post.add_early(due)
                    else:
                        post.add(due, at)
                    if twice and chance() < twice:
                        post.add(due, at + chance())
                carried.append(
                    Carried(
                        provider_id,
                        message.reference,
                        message.to,
                        message.sender,
                        message.kind,
                        message.text,
                        now,
                        due.reason.value if due.reason is not None else "delivered",
                        due.billed,
                    )
                )
            outcomes.append(Accepted(provider_id) if sure else Uncertain("link_lost", "no answer from the carrier"))
        self._count = number
        self._record(carried)
        return outcomes

    def _refusal(
        self, message: Outgoing, special: Behaviour | None, clock: datetime, refused: float
    ) -> Rejected | None:
        if special is not None:
            return Rejected(special.reason or Reason.UNKNOWN, message.to[-4:]) if special.what == "refused" else None
        if message.expires_at is not None and message.expires_at <= clock:
            return Rejected(Reason.EXPIRED, "expired")
        if refused and self._random.random() < refused:
            reason = self._reason(self._refusals)
            return Rejected(reason, reason.value)
        return None

    def _reason(self, of: tuple[list[Reason], list[float]]) -> Reason:
        return self._random.choices(*of)[0]

    def _room(self, wanted: int, now: float) -> int:
        """How many of these the carrier takes in this second."""
        limit = self.settings.throttle_per_s
        if not limit:
            return wanted
        second, taken = self._second
        if int(now) != second:
            second, taken = int(now), 0
        room = min(wanted, limit - taken)
        self._second = (second, taken + room)
        return room

    def _link(self, count: int) -> tuple[int, int]:
        """How many of a window are answered for, and how many reach the carrier, before the link drops."""
        if not self.settings.link_drop or self._random.random() >= self.settings.link_drop:
            return count, count
        reach = self._random.randint(0, count)
        return self._random.randint(0, reach), reach

    def _record(self, carried: list[Carried]) -> None:
        if self.settings.look_up:
            self._known.update((message.reference, message.id) for message in carried)
        if self._log is not None and carried:
            os.write(self._log, self._encoder.encode_lines(carried))

    def _read_log(self, path: Path) -> None:
        if self.settings.look_up and path.exists():
            lines = msgspec.json.Decoder(Carried).decode_lines(path.read_bytes())
            self._known = {message.reference: message.id for message in lines}

    async def _pause(self) -> None:
        mean, jitter = self.settings.accept_ms, self.settings.accept_jitter_ms
        wait = (mean + jitter * (2 * self._random.random() - 1)) / 1000
        await asyncio.sleep(max(wait, 0))
