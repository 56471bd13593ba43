"""What the engine does for sign-ups every few seconds."""

from __future__ import annotations

from pabal.campaigns.signup.confirming import send_waiting
from pabal.campaigns.signup.deciding import expire


def tick() -> None:
    """End what was not confirmed in time; send the confirmations that could not be sent at once."""
    expire()
    send_waiting()
