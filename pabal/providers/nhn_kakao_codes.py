"""NHN Cloud's codes of KakaoTalk Bizmessage: of answers, and of results.

Source: TOAST-DOCS/Alimtalk, `en/error-code.md` at 107bae4.
"""

from __future__ import annotations

from typing import Final

from pabal.providers.reasons import Reason

#: The app key or the channel cannot send now, whatever the message: kept, not failed.
ACCOUNT: Final = frozenset({"-1000", "-1001", "-1006", "-1014", "-1027", "-1030", "-2017"})
#: The same idempotency key within 10 minutes: an earlier request had these messages.
REPEATED: Final = "-1005"
#: An unexpected error: nobody knows how far the request got.
PERHAPS: Final = frozenset({"-9999", "500"})

#: Refusals in the answer.
REFUSALS: Final[dict[str, Reason]] = {
    "4": Reason.CARRIER_VIOLATION,
    "-2000": Reason.TOO_LONG,
    "-2018": Reason.CARRIER_VIOLATION,  # buttons
    "-2023": Reason.TOO_LONG,
    "-2024": Reason.TOO_LONG,
    "-2502": Reason.CARRIER_VIOLATION,  # fail-over is not set up
    "-8008": Reason.SPAM,  # banned words
    "-8011": Reason.CARRIER_VIOLATION,
}

DELIVERED: Final = frozenset({"1000", "MRC01"})
#: Handed to the phone's server, not confirmed: it may yet arrive within three days.
UNCONFIRMED: Final = frozenset({"3005", "4000", "4001"})

#: Results of KakaoTalk.
RESULTS: Final[dict[str, Reason]] = {
    "1003": Reason.UNREGISTERED_SENDER,
    "1006": Reason.UNREGISTERED_SENDER,
    "1007": Reason.UNREGISTERED_SENDER,
    "1020": Reason.INVALID_NUMBER,
    "1021": Reason.ACCOUNT_SUSPENDED,
    "1022": Reason.ACCOUNT_SUSPENDED,
    "1023": Reason.UNREGISTERED_SENDER,
    "1024": Reason.ACCOUNT_SUSPENDED,
    "1025": Reason.ACCOUNT_SUSPENDED,
    "1027": Reason.ACCOUNT_SUSPENDED,
    "1028": Reason.NOT_FRIEND,  # the target is not open to this channel
    "2003": Reason.NOT_FRIEND,
    "3006": Reason.UNREACHABLE,
    "3008": Reason.INVALID_NUMBER,
    "3012": Reason.UNREACHABLE,
    "3014": Reason.TOO_LONG,
    "3018": Reason.INACTIVE,
    "3019": Reason.NO_KAKAOTALK,
    "3020": Reason.BLOCKED,
    "3021": Reason.INCAPABLE,  # an old KakaoTalk
    "3022": Reason.OUTSIDE_HOURS,
    "3023": Reason.CARRIER_VIOLATION,
    "3024": Reason.CARRIER_VIOLATION,
    "3025": Reason.TOO_LONG,
    "3026": Reason.TOO_LONG,
    "3041": Reason.CARRIER_VIOLATION,
    "3046": Reason.TOO_LONG,
    "3047": Reason.TOO_LONG,
    "3050": Reason.INCAPABLE,
    "3051": Reason.CARRIER_VIOLATION,
    "3052": Reason.TOO_LONG,
    "3056": Reason.TOO_LONG,
    "3058": Reason.TOO_LONG,
    "4143": Reason.EXPIRED,
    "4144": Reason.TOO_LONG,
}
