"""Receipts of an SMSC: optional parameters where it sends them, else the text of Appendix B.

id:IIIIIIIIII sub:SSS dlvrd:DDD submit date:YYMMDDhhmm done date:YYMMDDhhmm stat:DDDDDDD err:E Text: …
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from pabal.providers.reasons import Reason
from pabal.providers.smpp.pdu import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID, Delivery
from pabal.providers.smpp.settings import SmppSettings
from pabal.providers.smpp.status import MAP_ERRORS, STATE_NAMES, STATES, Ending

_FIELD: Final = re.compile(r"\b(id|sub|dlvrd|submit date|done date|stat|err):\s*(\S*)", re.IGNORECASE)
_QUOTE: Final = re.compile(r"\btext:", re.IGNORECASE)  # what follows are our own words
_GSM_NETWORK: Final = 3  # 5.3.2.31 network_error_code, first octet


class Verdict(NamedTuple):
    """What one receipt says. `outcome` is None while the message is still on its way."""

    message_id: str
    outcome: Ending | None
    reason: Reason | None
    code: str
    raw: dict[str, Any]


def read_receipt(delivery: Delivery, settings: SmppSettings) -> Verdict | None:
    """Read a receipt; None if it names no message or no state, so that nothing can be made of it."""
    text = delivery.body.decode("latin-1")
    told = {name.lower(): value for name, value in _FIELD.findall(_QUOTE.split(text, 1)[0])}
    options = delivery.options
    receipted = options.get(RECEIPTED_MESSAGE_ID, b"").split(b"\0", 1)[0].decode("latin-1")
    state = options.get(MESSAGE_STATE, b"")
    stat = told.get("stat", "").upper() or (STATE_NAMES.get(state[0], "") if state else "")
    message_id = answer_id(receipted, settings) if receipted else receipt_id(told.get("id", ""), settings)
    if not message_id or not stat:
        return None
    network = options.get(NETWORK_ERROR_CODE, b"")
    error = told.get("err", "") or (str(int.from_bytes(network[1:])) if len(network) == 3 else "")
    raw: dict[str, Any] = {"text": text, "from": delivery.source, "to": delivery.destination}
    if network:
        raw["network_error_code"] = network.hex()
    ending = STATES.get(stat, ("unknown", Reason.UNKNOWN))
    code = f"{stat} {error}".strip()
    if ending is None or delivery.esm_class & 0x20:  # intermediate notification
        return Verdict(message_id, None, None, code, raw)
    outcome, reason = ending
    if outcome == "failed":
        reason = _reason(error, network, settings)
    return Verdict(message_id, outcome, reason, code, raw)


def answer_id(value: str, settings: SmppSettings) -> str:
    """A message id as submit_sm_resp writes it, in the form in which it is kept."""
    match settings.message_ids:
        case "hex_then_decimal":
            return _number(value, 16)
        case "decimal_then_hex":
            return _number(value, 10)
        case _:
            return value


def receipt_id(value: str, settings: SmppSettings) -> str:
    """A message id as the text of a receipt writes it, in the form in which it is kept."""
    match settings.message_ids:
        case "hex_then_decimal":
            return _number(value, 10)
        case "decimal_then_hex":
            return _number(value, 16)
        case _:
            return value


def _number(value: str, base: int) -> str:
    """Both forms are kept as decimal digits without leading zeros; what is no number stays as it is."""
    try:
        return str(int(value, base))
    except ValueError:
        return value


def _reason(error: str, network: bytes, settings: SmppSettings) -> Reason:
    if len(network) == 3 and network[0] == _GSM_NETWORK:
        return MAP_ERRORS.get(int.from_bytes(network[1:]), Reason.UNKNOWN)
    if settings.receipt_errors == "gsm" and error.isdigit():
        return MAP_ERRORS.get(int(error), Reason.UNKNOWN)
    return Reason.UNKNOWN
