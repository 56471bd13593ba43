"""Gateways to test against: what they accept is checked by the published description or by the gateway's own library."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from twilio.request_validator import RequestValidator

from pabal.providers.gateway import Call, Gateway, Hooked
from pabal.providers.webhook import SIGNATURE, sign

ACCOUNT = "AC" + "0123456789abcdef" * 2
HOOK = "https://go.example/v1/hooks/7/abc"


class Edge:
    """Stands where our edge stands: takes a gateway's calls and passes on what they report, repeating what was not taken."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider
        self.tasks: set[asyncio.Task[None]] = set()

    def call(self, call: Call) -> None:
        task = asyncio.get_running_loop().create_task(self._call(call))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _call(self, call: Call) -> None:
        assert isinstance(self.provider, Gateway)
        assert isinstance(self.provider, Hooked)
        for _attempt in range(3):
            try:
                reports = self.provider.read_call(call)
                if reports:
                    assert self.provider._on_reports is not None
                    await self.provider._on_reports(reports)
                return
            except RuntimeError:
                await asyncio.sleep(0.02)


class _Asked:
    """An httpx request as openapi-core looks at one."""

    def __init__(self, request: httpx.Request) -> None:
        self._request = request
        self.parameters = RequestParameters(
            query=dict(request.url.params), header={name.title(): value for name, value in request.headers.items()}
        )
        self.host_url = f"{request.url.scheme}://{request.url.host}"
        self.path = request.url.path
        self.method = request.method.lower()
        self.content_type = request.headers.get("content-type", "")
        self.body = request.content or None


class TwilioServer:
    """Twilio, as far as its OpenAPI document describes it. `say` decides the answer to each message's form."""

    def __init__(self, token: str) -> None:
        self.api = OpenAPI.from_file_path(str(Path(__file__).parent / "twilio_openapi.json"))
        self.signs = RequestValidator(token)
        self.forms: list[dict[str, str]] = []
        self.say: Callable[[dict[str, str]], httpx.Response | Exception | None] = lambda _form: None
        self.edge: Edge | None = None
        self.status = {"MessageStatus": "delivered"}

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.api.validate_request(_Asked(request))  # type: ignore[arg-type]
        assert request.headers["authorization"] == httpx.BasicAuth(ACCOUNT, "secret")._auth_header
        if request.method == "GET":
            return httpx.Response(200, json={"sid": ACCOUNT, "status": "active"})
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        self.forms.append(form)
        said = self.say(form)
        if isinstance(said, Exception):
            raise said
        if said is not None:
            return said
        sid = f"SM{len(self.forms):032x}"
        if self.edge is not None and "StatusCallback" in form:
            self.edge.call(self.signed(form["StatusCallback"], {"MessageSid": sid, "To": form["To"], **self.status}))
        return httpx.Response(201, json={"sid": sid, "status": "queued", "error_code": None})

    def signed(self, url: str, fields: dict[str, str]) -> Call:
        """A call signed by Twilio's own library."""
        body = str(httpx.QueryParams(fields)).encode()
        return Call(url=url, headers={"x-twilio-signature": self.signs.compute_signature(url, fields)}, body=body)

    async def phone(self, from_: str, sender: str, text: str) -> None:
        assert self.edge is not None
        fields = {"MessageSid": "SMin", "SmsStatus": "received", "From": from_, "To": sender, "Body": text}
        self.edge.call(self.signed(HOOK, fields))


