"""KakaoTalk channels: senders with a search id, connected to a gateway."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.schemas import Id, Input
from pabal.delivery import channels
from pabal.delivery.models import Sender, SenderKind, SenderState

area = Area("Channels")


class ChannelOut(Schema):
    """A KakaoTalk channel. `address` is its search id. Stop, start and archive it as a sender of this id."""

    id: int
    account_id: int
    name: str
    address: str
    sender_key: str
    category: str
    friends: int | None
    opt_out_number: str
    throughput: int
    state: SenderState
    state_reason: str

    @staticmethod
    def resolve_sender_key(row: Sender) -> str:
        return channels.settings_of(row).sender_key

    @staticmethod
    def resolve_category(row: Sender) -> str:
        return channels.settings_of(row).category

    @staticmethod
    def resolve_friends(row: Sender) -> int | None:
        return channels.settings_of(row).friends


class ChannelIn(Input):
    """`sender_key`: the gateway's own id of the channel (NHN Cloud: sender key; Solapi: pfId)."""

    name: str = Field(max_length=60)
    address: str = Field(max_length=20, description="The search id, as @myshop.")
    sender_key: str = Field("", max_length=200)
    category: str = Field("", max_length=100)
    friends: int | None = Field(None, ge=0, description="Friends of the channel; targets M and N need 50,000.")
    opt_out_number: str = Field("", max_length=20)
    throughput: int = Field(100, ge=1, le=100_000, description="Messages a second.")


class NewChannelIn(ChannelIn):
    account_id: int = Field(ge=1, le=2**63 - 1)


@area.read("/channels", response=list[ChannelOut])
def list_channels(request: HttpRequest) -> Any:
    """List the KakaoTalk channels in use."""
    return Sender.objects.filter(kind=SenderKind.KAKAO_CHANNEL, archived_at=None).order_by("id")


@area.write("POST", "/channels", scope=Scope.ADMIN, response=ChannelOut, status=201)
def create_channel(request: HttpRequest, body: NewChannelIn) -> Sender:
    """Connect a channel on an account."""
    return channels.add_channel(**body.dict(), by=actor(request))


@area.write("PUT", "/channels/{int:channel_id}", scope=Scope.ADMIN, response=ChannelOut, may_change_nothing=True)
def edit_channel(request: HttpRequest, channel_id: Id, body: ChannelIn) -> Sender:
    """Change a channel."""
    return channels.edit_channel(channel_id, **body.dict(), by=actor(request))
