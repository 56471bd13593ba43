"""What the engine does for sign-ups now and then."""

from __future__ import annotations

from pabal.campaigns.signup.confirming import send_waiting
from pabal.campaigns.signup.deciding import expire, forget_unconfirmed


def send_and_expire() -> None:
    """Every few seconds: end what was not confirmed in time; send the confirmations that could not be sent at once."""
    expire()
    send_waiting()


def forget() -> None:
    """Every hour: let go of the numbers that nobody confirmed."""
    forget_unconfirmed()
