"""Campaigns that are late or uncertain: splitting them, asking the carrier again, and sending again to whom they missed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.campaigns import CampaignOut, area
from pabal.api.schemas import Input, Key, found
from pabal.campaigns import actions
from pabal.campaigns.models import Campaign
from pabal.campaigns.splitting import Proposal, proposals, reviewed, split
from pabal.campaigns.tasks import enqueue_enquiry
from pabal.delivery.asking import begin, last_enquiry
from pabal.delivery.models import Enquiry


class SplitPartOut(Schema):
    share: float = Field(description="Of the audience, from 0 to 1.")
    messages: int
    starts_at: datetime | None
    finishes_at: datetime | None
    timed_out: int
    sender_id: int | None = Field(description="The part's own sender, in the place of the slow one.")


class ProposalOut(Schema):
    """A way to be in time."""

    by: Literal["senders", "days"]
    parts: list[SplitPartOut]


class SplitIn(Input):
    by: Literal["senders", "days"]
    parts: int | None = Field(None, ge=2, le=14, description="Days, when another number than proposed is wanted.")


class EnquiryOut(Schema):
    """`asked`: unknown messages asked for; `taken`: the carrier has them; `refused`: it never took or refused them."""

    id: int
    asked_at: datetime
    finished_at: datetime | None
    asked: int
    taken: int
    refused: int
    error: str


@area.read("/campaigns/{key}/split", response=list[ProposalOut])
def list_splits(request: HttpRequest, key: Key) -> list[Proposal]:
    """List ways to be in time, by the newest review.

    None when everything is in time, or nothing helps.
    """
    campaign = actions.by_key(key)
    summary = reviewed(campaign)
    return proposals(campaign, summary) if summary else []


@area.write("POST", "/campaigns/{key}/split", scope=Scope.CAMPAIGNS, response=list[CampaignOut], status=201)
def split_campaign(request: HttpRequest, key: Key, body: SplitIn) -> list[Campaign]:
    """Split a reviewed draft into parts with nobody in common.

    The draft becomes the first part, the others are copies; each is reviewed and launched by itself.
    """
    campaign = actions.by_key(key)
    parts = split(campaign, body.by, actor=actor(request).person, parts=body.parts)
    audit.record(actor(request), "campaign.split", campaign, {"by": body.by, "parts": [part.key for part in parts]})
    return parts


@area.read("/campaigns/{key}/enquiry", response=EnquiryOut)
def read_enquiry(request: HttpRequest, key: Key) -> Any:
    """Read what the carriers said when they were asked last."""
    return found(last_enquiry(actions.by_key(key).pk), "enquiry", key)


@area.write("POST", "/campaigns/{key}/ask", scope=Scope.SEND, response=EnquiryOut, status=202)
def ask_campaign(request: HttpRequest, key: Key) -> Enquiry:
    """Ask the carriers again what became of messages whose fate is unknown.

    Only where they can look a message up by our reference. Nothing is sent by asking.
    """
    campaign = actions.by_key(key)
    enquiry = begin(campaign.pk, by=actor(request).person)
    audit.record(actor(request), "campaign.ask", campaign)
    enqueue_enquiry(enquiry.pk)
    return enquiry
