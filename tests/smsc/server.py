"""An SMSC on loopback that we did not write: the server of `smpp34` (Rust), which cuts, reads and answers the PDUs.

    python tests/smsc/server.py --port 2775 --alone --log taken.ndjson --receipt-ms 500 --drop-every 1000

Ours is only what an operator decides: whether to take a message and what to report of it (here), and how bad the line
is (`line.py`). Every message that it takes is appended to the log immediately before it is answered, so the log judges
whether anything was sent twice, even after our processes were killed.

A destination that begins with 1000 and three digits is refused with that command_status: +10000110000 with 11.
Standard input takes one JSON object a line, standard output answers each:

    {"set": {"throttle_per_s": 100}}                    change options
    {"inbound": {"from": "8210…", "to": "1588…", "text": "STOP"}}   a phone sends a text; "parts": 3 cuts it
    {"drop": true}                                       break every connection
    {"count": true}                                      what was done so far
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import json
import os
import random
import secrets
import socket
import ssl
import stat
import sys
import time
from typing import Any

import smpp34
from line import Line
from options import Options, change, parser

THROTTLED = smpp34.ESME_RTHROTTLED
QUEUE_FULL = smpp34.ESME_RMSGQFUL
DELIVERIES_AT_ONCE = 50


class Smsc:
    """The operator behind the server."""

    def __init__(self, options: Options, log: str, port: int) -> None:
        self.options = options
        self.server = smpp34.Server("127.0.0.1", port, system_id="TESTSMSC", inbound_capacity=10_000)
        self.log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if log else None
        self.sessions: dict[str, smpp34.Esme] = {}
        self.base = secrets.randbits(40) << 20
        self.number = itertools.count(1)
        self.second = [0, 0]
        self.answers: asyncio.Queue[tuple[float, smpp34.SubmitSmEvent]] = asyncio.Queue()
        self.due: list[tuple[float, int, dict[str, Any]]] = []
        self.order = itertools.count()
        self.wake = asyncio.Event()
        self.places = asyncio.Semaphore(DELIVERIES_AT_ONCE)
        self.tasks: set[asyncio.Task[None]] = set()
        self.counts = {"taken": 0, "refused": 0, "throttled": 0, "delivered": 0, "not_delivered": 0}

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.server.start()
        await asyncio.gather(self._listen(), self._answer_late(), self._report())

    async def _listen(self) -> None:
        while True:
            event = await self.server.next()
            if isinstance(event, smpp34.SubmitSmEvent):
                if self.options.answer_ms:
                    self.answers.put_nowait((time.monotonic() + self.options.answer_ms / 1000, event))
                else:
                    self._decide(event)
            elif isinstance(event, smpp34.Esme):
                self.sessions[event.session_id] = event
                self.wake.set()
            elif isinstance(event, smpp34.Unbound):
                self.sessions.pop(event.session_id, None)

    async def _answer_late(self) -> None:
        while True:
            due, event = await self.answers.get()
            await asyncio.sleep(max(due - time.monotonic(), 0))
            self._decide(event)

    def _decide(self, event: smpp34.SubmitSmEvent) -> None:
        options, to = self.options, event.destination_addr
        if options.throttle_per_s:
            second = int(time.monotonic())
            if self.second[0] != second:
                self.second = [second, 0]
            self.second[1] += 1
            if self.second[1] > options.throttle_per_s:
                self.counts["throttled"] += 1
                event.reject(THROTTLED)
                return
        if options.queue_full_share and random.random() < options.queue_full_share:
            self.counts["throttled"] += 1
            event.reject(QUEUE_FULL)
            return
        if to.startswith("1000"):
            self.counts["refused"] += 1
            event.reject(int(to[4:7]))
            return
        number = self.base + next(self.number)
        message_id = f"{number:x}" if options.ids != "decimal_then_hex" else str(number)
        self._write(event, message_id)
        self.counts["taken"] += 1
        with contextlib.suppress(Exception):  # its session may be gone; it was taken all the same
            event.accept(message_id)
        if options.receipts != "none" and event.registered_delivery & 3:
            self._plan_receipt(event, number, message_id)

    def _write(self, event: smpp34.SubmitSmEvent, message_id: str) -> None:
        if self.log is None:
            return
        taken = {
            "id": message_id,
            "to": event.destination_addr,
            "from": event.source_addr,
            "from_ton": event.source_addr_ton,
            "esm_class": event.esm_class,
            "data_coding": event.data_coding,
            "registered": event.registered_delivery,
            "body": event.short_message.hex(),
            "options": {f"{tlv.tag:04x}": bytes(tlv.value).hex() for tlv in event.tlvs},
            "at": time.time(),
        }
        os.write(self.log, json.dumps(taken, separators=(",", ":")).encode() + b"\n")

    def _plan_receipt(self, event: smpp34.SubmitSmEvent, number: int, message_id: str) -> None:
        options = self.options
        mix = dict(item.strip().rsplit("=", 1) for item in options.receipt_mix.split(","))
        (outcome,) = random.choices(list(mix), [float(weight) for weight in mix.values()])
        if outcome.startswith("DELIVRD") and event.registered_delivery & 3 == 2:
            return  # asked to be told of failures only
        stat, error = outcome.split()
        quoted = {"same": message_id, "hex_then_decimal": str(number), "decimal_then_hex": f"{number:X}"}[options.ids]
        text = (
            f"id:{quoted} sub:001 dlvrd:{int(stat == 'DELIVRD'):03d} submit date:2401010000 done date:2401010001 "
            f"stat:{stat} err:{error} text:id: not this one stat:EXPIRED"
        )
        states = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "DELETED": 4, "UNDELIV": 5, "ACCEPTD": 6, "REJECTD": 8}
        tlvs = [
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes((states.get(stat, 7),))),
        ]
        delivery = {
            "destination_addr": event.source_addr,
            "dest_addr_ton": event.source_addr_ton,
            "source_addr": event.destination_addr,
            "source_addr_ton": 1,
            "source_addr_npi": 1,
            "esm_class": 4,
            "short_message": b"" if options.receipts == "tlv" else text.encode(),
            "tlvs": [] if options.receipts == "text" else tlvs,
        }
        wait = options.receipt_ms + options.receipt_jitter_ms * (2 * random.random() - 1)
        self._plan(delivery, wait)
        if random.random() < options.duplicate_share:
            self._plan(delivery, wait + 20)

    def _plan(self, delivery: dict[str, Any], wait_ms: float) -> None:
        heapq.heappush(self.due, (time.monotonic() + wait_ms / 1000, next(self.order), delivery))
        self.wake.set()

    async def _report(self) -> None:
        """Deliver what is due to whoever is bound; what is not acknowledged stays."""
        while True:
            if not self.due or not self.sessions:
                self.wake.clear()
                await self.wake.wait()
                continue
            wait = self.due[0][0] - time.monotonic()
            if wait > 0:
                await asyncio.sleep(min(wait, 0.02))
                continue
            await self.places.acquire()
            _, _, delivery = heapq.heappop(self.due)
            task = asyncio.ensure_future(self._deliver(delivery))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _deliver(self, delivery: dict[str, Any]) -> None:
        try:
            session = next((each for each in self.sessions.values() if each.can_receive), None)
            if session is None:
                raise ConnectionError("nobody is bound")
            answer = await session.deliver_sm(**delivery)
            if not answer.is_success:
                raise ConnectionError(f"refused with {answer.command_status}")
            self.counts["delivered"] += 1
        except Exception:
            self.counts["not_delivered"] += 1
            self._plan(delivery, 200)
        finally:
            self.places.release()

    def inbound(self, told: dict[str, Any]) -> None:
        """A phone sends a text."""
        text, coding = told["text"], 0
        try:
            body = text.encode("ascii")
        except UnicodeEncodeError:
            body, coding = text.encode("utf-16-be"), 8
        parts = told.get("parts", 1)
        size = -(-len(body) // parts)
        size += size % 2 if coding else 0
        order = list(range(parts))
        if told.get("reversed"):
            order.reverse()
        for index in order:
            piece = body[index * size : (index + 1) * size]
            header = bytes((5, 0, 3, 7, parts, index + 1)) if parts > 1 else b""
            delivery = {
                "destination_addr": told["to"],
                "dest_addr_ton": 0,
                "source_addr": told["from"],
                "source_addr_ton": 1,
                "source_addr_npi": 1,
                "esm_class": 0x40 if header else 0,
                "data_coding": coding,
                "short_message": header + piece,
            }
            self._plan(delivery, 0)


async def _commands(smsc: Smsc, line: Line, alone: bool) -> None:
    if alone and not stat.S_ISFIFO(os.fstat(0).st_mode):
        await asyncio.Event().wait()
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while told := await reader.readline():
        for verb, value in json.loads(told).items():
            match verb:
                case "set":
                    change(smsc.options, value)
                case "inbound":
                    smsc.inbound(value)
                case "drop":
                    line.drop()
        counts = smsc.counts | {"submits": line.submits, "drops": line.drops, "bound": len(smsc.sessions)}
        print(json.dumps(counts), flush=True)
    if alone:
        await asyncio.Event().wait()


async def _until_open(port: int) -> None:
    while True:
        with contextlib.suppress(ConnectionRefusedError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.01)


async def main() -> None:
    """Listen, print the port, and go on until standard input ends."""
    given = vars(parser().parse_args())
    port, log, alone = given.pop("port"), given.pop("log"), given.pop("alone")
    certificate, key = given.pop("tls_certificate"), given.pop("tls_key")
    options = Options(**given)
    with socket.create_server(("127.0.0.1", 0)) as free:
        inner = free.getsockname()[1]
    smsc = Smsc(options, log, inner)
    line = Line(options, inner)
    serving = asyncio.ensure_future(smsc.run())
    await _until_open(inner)
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    outer = await asyncio.start_server(line.serve, "127.0.0.1", port, ssl=context)
    print(json.dumps({"port": outer.sockets[0].getsockname()[1]}), flush=True)
    commands = asyncio.ensure_future(_commands(smsc, line, alone))
    await asyncio.wait([serving, commands], return_when=asyncio.FIRST_COMPLETED)
    os._exit(serving.done())  # the library's threads have no other end


if __name__ == "__main__":
    asyncio.run(main())
