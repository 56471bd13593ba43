"""A campaign for exactly those whom another missed."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from pabal.campaigns.again import again
from pabal.campaigns.models import Campaign, CampaignState
from pabal.delivery.models import EventKind
from pabal.errors import Conflict, InvalidInput
from tests.delivery.sending import plan, query, shop

pytestmark = pytest.mark.django_db(transaction=True)

#: What happened to each of the messages, in order.
FATES = {
    0: [EventKind.ACCEPTED, EventKind.DELIVERED],
    1: [EventKind.EXPIRED],
    2: [EventKind.UNKNOWN],
    3: [EventKind.UNKNOWN, EventKind.DELIVERED],
    4: [EventKind.ACCEPTED, EventKind.UNKNOWN],
    5: [EventKind.ACCEPTED, EventKind.EXPIRED],
    6: [EventKind.EXPIRED],
    7: [EventKind.CANCELLED],
    8: [EventKind.FAILED],
    9: [EventKind.UNKNOWN, EventKind.FAILED],
}


@pytest.fixture
def over(tmp_path: Path) -> Campaign:
    campaign = Campaign.objects.create(key="spring", name="봄", text="안녕", state=CampaignState.DONE)
    ids = plan(shop(tmp_path).senders[0], 10, campaign_id=campaign.pk)
    with connection.cursor() as cursor:
        for place, kinds in FATES.items():
            for kind in kinds:
                cursor.execute(
                    "INSERT INTO message_event (message_id, kind, at) VALUES (%s, %s, now())", [ids[place], kind.value]
                )
    return campaign


def places(draft: Campaign) -> list[int]:
    """Whose messages, by place, the people of the draft's list got before."""
    (list_,) = draft.include_lists.all()
    rows = query(
        "SELECT m.id - (SELECT min(id) FROM message) FROM list_member l JOIN message m ON m.profile_id = l.profile_id "
        "WHERE l.list_id = %s ORDER BY 1",
        list_.pk,
    )
    assert list_.size == len(rows)
    return [place for (place,) in rows]


def test_those_whose_message_timed_out(over: Campaign) -> None:
    draft = again(over, "expired", by=None)
    assert places(draft) == [1, 6], "not 5: the carrier took it, and it may have been shown"
    assert (draft.state, draft.text, draft.all_profiles) == (CampaignState.DRAFT, "안녕", False)


def test_those_of_whom_nobody_knows(over: Campaign) -> None:
    assert places(again(over, "unknown", by=None)) == [2, 4], "later news of 3 and 9 settled them"


def test_twice_makes_two_drafts(over: Campaign) -> None:
    assert again(over, "expired", by=None).key != again(over, "expired", by=None).key


def test_not_while_it_may_still_reach_them(over: Campaign) -> None:
    Campaign.objects.filter(pk=over.pk).update(state=CampaignState.SENDING)
    over.refresh_from_db()
    with pytest.raises(Conflict):
        again(over, "expired", by=None)


def test_nobody_is_said(over: Campaign) -> None:
    query("DELETE FROM message_event WHERE kind = 4 RETURNING 1")
    with pytest.raises(Conflict):
        again(over, "expired", by=None)
    with pytest.raises(InvalidInput):
        again(over, "everybody", by=None)
