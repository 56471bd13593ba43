"""What may be done with a campaign in its state: pages offer these and no others. The states are `models.TRANSITIONS`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pabal.campaigns.models import TRANSITIONS, Campaign, CampaignState


class Verb(StrEnum):
    """`deactivate`: back to draft, to edit it, before its time (`actions.unschedule`)."""

    EDIT_MESSAGE = "edit_message"
    EDIT_SENDING = "edit_sending"
    LAUNCH = "launch"
    DISCARD = "discard"
    DEACTIVATE = "deactivate"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    TEST = "test"
    DUPLICATE = "duplicate"


_DRAFT: Final = frozenset({CampaignState.DRAFT})

#: Verb → the states in which it is possible.
POSSIBLE: Final[dict[Verb, frozenset[CampaignState]]] = {
    Verb.EDIT_MESSAGE: _DRAFT,
    Verb.EDIT_SENDING: _DRAFT,
    Verb.LAUNCH: _DRAFT,
    Verb.DISCARD: _DRAFT,
    Verb.DEACTIVATE: frozenset({CampaignState.SCHEDULED}),
    Verb.PAUSE: frozenset({CampaignState.PLANNING, CampaignState.SENDING}),
    Verb.RESUME: frozenset({CampaignState.PAUSED}),
    Verb.END: frozenset(state for state, after in TRANSITIONS.items() if CampaignState.ENDED in after) - _DRAFT,
    Verb.TEST: frozenset(CampaignState) - {CampaignState.ENDED, CampaignState.DONE},
    Verb.DUPLICATE: frozenset(CampaignState),
}


def possible(campaign: Campaign) -> tuple[Verb, ...]:
    """What may be done with the campaign now, in the order in which it is offered."""
    if campaign.standing:
        return ()
    return tuple(verb for verb, states in POSSIBLE.items() if campaign.state in states)
