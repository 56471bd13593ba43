"""The SMPP provider against an SMSC that we did not write."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pabal.errors import NotAllowed
from pabal.errors import Unavailable as CannotOpen
from pabal.providers.base import Accepted, Outcome, Rejected, Report, Throttled, Unavailable
from pabal.providers.reasons import Reason
from tests.providers.conftest import KOREAN, Ears, kinds, outgoing, smpp, until
from tests.smsc.control import Smsc

pytestmark = pytest.mark.anyio

MakeSmsc = Callable[..., Smsc]


async def test_a_message_is_accepted_under_the_id_that_its_receipt_names(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc()
    provider = smpp(smsc)
    await provider.open(ears)
    [outcome] = await provider.send([outgoing(7, "hello")])
    await until(lambda: ears.receipts)
    await provider.close()
    [taken] = smsc.taken()
    [receipt] = ears.receipts
    assert (taken.to, taken.sender, taken.body, taken.data_coding) == ("821000000007", "0212345678", b"hello", 0)
    assert outcome == Accepted(taken.id)
    assert (receipt.provider_id, receipt.reference, receipt.outcome, receipt.code) == (
        taken.id,
        7,
        "delivered",
        "DELIVRD 000",
    )


@pytest.mark.parametrize(
    ("text", "encoding", "long_texts", "coding", "sizes"),
    [
        pytest.param("[~] {€} ^\\|", "gsm7", "udh8", 0, [20], id="extension table"),
        pytest.param("a" * 160, "gsm7", "udh8", 0, [160], id="160 septets fit one part"),
        pytest.param("a" * 161, "gsm7", "udh8", 0, [159, 14], id="161 septets take two"),
        pytest.param("a" * 152 + "€" * 80, "gsm7", "udh8", 0, [158, 158, 14], id="an escape stays with its character"),
        pytest.param("a" * 306, "gsm7", "udh16", 0, [159, 159, 9], id="a reference of 16 bits takes a septet"),
        pytest.param("가나다 😀", "ucs2", "udh8", 8, [12], id="emoji"),
        pytest.param("가" * 66 + "😀" * 10, "ucs2", "udh8", 8, [138, 46], id="a surrogate pair stays together"),
        pytest.param("가" * 66 + "😀" * 10, "ucs2", "udh16", 8, [139, 47], id="UCS-2 with 16 bits"),
        pytest.param("a" + "가" * 70, "euckr", "udh8", 14, [139, 14], id="an EUC-KR syllable stays whole"),
        pytest.param("가" * 100, "ucs2", "sar", 8, [134, 66], id="SAR"),
        pytest.param(KOREAN * 12, "ucs2", "payload", 8, [0], id="message_payload"),
    ],
)
async def test_a_text_arrives_byte_by_byte_as_it_was_written(
    make_smsc: MakeSmsc, ears: Ears, text: str, encoding: str, long_texts: str, coding: int, sizes: list[int]
) -> None:
    smsc = make_smsc(receipts="none")
    provider = smpp(smsc, long_texts=long_texts, euckr=True)
    await provider.open(ears)
    [outcome] = await provider.send([outgoing(1, text, encoding=encoding)])
    await provider.close()
    parts = sorted(smsc.taken(), key=lambda part: part.number)
    assert [len(part.body) for part in parts] == sizes
    assert {part.data_coding for part in parts} == {coding}
    assert outcome == Accepted(parts[-1].id)
    assert _read(parts, coding) == text


def _read(parts: Sequence[Any], coding: int) -> str:
    """Put a text together as a phone does, in code that shares nothing with ours."""
    pieces: dict[int, bytes] = {}
    references = set()
    for part in parts:
        if part.esm_class & 0x40:
            header, body = part.body[: part.body[0] + 1], part.body[part.body[0] + 1 :]
            assert header[1:3] in (b"\x00\x03", b"\x08\x04")
            total, number = header[-2:]
            references.add(header[3:-2])
        elif 0x020C in part.options:
            references.add(part.options[0x020C])
            total, number, body = part.options[0x020E][0], part.options[0x020F][0], part.body
        else:
            total, number, body = 1, 1, part.options.get(0x0424, part.body)
        assert total == len(parts)
        pieces[number] = body
    assert len(references) <= 1
    if coding == 8:
        for piece in pieces.values():
            piece.decode("utf-16-be")  # each part must read alone
    data = b"".join(pieces[number] for number in range(1, len(pieces) + 1))
    if coding == 0:
        extension = dict(zip(b"\x14\x28\x29\x2f\x3c\x3d\x3e\x40\x65", "^{}\\[~]|€", strict=True))
        halves = data.split(b"\x1b")
        return halves[0].decode("ascii") + "".join(extension[half[0]] + half[1:].decode("ascii") for half in halves[1:])
    return data.decode({8: "utf-16-be", 14: "euc-kr"}[coding])


async def test_a_long_text_has_one_receipt_and_asks_of_earlier_parts_only_whether_they_failed(
    make_smsc: MakeSmsc, ears: Ears
) -> None:
    smsc = make_smsc()
    provider = smpp(smsc)
    await provider.open(ears)
    [outcome] = await provider.send([outgoing(3, "a" * 400)])
    await until(lambda: ears.receipts)
    await asyncio.sleep(0.2)
    await provider.close()
    assert [part.registered for part in sorted(smsc.taken(), key=lambda part: part.number)] == [2, 2, 1]
    assert isinstance(outcome, Accepted)
    assert [(r.provider_id, r.outcome) for r in ears.receipts] == [(outcome.provider_id, "delivered")]


async def test_a_long_text_has_failed_when_an_earlier_part_failed(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(receipt_mix="UNDELIV 001=1", receipt_ms=0)
    provider = smpp(smsc, receipt_errors="gsm")
    await provider.open(ears)
    [outcome] = await provider.send([outgoing(3, "a" * 200)])
    await until(lambda: len(ears.receipts) == 2)
    await provider.close()
    assert isinstance(outcome, Accepted)
    assert {receipt.reference for receipt in ears.receipts} == {3}
    assert {receipt.reason for receipt in ears.receipts} == {Reason.INVALID_NUMBER}


async def test_expiry_is_told_to_the_carrier_and_what_has_expired_is_not_sent(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc()
    provider = smpp(smsc)
    await provider.open(ears)
    now = datetime.now(UTC)
    outcomes = await provider.send(
        [outgoing(1, expires_at=now - timedelta(seconds=1)), outgoing(2, expires_at=now + timedelta(hours=1))]
    )
    await provider.close()
    assert outcomes[0] == Rejected(Reason.EXPIRED, "expired_before_sending")
    assert [taken.to for taken in smsc.taken()] == ["821000000002"]


@pytest.mark.parametrize("receipts", ["text", "tlv", "both"])
@pytest.mark.parametrize("ids", ["same", "hex_then_decimal", "decimal_then_hex"])
async def test_receipts_match_in_every_form(make_smsc: MakeSmsc, ears: Ears, receipts: str, ids: str) -> None:
    smsc = make_smsc(receipts=receipts, ids=ids, receipt_ms=20)
    provider = smpp(smsc, message_ids=ids)
    await provider.open(ears)
    outcomes = await provider.send([outgoing(n) for n in range(20)])
    await until(lambda: len(ears.receipts) == 20)
    await provider.close()
    assert {outcome.provider_id: n for n, outcome in enumerate(outcomes) if isinstance(outcome, Accepted)} == {
        receipt.provider_id: receipt.reference for receipt in ears.receipts
    }


@pytest.mark.parametrize(
    ("mix", "outcome", "reason", "code"),
    [
        ("DELIVRD 000=1", "delivered", None, "DELIVRD 000"),
        ("UNDELIV 001=1", "failed", Reason.INVALID_NUMBER, "UNDELIV 001"),
        ("UNDELIV 027=1", "failed", Reason.UNREACHABLE, "UNDELIV 027"),
        ("UNDELIV 9F3=1", "failed", Reason.UNKNOWN, "UNDELIV 9F3"),
        ("REJECTD 013=1", "failed", Reason.BLOCKED, "REJECTD 013"),
        ("EXPIRED 000=1", "expired", Reason.EXPIRED, "EXPIRED 000"),
        ("NEVERHEARD 000=1", "unknown", Reason.UNKNOWN, "NEVERHEARD 000"),
    ],
)
async def test_a_receipt_means(
    make_smsc: MakeSmsc, ears: Ears, mix: str, outcome: str, reason: Reason | None, code: str
) -> None:
    provider = smpp(make_smsc(receipt_mix=mix), receipt_errors="gsm")
    await provider.open(ears)
    await provider.send([outgoing()])
    await until(lambda: ears.receipts)
    await provider.close()
    [receipt] = ears.receipts
    assert (receipt.outcome, receipt.reason, receipt.code) == (outcome, reason, code)


async def test_a_message_on_its_way_makes_no_report(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc(receipt_mix="ENROUTE 000=1", receipt_ms=0)
    provider = smpp(smsc)
    await provider.open(ears)
    await provider.send([outgoing()])
    await until(lambda: smsc.tell()["delivered"])
    await provider.close()
    assert ears.reports == []


async def test_a_receipt_is_acknowledged_only_after_it_was_taken(make_smsc: MakeSmsc) -> None:
    smsc = make_smsc(receipt_ms=0)
    gate = asyncio.Event()
    heard: list[Report] = []

    async def slow(reports: Sequence[Report]) -> None:
        await gate.wait()
        heard.extend(reports)
        if len(heard) == 1:
            raise RuntimeError("the database is away")

    provider = smpp(smsc)
    await provider.open(slow)
    await provider.send([outgoing()])
    await asyncio.sleep(0.3)
    assert smsc.tell()["delivered"] == 0
    gate.set()
    await until(lambda: len(heard) == 2)  # not taken the first time, so the carrier sends it again
    await until(lambda: smsc.tell()["delivered"] == 1)
    await provider.close()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0x0B, Rejected(Reason.INVALID_NUMBER, "0x0000000B")),
        (0x0A, Rejected(Reason.UNREGISTERED_SENDER, "0x0000000A")),
        (0x45, Rejected(Reason.UNKNOWN, "0x00000045")),
        (0x08, Unavailable(0.2, "0x00000008")),
        (0x58, Throttled(0.2, "0x00000058")),
        (0x14, Throttled(0.2, "0x00000014")),
    ],
)
async def test_a_refusal_means(make_smsc: MakeSmsc, ears: Ears, status: int, expected: Outcome) -> None:
    provider = smpp(make_smsc())
    await provider.open(ears)
    assert await provider.send([outgoing(to=f"+1000{status:03d}0000")]) == [expected]
    assert await provider.send([outgoing(to=f"+1000{status:03d}0000", text="a" * 500)]) in (
        [expected],
        [Throttled(pytest.approx(0.2, abs=0.2), "throttled")],
    )
    await provider.close()


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"password": "wrong"}, "wrong password"), ({"system_id": "nobody"}, "wrong system id")],
)
async def test_a_wrong_log_in_is_told_at_once(
    make_smsc: MakeSmsc, ears: Ears, settings: dict[str, str], said: str
) -> None:
    with pytest.raises(NotAllowed, match=said):
        await smpp(make_smsc(), **settings).open(ears)


async def test_an_smsc_that_is_not_there_is_told(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc()
    smsc.stop()
    with pytest.raises(CannotOpen, match="does not answer"):
        await smpp(smsc).open(ears)


async def test_separate_binds_send_and_receive(make_smsc: MakeSmsc, ears: Ears) -> None:
    smsc = make_smsc()
    provider = smpp(smsc, bind="separate")
    await provider.open(ears)
    await until(lambda: smsc.tell()["bound"] == 2)
    outcomes = await provider.send([outgoing(n) for n in range(10)])
    await until(lambda: len(ears.receipts) == 10)
    await provider.close()
    assert kinds(outcomes) == {"Accepted": 10}


@pytest.mark.parametrize("text", ["STOP", "수신거부"])
async def test_a_stop_word_comes_in(make_smsc: MakeSmsc, ears: Ears, text: str) -> None:
    smsc = make_smsc()
    provider = smpp(smsc)
    await provider.open(ears)
    smsc.tell(inbound={"from": "821000000001", "to": "0212345678", "text": text})
    await until(lambda: ears.inbound)
    await provider.close()
    [inbound] = ears.inbound
    assert (inbound.from_, inbound.text) == ("+821000000001", text)


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_long_text_comes_in_whole(make_smsc: MakeSmsc, ears: Ears, backwards: bool) -> None:
    smsc = make_smsc()
    provider = smpp(smsc)
    await provider.open(ears)
    smsc.tell(inbound={"from": "821000000001", "to": "1588", "text": KOREAN * 5, "parts": 3, "reversed": backwards})
    await until(lambda: ears.inbound)
    await until(lambda: smsc.tell()["delivered"] == 3)
    await provider.close()
    assert [inbound.text for inbound in ears.inbound] == [KOREAN * 5]


async def test_tls_is_spoken_and_the_certificate_checked(make_smsc: MakeSmsc, ears: Ears, tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    smsc = make_smsc(tls_certificate=certificate, tls_key=key)
    provider = smpp(smsc, tls=True, tls_ca=str(certificate))
    await provider.open(ears)
    assert kinds(await provider.send([outgoing(n) for n in range(10)])) == {"Accepted": 10}
    await until(lambda: len(ears.receipts) == 10)
    await provider.close()
    with pytest.raises(CannotOpen, match="certificate verify failed") as caught:
        await smpp(smsc, tls=True).open(ears)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smsc.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "smsc.pem", folder / "smsc.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths
