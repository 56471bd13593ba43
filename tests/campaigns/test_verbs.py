"""Which verbs a campaign's state permits."""

from __future__ import annotations

from pabal.campaigns.models import TRANSITIONS, Campaign, CampaignState
from pabal.campaigns.verbs import POSSIBLE, Verb, possible

#: Where a verb leads.
LEADS = {
    Verb.LAUNCH: CampaignState.PLANNING,
    Verb.DEACTIVATE: CampaignState.DRAFT,
    Verb.PAUSE: CampaignState.PAUSED,
    Verb.RESUME: CampaignState.SENDING,
    Verb.END: CampaignState.ENDED,
}


def test_a_verb_is_offered_only_where_the_life_cycle_has_its_transition() -> None:
    for verb, after in LEADS.items():
        assert all(after in TRANSITIONS[state] for state in POSSIBLE[verb])


def test_a_campaign_that_is_over_can_only_be_duplicated() -> None:
    assert possible(Campaign(state=CampaignState.DONE)) == (Verb.DUPLICATE,)
    assert Verb.RESUME in possible(Campaign(state=CampaignState.PAUSED))
    assert possible(Campaign(state=CampaignState.SENDING, standing=True)) == ()
