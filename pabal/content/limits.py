"""What one message may hold, by kind and encoding. Dated, with the source of each number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pabal.content.alphabets import Encoding, Scheme

Kind = Literal["sms", "lms", "mms"]


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one message may hold. `single` and `several` are units in a message of one part and in each of several."""

    single: int
    several: int
    parts: int
    characters: int | None
    source: str


_GSM_SOURCE = "3GPP TS 23.040 9.2.3.24.1 (units, 255 parts); Twilio Messages API: 1,600 characters (2026)"
_MMS_SOURCE = "Klaviyo help centre and Twilio Messages API: 1,600 characters beside a picture (2026)"
_KR_SOURCE = (
    "Korean carriers through Solapi, NHN Cloud and Aligo: SMS 90 bytes, LMS and MMS 2,000 bytes of EUC-KR (2026)"
)

LIMITS: dict[tuple[Kind, Encoding], Limit] = {
    ("sms", "gsm7"): Limit(single=160, several=153, parts=255, characters=1600, source=_GSM_SOURCE),
    ("sms", "ucs2"): Limit(single=70, several=67, parts=255, characters=1600, source=_GSM_SOURCE),
    ("sms", "euckr"): Limit(single=90, several=90, parts=1, characters=None, source=_KR_SOURCE),
    ("lms", "euckr"): Limit(single=2000, several=2000, parts=1, characters=None, source=_KR_SOURCE),
    ("mms", "gsm7"): Limit(single=3200, several=3200, parts=1, characters=1600, source=_MMS_SOURCE),
    ("mms", "ucs2"): Limit(single=32000, several=32000, parts=1, characters=1600, source=_MMS_SOURCE),
    ("mms", "euckr"): Limit(single=2000, several=2000, parts=1, characters=None, source=_KR_SOURCE),
}

SUBJECT_BYTES = 40
"""Bytes of EUC-KR in the title of an LMS or a Korean MMS (NHN Cloud 40, Aligo 44: the smaller; 2026)."""


def limit(kind: Kind, scheme: Scheme, encoding: Encoding | None = None) -> Limit:
    """The limits of a kind of message. `encoding` tells GSM-7 from UCS-2 and defaults to GSM-7.

    Raises KeyError for an LMS outside Korea: there is no such thing.
    """
    return LIMITS[kind, "euckr" if scheme == "kr" else encoding or "gsm7"]
