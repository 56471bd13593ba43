"""NHN Cloud's codes (TOAST-DOCS/SMS, error-code): of answers, and of results."""

from __future__ import annotations

from typing import Final

from pabal.providers.reasons import Reason

#: The app key cannot send now, whatever the message: kept, not failed.
ACCOUNT: Final = frozenset({"-1000", "-1001", "-1002", "-1003", "-1004", "-1007", "-1008"})
#: NHN could not queue it: not sent.
AGAIN: Final = frozenset({"-2021"})
#: An unexpected error of NHN: nobody knows how far the request got.
PERHAPS: Final = frozenset({"-9999"})

#: Refusals in the answer.
REFUSALS: Final[dict[str, Reason]] = {
    "-2014": Reason.UNKNOWN,  # no title or body
    "-2015": Reason.TOO_LONG,
    "-2018": Reason.INVALID_NUMBER,
    "-2019": Reason.INVALID_NUMBER,
    "-2023": Reason.CARRIER_VIOLATION,  # emoji and the like
    "-2024": Reason.INCAPABLE,  # LMS abroad
    "-2312": Reason.UNREGISTERED_SENDER,
    "-2313": Reason.UNREGISTERED_SENDER,
    "-6001": Reason.BLOCKED,  # refused by the 080 number
    "-6003": Reason.CARRIER_VIOLATION,  # an advertisement without a way out
    "-6004": Reason.CARRIER_VIOLATION,
}

#: Results of the carriers. 1000 is delivered.
RESULTS: Final[dict[str, Reason]] = {
    "1001": Reason.UNREACHABLE,
    "1002": Reason.INVALID_NUMBER,
    "1003": Reason.UNREGISTERED_SENDER,
    "1019": Reason.EXPIRED,
    "2000": Reason.EXPIRED,
    "2001": Reason.UNREACHABLE,
    "2002": Reason.UNREACHABLE,
    "2003": Reason.UNREACHABLE,
    "2004": Reason.UNREACHABLE,
    "2005": Reason.UNREACHABLE,
    "2007": Reason.UNREACHABLE,
    "3000": Reason.UNREACHABLE,
    "3001": Reason.INVALID_NUMBER,
    "3002": Reason.CARRIER_VIOLATION,
    "3003": Reason.INVALID_NUMBER,
    "3004": Reason.UNREACHABLE,
    "3005": Reason.UNREACHABLE,
    "3006": Reason.BLOCKED,
    "3007": Reason.INCAPABLE,
    "3008": Reason.UNREACHABLE,
    "3010": Reason.INCAPABLE,
    "3012": Reason.SPAM,
    "3013": Reason.BLOCKED,
    "3015": Reason.UNREACHABLE,
    "3016": Reason.TOO_LONG,
    "3017": Reason.UNREGISTERED_SENDER,
    "3018": Reason.UNREGISTERED_SENDER,
    "3019": Reason.UNREGISTERED_SENDER,
    "E915": Reason.DUPLICATE,
    "E919": Reason.EXPIRED,
}
