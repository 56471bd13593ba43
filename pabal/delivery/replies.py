"""What a sender answers to STOP, START and HELP: its own words, ours, or nothing.

`Sender.replies` holds its own texts by meaning. What is not in it is answered with the default in the recipient's language
(`policy.optout`), and an empty text is no answer at all. In a text of its own `{sender}` and `{day}` stand for the sender's
name and the day (Korea wants who, what and when in a confirmation: 정보통신망법 시행령 §62조의2).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from pabal.content.compose import scheme_of
from pabal.content.encoding import Measure, measure
from pabal.delivery.models import Sender
from pabal.errors import InvalidInput
from pabal.policy.optout import Reply, confirmation

MEANINGS: Final[tuple[Reply, ...]] = ("stop", "start", "help")
LONGEST: Final = 500
#: Any day is ten characters long.
ANY_DAY: Final = date(2026, 12, 31)


def answer(sender: Sender, meaning: Reply, language: str, day: date) -> str:
    """What is answered to `meaning`; empty: nothing is."""
    own = sender.replies.get(meaning)
    if own is None:
        return confirmation(meaning, language, sender=sender.name, day=day)
    return fill(own, sender.name, day)


def fill(text: str, name: str, day: date) -> str:
    """A text of a sender's own, with its name and the day put in."""
    return text.replace("{sender}", name).replace("{day}", day.isoformat())


def size(text: str, name: str, country: str) -> Measure:
    """How long an answer is on the networks of a country."""
    return measure(fill(text, name, ANY_DAY), scheme_of(country))


def clean(replies: Mapping[str, str | None], *, name: str, country: str) -> dict[str, str]:
    """Answers as they are stored. Raises InvalidInput (`reply_too_long`, `reply_characters`) for what is not one SMS."""
    kept: dict[str, str] = {}
    for meaning in MEANINGS:
        text = replies.get(meaning)
        if text is None:
            continue
        text = text.replace("\r\n", "\n").replace("\0", "").strip()
        found = size(text[: LONGEST + 1], name, country)
        if found.scheme == "kr" and found.forcing:
            message = _("Korean networks cannot carry “%(character)s”.") % {"character": found.forcing[0].character}
            raise InvalidInput(message, code="reply_characters", field=f"reply_{meaning}")
        if len(text) > LONGEST or found.parts > 1 or found.kind != "sms":
            message = _("This answer does not fit into one SMS. Make it shorter.")
            raise InvalidInput(message, code="reply_too_long", field=f"reply_{meaning}")
        kept[meaning] = text
    return kept
