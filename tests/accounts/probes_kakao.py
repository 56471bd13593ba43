"""Valid forms of KakaoTalk's pages."""

from __future__ import annotations

from django.test import Client

from pabal.accounts.audit import Actor
from pabal.delivery.channels import add_sandbox_channel
from tests.accounts.console_probes import Form, probe
from tests.console.pictures import jpeg

CHANNEL = {"name": "별빛", "address": "@star", "sender_key": "k", "throughput": "50"}


@probe
def channel_new(client: Client) -> Form:
    account = add_sandbox_channel(name="달빛상점", by=Actor(name="tests")).account
    return "/channels/new", {**CHANNEL, "account_id": str(account.pk)}


@probe
def channel(client: Client) -> Form:
    made = add_sandbox_channel(name="달빛상점", by=Actor(name="tests"))
    return f"/channels/{made.pk}", CHANNEL


@probe
def channel_sandbox(client: Client) -> Form:
    return "/channels/sandbox", {}


@probe
def kakao_picture(client: Client) -> Form:
    place = {"path": "image", "layout": "image", "preset": "brand_message"}
    return "/kakao/pictures", {**place, "file": jpeg()}