class AdapterServer:
    """The other side of `docs/reference/webhook-provider.md`."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.taken: dict[int, str] = {}
        self.edge: Edge | None = None
        self.say: Callable[[dict[str, Any]], httpx.Response | Exception | None] = lambda _body: None

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        moment = request.headers[SIGNATURE].partition(",")[0].removeprefix("t=")
        assert request.headers[SIGNATURE] == sign(self.secret, request.content, float(moment))
        body = json.loads(request.content)
        said = self.say(body)
        if isinstance(said, Exception):
            raise said
        if said is not None:
            return said
        if urlsplit(str(request.url)).path == "/what":
            known = [r for r in body["references"] if r in self.taken]
            return _results([{"reference": r, "status": "accepted", "id": self.taken[r]} for r in known])
        results = []
        for message in body["messages"]:
            self.taken[message["reference"]] = f"id-{message['reference']}-{len(self.taken)}"
            results.append(
                {"reference": message["reference"], "status": "accepted", "id": self.taken[message["reference"]]}
            )
        if self.edge is not None and results:
            receipts = [{"id": r["id"], "reference": r["reference"], "status": "delivered"} for r in results]
            self.edge.call(self.signed({"receipts": receipts}))
        return _results(results)

    def signed(self, said: dict[str, Any], *, at: float | None = None) -> Call:
        body = json.dumps(said).encode()
        return Call(url=HOOK, headers={SIGNATURE.lower(): sign(self.secret, body, at or time.time())}, body=body)

    async def phone(self, from_: str, sender: str, text: str) -> None:
        assert self.edge is not None
        self.edge.call(self.signed({"inbound": [{"id": "in-1", "from": from_, "to": sender, "text": text}]}))


def _results(results: list[dict[str, Any]]) -> httpx.Response:
    return httpx.Response(200, json={"results": results})


Phone = Callable[[str, str, str], Awaitable[None]]


class SolapiServer:
    """Solapi, answering as its documents and its SDK's types say."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.uploads: list[dict[str, Any]] = []
        self.say: Callable[[dict[str, Any]], httpx.Response | Exception | None] = lambda _body: None
        self.edge: Edge | None = None

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        said = dict(
            part.split("=", 1) for part in request.headers["authorization"].removeprefix("HMAC-SHA256 ").split(", ")
        )
        signed = hmac.new(b"secret", (said["date"] + said["salt"]).encode(), hashlib.sha256).hexdigest()
        assert (said["apiKey"], said["signature"]) == ("KEY", signed)
        if request.method == "GET":
            assert request.url.path == "/cash/v1/balance"
            return httpx.Response(200, json={"balance": 1000, "point": 0})
        body = json.loads(request.content)
        answer = self.say(body)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        if request.url.path == "/storage/v1/files":
            self.uploads.append(body)
            stored = {"fileId": f"ST01FZ{len(self.uploads):026d}", "type": body["type"], "accountId": "1", "url": None}
            return httpx.Response(200, json={**stored, "originalName": body["name"], "kakao": {}})
        assert request.url.path == "/messages/v4/send-many/detail"
        assert body["allowDuplicates"] is True
        taken = []
        for message in body["messages"]:
            assert message["type"] in {"SMS", "LMS", "MMS"}
            assert (message["type"] == "MMS") == ("imageId" in message)
            assert all(len(name) <= 30 and len(value) <= 100 for name, value in message["customFields"].items())
            self.messages.append(message)
            taken.append(
                {
                    "messageId": f"M4V{len(self.messages):08d}",
                    "statusCode": "2000",
                    "statusMessage": "정상 접수(이통사로 접수 예정) ",
                    "customFields": message["customFields"],
                }
            )
        if self.edge is not None and taken:
            self.edge.call(self.report([{**entry, "statusCode": "4000"} for entry in taken]))
        return httpx.Response(200, json={"groupInfo": {}, "failedMessageList": [], "messageList": taken})

    @staticmethod
    def report(entries: list[dict[str, Any]], *, secret: str = "hook") -> Call:
        headers = {"x-solapi-secret": hashlib.sha1(secret.encode()).hexdigest()}
        return Call(url=HOOK, headers=headers, body=json.dumps(entries).encode())


class NhnServer:
    """NHN Cloud SMS v3.0, answering as its documents say."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.uploads: list[dict[str, Any]] = []
        self.results: list[dict[str, Any]] = []
        self.listed: dict[str, dict[str, Any]] = {}
        self.say: Callable[[dict[str, Any]], httpx.Response | Exception | None] = lambda _body: None
        self.edge: Edge | None = None

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["x-secret-key"] == "secret"
        prefix = "/sms/v3.0/appKeys/APP/"
        assert request.url.path.startswith(prefix)
        path = request.url.path.removeprefix(prefix)
        good = {"isSuccessful": True, "resultCode": 0, "resultMessage": "SUCCESS"}
        if path == "message-results":
            for name in ("startUpdateDate", "endUpdateDate"):
                datetime.strptime(request.url.params[name], "%Y-%m-%d %H:%M:%S")
            data, self.results = self.results, []
            return httpx.Response(200, json={"header": good, "body": {"totalCount": len(data), "data": data}})
        if request.method == "GET":
            entry = self.listed.get(request.url.params["recipientGroupingKey"])
            rows = [entry] if entry and path == "sender/sms" else []
            return httpx.Response(200, json={"header": good, "body": {"data": rows}})
        body = json.loads(request.content)
        answer = self.say(body)
        if isinstance(answer, Exception):
            raise answer
        if answer is not None:
            return answer
        if path == "attachfile/binaryUpload":
            assert body["fileName"].endswith((".jpg", ".jpeg"))
            assert len(body["fileName"]) <= 45
            self.uploads.append(body)
            stored = {"fileId": len(self.uploads), "fileName": body["fileName"], "filePath": "toast-mt/2026-11-24/"}
            return httpx.Response(200, json={"header": good, "body": {"data": stored}})
        assert path in {"sender/sms", "sender/mms", "sender/ad-sms", "sender/ad-mms"}
        assert ("title" in body) == path.endswith("mms")
        assert 1 <= len(body["recipientList"]) <= 1000
        self.requests.append((path, body))
        request_id = f"2026{len(self.requests):08d}"
        sent = [
            {"resultCode": 0, "recipientSeq": n, "recipientGroupingKey": person["recipientGroupingKey"]}
            for n, person in enumerate(body["recipientList"], 1)
        ]
        if self.edge is not None:
            self.edge.call(self.report([{**e, "requestId": request_id, "resultCode": "1000"} for e in sent]))
        return httpx.Response(
            200, json={"header": good, "body": {"data": {"requestId": request_id, "sendResultList": sent}}}
        )

    @staticmethod
    def report(hooks: list[dict[str, Any]], *, event: str = "MESSAGE_RESULT_UPDATE", signature: str = "hook") -> Call:
        body = json.dumps({"hooksId": "1", "productName": "SMS", "event": event, "hooks": hooks}).encode()
        return Call(url=HOOK, headers={"x-toast-webhook-signature": signature}, body=body)
