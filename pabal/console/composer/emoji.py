"""Emoji that shops use, by hand: KakaoTalk shows each."""

from __future__ import annotations

from typing import Final

EMOJI: Final = tuple(
    "😀😊😍🥰😎🤗🙌👏👍🙏💪✨⭐🌟🔥💥🎉🎊🎁🎈💝💖❤🧡💛💚💙💜🤍🌸🌷🌹🌻🍀🍁🍂🌈☀🌙❄🎄☃🛍🛒💳💰🏷📦🚚✈📅⏰⏳📣📢🔔💡✅❌❗❓👉👇🔗📱☕🍰🍎🥗👗👟💄🧴🐶🐱🏠"
)
