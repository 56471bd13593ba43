"""Sending again to exactly those people whom a campaign did not reach: what timed out, and what nobody knows.

A person's decision, and a new campaign: a draft with the same content for a list of those people, to be reviewed and
launched like any other. What was uncertain may have arrived, so nothing of it is ever sent again by itself.
"""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction
from django.db.models import TextChoices
from django.utils.translation import gettext as _

from pabal.accounts.models import User
from pabal.audience.lists import create_list, recount
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign, CampaignState
from pabal.delivery.models import EventKind
from pabal.errors import Conflict, InvalidInput


class Missed(TextChoices):
    """Which people: those whose message timed out, or whose message's fate is unknown."""

    EXPIRED = "expired"
    UNKNOWN = "unknown"


KINDS: Final = {Missed.EXPIRED: EventKind.EXPIRED.value, Missed.UNKNOWN: EventKind.UNKNOWN.value}

#: News beside which such an event says nothing: what was accepted and then expired at the carrier may have been shown.
BUT: Final = {Missed.EXPIRED: [1, 2, 3, 6], Missed.UNKNOWN: [2, 3, 4, 5]}

#: The people of messages with such an event, and no other news. The carrier may have been asked about unknown ones: what
#: it has is on its way, what it never took was surely not sent.
_PUT: Final = """
INSERT INTO list_member (list_id, profile_id)
SELECT DISTINCT %(list)s::bigint, m.profile_id
FROM batch b
JOIN message_event e ON e.kind = %(kind)s AND e.message_id BETWEEN b.first_id AND b.last_id
JOIN message m ON m.id = e.message_id
JOIN profile p ON p.id = m.profile_id
WHERE b.campaign_id = %(campaign)s
  AND NOT EXISTS (
      SELECT FROM message_event f WHERE f.message_id = e.message_id AND f.kind <> e.kind
        AND (f.kind = ANY(%(but)s) AND f.reason <> 'never_taken' OR e.kind = 6 AND f.kind = 1 AND f.at > e.at)
  )
"""


@transaction.atomic
def again(campaign: Campaign, missed: str, *, by: User | None) -> Campaign:
    """A draft for the people that `campaign` missed. A few seconds for a million people.

    Raises InvalidInput for another word than `expired` or `unknown`, Conflict while the campaign may still reach them
    (`still_sending`) and when there is nobody (`nobody_missed`).
    """
    if missed not in Missed.values:
        raise InvalidInput(_("Say expired or unknown."), code="unknown_value", field="missed")
    if campaign.state not in (CampaignState.DONE, CampaignState.ENDED):
        raise Conflict(_("The campaign is not over yet."), code="still_sending")
    what = _("not sent in time") if missed == Missed.EXPIRED else _("fate unknown")
    list_ = create_list(_("%(name)s: %(what)s") % {"name": campaign.name[:150], "what": what})
    with connection.cursor() as cursor:
        cursor.execute(
            _PUT, {"list": list_.pk, "kind": KINDS[Missed(missed)], "but": BUT[Missed(missed)], "campaign": campaign.pk}
        )
        found = cursor.rowcount
    if not found:
        raise Conflict(_("There is nobody to send to again."), code="nobody_missed")
    recount(list_)
    draft = actions.duplicate(campaign, by=by)
    Campaign.objects.filter(pk=draft.pk).update(share_from=0, share_to=10_000)  # exactly those people, all of them
    return actions.edit(
        draft,
        by=by,
        all_profiles=False,
        include_lists=[list_],
        include_segments=[],
        exclude_lists=[],
        exclude_segments=[],
    )
