"""The settings of one SMPP account."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from pabal.providers.settings import setting

OURS = frozenset({0x020C, 0x020E, 0x020F, 0x0424})
"""TLVs of long texts (5.3.2.22 to 5.3.2.24 and 5.3.2.32), which `long_texts` decides about."""

Concatenation = Literal["udh8", "udh16", "sar", "payload"]


class SmppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the carrier's connection sheet says. Times are seconds."""

    host: Annotated[str, setting("Host", "호스트")]
    port: Annotated[int, setting("Port", "포트", at_least=1, at_most=65_535)] = 2775
    system_id: Annotated[str, setting("System ID", "시스템 ID")]
    password: Annotated[str, setting("Password", "비밀번호", secret=True)]
    system_type: Annotated[
        str, setting("System type", "시스템 유형", help_en="Usually empty", help_ko="보통 비워 둡니다")
    ] = ""
    tls: Annotated[bool, setting("TLS", "TLS 사용")] = False
    tls_ca: Annotated[
        str,
        setting(
            "TLS certificate authority",
            "TLS 인증 기관",
            help_en="Path of a PEM file; empty for the system's authorities",
            help_ko="PEM 파일 경로. 비우면 시스템의 인증 기관을 사용합니다",
        ),
    ] = ""
    bind: Annotated[
        Literal["transceiver", "separate"],
        setting(
            "Bind",
            "바인드 방식",
            help_en="One connection for both directions, or a transmitter and a receiver",
            help_ko="양방향 연결 하나, 또는 송신·수신 연결을 따로",
            choices={"transceiver": ("Transceiver", "송수신 통합"), "separate": ("Separate", "송신·수신 분리")},
        ),
    ] = "transceiver"
    address_range: Annotated[
        str, setting("Address range", "주소 범위", help_en="Usually empty", help_ko="보통 비워 둡니다")
    ] = ""
    service_type: Annotated[
        str, setting("Service type", "서비스 유형", help_en="Usually empty", help_ko="보통 비워 둡니다")
    ] = ""
    window: Annotated[
        int,
        setting(
            "Window",
            "윈도 크기",
            help_en="Parts sent and not yet answered for",
            help_ko="응답을 기다릴 수 있는 최대 파트 수",
            at_least=1,
            at_most=1000,
        ),
    ] = 50
    long_texts: Annotated[
        Concatenation,
        setting(
            "Long texts",
            "긴 메시지",
            help_en="Header with a reference of 8 or 16 bits (one character less a part), SAR parameters, or message_payload",
            help_ko="8비트 또는 16비트 참조 헤더(파트당 한 글자 적음), SAR 매개변수, message_payload",
            choices={
                "udh8": ("Header, 8 bits", "헤더, 8비트"),
                "udh16": ("Header, 16 bits", "헤더, 16비트"),
                "sar": ("SAR parameters", "SAR 매개변수"),
                "payload": ("message_payload", "message_payload"),
            },
        ),
    ] = "udh8"
    source_type: Annotated[
        Literal["auto", "international", "national", "network", "alphanumeric", "unknown"],
        setting(
            "Type of the sender's number",
            "발신번호 유형",
            choices={
                "auto": ("By its form", "형식에 따라"),
                "international": ("International", "국제"),
                "national": ("National", "국내"),
                "network": ("Network specific (short code)", "망 고유 (단축번호)"),
                "alphanumeric": ("Brand name", "문자 발신명"),
                "unknown": ("Unknown", "알 수 없음"),
            },
        ),
    ] = "auto"
    euckr: Annotated[bool, setting("Takes EUC-KR", "EUC-KR 지원", help_en="Korean carriers", help_ko="국내 통신사")] = (
        False
    )
    euckr_coding: Annotated[int, setting("data_coding of EUC-KR", "EUC-KR data_coding", at_least=1, at_most=255)] = 14
    receipts: Annotated[bool, setting("Ask for receipts", "결과 수신 요청")] = True
    message_ids: Annotated[
        Literal["same", "hex_then_decimal", "decimal_then_hex"],
        setting(
            "Message ids",
            "메시지 ID 형식",
            help_en="Same in answers and receipts, or hexadecimal in one and decimal in the other",
            help_ko="응답과 결과에서 같음, 또는 한쪽은 16진수 다른 쪽은 10진수",
            choices={
                "same": ("The same", "동일"),
                "hex_then_decimal": ("Hexadecimal, then decimal", "응답 16진수, 결과 10진수"),
                "decimal_then_hex": ("Decimal, then hexadecimal", "응답 10진수, 결과 16진수"),
            },
        ),
    ] = "same"
    receipt_errors: Annotated[
        Literal["unknown", "gsm"],
        setting(
            "Error codes in receipts",
            "결과의 오류 코드",
            help_en="GSM: the numbers of 3GPP TS 29.002",
            help_ko="GSM: 3GPP TS 29.002의 번호",
            choices={"unknown": ("Unknown", "알 수 없음"), "gsm": ("GSM", "GSM")},
        ),
    ] = "unknown"
    validity: Annotated[
        Literal["absolute", "relative", "none"],
        setting(
            "Validity period",
            "유효 시간 형식",
            help_en="How the carrier is told when a message expires",
            help_ko="만료 시각을 통신사에 알리는 형식",
            choices={
                "absolute": ("Absolute time", "절대 시각"),
                "relative": ("Time left", "남은 시간"),
                "none": ("Not told", "알리지 않음"),
            },
        ),
    ] = "absolute"
    tlvs: Annotated[
        str,
        setting(
            "Further TLVs",
            "추가 TLV",
            help_en="Sent with each message: 0x1400=text, 0x1402=0x0A1B for octets, separated by commas",
            help_ko="모든 메시지에 붙입니다: 0x1400=문자열, 0x1402=0x0A1B(바이트), 쉼표로 구분",
        ),
    ] = ""
    answer_s: Annotated[float, setting("Wait for an answer (s)", "응답 대기 (초)", at_least=0.1, at_most=600)] = 30
    connect_s: Annotated[float, setting("Wait for a connection (s)", "연결 대기 (초)", at_least=0.1, at_most=600)] = 10
    enquire_s: Annotated[
        float, setting("Check an idle link every (s)", "유휴 연결 확인 주기 (초)", at_least=0.1, at_most=3600)
    ] = 30
    reconnect_s: Annotated[
        float, setting("Longest pause before connecting again (s)", "재연결 최대 간격 (초)", at_least=0.1, at_most=3600)
    ] = 60
    throttle_s: Annotated[
        float, setting("Pause after throttling (s)", "속도 제한 시 대기 (초)", at_least=0.01, at_most=600)
    ] = 1

    def __post_init__(self) -> None:
        self.options()

    def options(self) -> list[tuple[int, bytes]]:
        """The tag and value of each further TLV. Raises ValueError for one that cannot be read, or that we set ourselves."""
        found: list[tuple[int, bytes]] = []
        for entry in filter(None, (part.strip() for part in self.tlvs.split(","))):
            tag_text, equals, value = entry.partition("=")
            try:
                tag = int(tag_text, 0)
                octets = bytes.fromhex(value[2:]) if value.startswith("0x") else value.encode("ascii") + b"\0"
            except ValueError:
                raise ValueError(f"“{entry}” is no TLV: write 0x1400=text or 0x1400=0x0A1B") from None
            if not equals or not 0 < tag < 0x10000 or tag in OURS:
                raise ValueError(f"“{entry}” is no TLV that can be set")
            found.append((tag, octets))
        return found
