"""Our PDUs against two codecs that we did not write: smpplib and smpp34."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import smpp34
import smpplib.smpp
from hypothesis import given
from hypothesis import strategies as st

from pabal.providers.base import Outgoing
from pabal.providers.smpp import SmppSettings, pdu
from pabal.providers.smpp.submission import Submission

SETTINGS = {"host": "localhost", "system_id": "pabal", "password": "secret"}
CLIENT = SimpleNamespace(sequence=1, next_sequence=lambda: 1)
digits = st.text("0123456789", min_size=1, max_size=15)
octets = st.binary(max_size=254)


def _theirs(data: bytes) -> Any:
    return smpplib.smpp.parse_pdu(data, client=CLIENT, allow_unknown_opt_params=True)


@given(
    to=digits,
    sender=st.one_of(digits, st.text("ABCabc", min_size=1, max_size=11)),
    text=st.text("abc{}€한글😀", max_size=600),
    long_texts=st.sampled_from(["udh8", "udh16", "sar", "payload"]),
    validity=st.sampled_from(["absolute", "relative", "none"]),
    hours=st.integers(1, 2000),
)
def test_both_codecs_read_every_submit_sm_as_we_meant_it(
    to: str, sender: str, text: str, long_texts: Any, validity: Any, hours: int
) -> None:
    submission = Submission(SmppSettings(**SETTINGS, long_texts=long_texts, validity=validity))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    message = Outgoing(
        reference=1, to=f"+{to}", sender=sender, text=text, encoding="ucs2", expires_at=now + timedelta(hours=hours)
    )
    bodies = submission.bodies(message, now)
    assert isinstance(bodies, list)
    whole = b""
    for number, body in enumerate(bodies, 1):
        wire = pdu.build(pdu.SUBMIT_SM, 7, body)
        rust, python = smpp34.decode(wire), _theirs(wire)
        assert isinstance(rust, smpp34.SubmitSm)
        assert rust.destination_addr == python.destination_addr.decode() == to
        assert rust.source_addr == python.source_addr.decode() == sender
        assert rust.dest_addr_ton == python.dest_addr_ton == 1
        assert rust.source_addr_ton == python.source_addr_ton
        assert rust.data_coding == python.data_coding == 8
        assert rust.esm_class == python.esm_class
        assert rust.registered_delivery == python.registered_delivery == (1 if number == len(bodies) else 2)
        assert rust.validity_period == python.validity_period.decode()
        assert bytes(rust.short_message) == (python.short_message or b"")
        options = {tlv.tag: bytes(tlv.value) for tlv in rust.tlvs}
        if validity == "absolute":
            expiry = now + timedelta(hours=hours)
            assert rust.validity_period == f"{expiry:%y%m%d%H%M%S}000+"
        header = 1 + rust.short_message[0] if rust.esm_class & 0x40 else 0
        whole += options.get(pdu.MESSAGE_PAYLOAD, bytes(rust.short_message[header:]))
    assert whole.decode("utf-16-be") == text


@given(
    source=digits, destination=digits, body=octets, coding=st.integers(0, 255), receipted=st.text("0123abc", min_size=1)
)
def test_we_read_a_deliver_sm_of_smpp34_as_it_was_meant(
    source: str, destination: str, body: bytes, coding: int, receipted: str
) -> None:
    wire = smpp34.DeliverSm(
        source,
        destination,
        body,
        source_addr_ton=1,
        esm_class=4,
        data_coding=coding,
        validity_period="000000010000000R",
        tlvs=[smpp34.Tlv(pdu.RECEIPTED_MESSAGE_ID, receipted.encode()), smpp34.Tlv(0x1444, b"vendor")],
        sequence_number=9,
    ).encode()
    [read] = pdu.Reader().feed(wire)
    delivery = pdu.read_delivery(read)
    assert (read.command, read.sequence, read.status) == (pdu.DELIVER_SM, 9, 0)
    assert (delivery.source, delivery.destination, delivery.body) == (f"+{source}", destination, body)
    assert (delivery.esm_class, delivery.data_coding, delivery.is_receipt) == (4, coding, True)
    assert delivery.options == {pdu.RECEIPTED_MESSAGE_ID: receipted.encode(), 0x1444: b"vendor"}


@given(stream=st.lists(st.binary(max_size=60), max_size=8), cut=st.integers(1, 40))
def test_a_stream_is_cut_into_the_same_pdus_however_it_comes(stream: list[bytes], cut: int) -> None:
    data = b"".join(pdu.build(pdu.DELIVER_SM, number, body) for number, body in enumerate(stream))
    reader = pdu.Reader()
    read = [one for at in range(0, len(data), cut) for one in reader.feed(data[at : at + cut])]
    assert [one.body for one in read] == stream
    assert [one.sequence for one in read] == list(range(len(stream)))


@given(data=st.binary(max_size=300))
def test_bytes_that_are_not_smpp_are_refused_and_never_crash(data: bytes) -> None:
    try:
        for one in pdu.Reader().feed(data):
            pdu.read_delivery(one)
        pdu.read_delivery(pdu.Pdu(pdu.DELIVER_SM, 0, 1, data))
    except pdu.BrokenStream:
        pass


def test_a_bind_reads_as_it_was_meant() -> None:
    bound = _theirs(pdu.build(pdu.BIND_TRANSCEIVER, 1, pdu.bind_body("pabal", "secret", "VMA", "^1")))
    assert (bound.system_id, bound.password, bound.system_type) == (b"pabal", b"secret", b"VMA")
    assert (bound.interface_version, bound.address_range) == (0x34, b"^1")


def test_a_field_that_is_too_long_is_refused_not_cut() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        pdu.text_field("a" * 21, 21)


def test_further_tlvs_go_with_each_part() -> None:
    submission = Submission(SmppSettings(**SETTINGS, tlvs="0x1400=1101456780000012345, 0x1402=0x0A1B"))
    message = Outgoing(reference=1, to="+821000000001", sender="0212345678", text="a" * 200, parts=2)
    bodies = submission.bodies(message, datetime.now(UTC))
    assert isinstance(bodies, list)
    assert len(bodies) == 2
    for body in bodies:
        assert body.endswith(b"\x14\x00\x00\x141101456780000012345\0\x14\x02\x00\x02\x0a\x1b")


@pytest.mark.parametrize("tlvs", ["1400", "0x1400=0xZZ", "0x0424=text", "0=x", "0x10000=x"])
def test_a_tlv_that_cannot_be_is_refused(tlvs: str) -> None:
    with pytest.raises(ValueError, match="TLV"):
        SmppSettings(**SETTINGS, tlvs=tlvs)
