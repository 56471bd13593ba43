"""What an SMSC's codes mean in our words. A code that is not here is a refusal for a reason unknown; it is kept raw.

Sources: SMPP 3.4 section 5.1.3 (command_status), 5.2.28 (message_state), Appendix B (stat of a receipt);
3GPP TS 29.002 section 17.6.6 and 17.7.7 (MAP errors, as SMSCs of GSM networks put them into `err` and
network_error_code).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from pabal.providers.reasons import Reason

THROTTLED: Final = frozenset({0x14, 0x58})
"""ESME_RMSGQFUL, ESME_RTHROTTLED: refused for speed alone."""

OUT_OF_ORDER: Final = frozenset({0x04, 0x08, 0x64})
"""ESME_RINVBNDSTS, ESME_RSYSERR, ESME_RX_T_APPN: not taken, and it may be taken later."""

REFUSED_BIND: Final[Mapping[int, str]] = {
    0x0D: "ESME_RBINDFAIL: bind failed",
    0x0E: "ESME_RINVPASWD: wrong password",
    0x0F: "ESME_RINVSYSID: wrong system id",
    0x53: "ESME_RINVSYSTYP: wrong system type",
}
"""Binds that trying again will not mend. ESME_RALYBND (0x05) is not among them: an old session may still end."""

REFUSALS: Final[Mapping[int, Reason]] = {
    0x01: Reason.TOO_LONG,  # ESME_RINVMSGLEN
    0x0A: Reason.UNREGISTERED_SENDER,  # ESME_RINVSRCADR
    0x0B: Reason.INVALID_NUMBER,  # ESME_RINVDSTADR
    0x48: Reason.UNREGISTERED_SENDER,  # ESME_RINVSRCTON
    0x49: Reason.UNREGISTERED_SENDER,  # ESME_RINVSRCNPI
    0x50: Reason.INVALID_NUMBER,  # ESME_RINVDSTTON
    0x51: Reason.INVALID_NUMBER,  # ESME_RINVDSTNPI
    0x62: Reason.EXPIRED,  # ESME_RINVEXPIRY
}

Ending = Literal["delivered", "failed", "expired", "unknown"]

STATES: Final[Mapping[str, tuple[Ending, Reason | None] | None]] = {
    "DELIVRD": ("delivered", None),
    "EXPIRED": ("expired", Reason.EXPIRED),
    "DELETED": ("failed", Reason.UNKNOWN),
    "UNDELIV": ("failed", Reason.UNKNOWN),
    "REJECTD": ("failed", Reason.UNKNOWN),
    "UNKNOWN": ("unknown", Reason.UNKNOWN),
    "ACCEPTD": None,
    "ENROUTE": None,
}
"""`stat` of a receipt (Appendix B); None is on the way still, so there is nothing to report yet."""

STATE_NAMES: Final[Mapping[int, str]] = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
"""message_state (5.2.28) in the words of Appendix B."""

MAP_ERRORS: Final[Mapping[int, Reason]] = {
    1: Reason.INVALID_NUMBER,  # unknownSubscriber
    5: Reason.INVALID_NUMBER,  # unidentifiedSubscriber
    6: Reason.UNREACHABLE,  # absentSubscriberSM
    9: Reason.BLOCKED,  # illegalSubscriber
    11: Reason.INCAPABLE,  # teleserviceNotProvisioned
    12: Reason.BLOCKED,  # illegalEquipment
    13: Reason.BLOCKED,  # callBarred
    21: Reason.INCAPABLE,  # facilityNotSupported
    27: Reason.UNREACHABLE,  # absentSubscriber
    31: Reason.UNREACHABLE,  # subscriberBusyForMT-SMS
    32: Reason.UNREACHABLE,  # sm-DeliveryFailure
    34: Reason.UNREACHABLE,  # systemFailure
}


def refusal(status: int) -> Reason:
    """Why a submit_sm was refused."""
    return REFUSALS.get(status, Reason.UNKNOWN)


def code(status: int) -> str:
    """A command_status as it is kept: eight hexadecimal digits, as the specification prints it."""
    return f"0x{status:08X}"
