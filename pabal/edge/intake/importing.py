"""`/v1/import`: a message a line, any number of lines, in bounded memory.

Lines are written a thousand at a time while the body is still coming; what was read is not kept. If the request breaks
off, what was written stays, and sending everything again writes only the rest, as long as lines have message ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pabal.edge.intake import metrics, moments
from pabal.edge.intake.answers import MOST_SHOWN, Answer, failed, taken
from pabal.edge.intake.failures import IntakeError, Malformed, Refusal
from pabal.edge.intake.keys import Key
from pabal.edge.intake.limits import LONGEST_LINE
from pabal.edge.intake.messages import Message, Told, read_message
from pabal.edge.intake.reading import read

if TYPE_CHECKING:
    from pabal.edge.intake.endpoints import Intake

AT_ONCE: Final = 1_000
"""Lines of one write."""


@dataclass(slots=True)
class _Progress:
    lines: int = 0
    accepted: int = 0
    refused_count: int = 0
    refused: list[Refusal] = field(default_factory=list)
    notes: list[Refusal] = field(default_factory=list)

    def refuse(self, refusals: list[Refusal]) -> None:
        self.refused_count += len(refusals)
        self.refused += refusals[: max(0, MOST_SHOWN - len(self.refused))]

    def note(self, notes: list[Refusal]) -> None:
        self.notes += notes[: max(0, MOST_SHOWN - len(self.notes))]


async def take_lines(intake: Intake, body: AsyncIterator[bytes], key: Key) -> Answer:
    """Write the lines; `index` in the answer is the line's number, from 0."""
    done = _Progress()
    gathered: list[tuple[int, bytes]] = []
    writing: asyncio.Task[None] | None = None  # while one part is written, the next is read
    try:
        async for index, line in _lines(body):
            done.lines = index + 1
            if line is None:
                text = f"A line may have {LONGEST_LINE // 1024} KB."
                metrics.REFUSED.labels("too_large").inc()
                done.refuse([Refusal(index=index, code="too_large", message=text)])
            elif line:
                gathered.append((index, line))
            if len(gathered) >= AT_ONCE:
                if writing is not None:
                    await writing
                writing = asyncio.create_task(_write(intake, gathered, key, done))
                gathered = []
        if writing is not None:
            await writing
        if gathered:
            await _write(intake, gathered, key, done)
    except IntakeError as error:
        return failed(error, accepted=done.accepted, lines=done.lines)
    finally:
        if writing is not None:
            await asyncio.wait([writing])
    done.refused.sort(key=lambda one: one.index)
    return taken(done.accepted, done.refused, done.notes, lines=done.lines, refused_count=done.refused_count)


async def _lines(body: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes | None]]:
    """(number, line), None for a line that is too long, which is not kept in memory."""
    index, rest, skipping = 0, b"", False
    async for piece in body:
        parts = (rest + piece).split(b"\n")
        rest = parts.pop()
        for line in parts:
            yield index, None if skipping or len(line) > LONGEST_LINE else line.strip()
            index, skipping = index + 1, False
        if len(rest) > LONGEST_LINE:
            rest, skipping = b"", True
    if rest.strip() or skipping:
        yield index, None if skipping else rest.strip()


async def _write(intake: Intake, lines: list[tuple[int, bytes]], key: Key, done: _Progress) -> None:
    messages: list[tuple[int, Message]] = []
    refused: list[Refusal] = []
    for index, line in lines:
        try:
            message = read_message(line).messages[0][1]
        except Malformed as error:
            refused.append(Refusal(index=index, code=error.code, message=error.message))
            continue
        if message.type is None:
            message.type = "track" if message.event else "identify" if message.traits else None
        messages.append((index, message))
    found = read(Told(messages=messages, refused=refused), key, received=moments.now())
    done.accepted += await intake.write(found)
    done.refuse(found.refused)
    done.note(found.notes)
