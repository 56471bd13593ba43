"""The line between our side and the SMSC: TLS, the log-in, and faults.

It reads no more of SMPP than headers and log-ins. Whatever passes it unharmed is the SMSC's own.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable

from options import Options

HEADER = struct.Struct(">IIII")
BINDS = {1, 2, 9}
SUBMIT = 0x4
RESPONSE = 0x80000000
WRONG_PASSWORD = 0x0E
WRONG_SYSTEM_ID = 0x0F


class Line:
    """Accepts connections and joins each to one of the SMSC."""

    def __init__(self, options: Options, inner_port: int) -> None:
        self.options = options
        self.inner_port = inner_port
        self.submits = 0
        self.drops = 0
        self.writers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.inner_port)
        doomed: set[int] = set()
        self.writers.add(writer)
        ways = [
            asyncio.ensure_future(self._pump(reader, inner_writer, lambda pdu: self._up(pdu, writer, doomed))),
            asyncio.ensure_future(self._pump(inner_reader, writer, lambda pdu: self._down(pdu, doomed))),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        self.writers.discard(writer)
        for end in (writer, inner_writer):
            end.transport.abort() if doomed else end.close()

    def drop(self) -> None:
        """End every connection now."""
        for writer in self.writers:
            self.drops += 1
            writer.transport.abort()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        change: Callable[[bytes], Awaitable[bytes | None]] | Callable[[bytes], bytes | None],
    ) -> None:
        rest = b""
        while data := await reader.read(1 << 16):
            data = rest + data
            at, out = 0, []
            while len(data) - at >= 16 and len(data) - at >= (length := HEADER.unpack_from(data, at)[0]):
                changed = change(data[at : at + length])
                if changed is None:  # the line breaks here; what came before still passes
                    writer.write(b"".join(out))
                    await writer.drain()
                    return
                out.append(changed)
                at += length
            rest = data[at:]
            writer.write(b"".join(out))
            await writer.drain()

    def _up(self, pdu: bytes, writer: asyncio.StreamWriter, doomed: set[int]) -> bytes | None:
        _, command, _, sequence = HEADER.unpack_from(pdu)
        if command in BINDS:
            system_id, password = pdu[16:].split(b"\0")[:2]
            status = 0
            if system_id.decode() != self.options.system_id:
                status = WRONG_SYSTEM_ID
            elif password.decode() != self.options.password:
                status = WRONG_PASSWORD
            if status:
                writer.write(HEADER.pack(16, command | RESPONSE, status, sequence))
                return b""
        elif command == SUBMIT:
            self.submits += 1
            if self.options.drop_every and self.submits % self.options.drop_every == 0:
                self.drops += 1
                if self.options.drop_when == "before":
                    return None
                doomed.add(sequence)
        return pdu

    def _down(self, pdu: bytes, doomed: set[int]) -> bytes | None:
        _, command, _, sequence = HEADER.unpack_from(pdu)
        if sequence in doomed and command == SUBMIT | RESPONSE:
            return None
        if self.options.mute and command not in {bind | RESPONSE for bind in BINDS}:
            return b""
        if command == SUBMIT | RESPONSE:
            if self.options.answer_twice:
                pdu += pdu
            if self.options.answer_nobody:
                pdu += HEADER.pack(16, SUBMIT | RESPONSE, 0, sequence + 1_000_000)
        return pdu
