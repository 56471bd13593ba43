"""An engine that is killed while it fails over: every text once, none lost."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest
from django.db import connection

from pabal.campaigns import fallbacks
from pabal.campaigns.parts import texts_of
from pabal.database import raw_cursor
from pabal.delivery.models import Batch, EventKind, Fallback, Message, MessageEvent
from tests.campaigns.shop import Shop
from tests.campaigns.test_kakao_campaigns import MESSAGE, agreed, kakao
from tests.delivery.sending import dsn

CHILD = """
import django; django.setup()
from pabal.campaigns import fallbacks
fallbacks.AT_ONCE = 7
print("ready", flush=True)
while True:
    fallbacks.fail_over()
"""


@pytest.mark.django_db(transaction=True)
def test_an_engine_killed_in_the_middle_sends_each_text_once(shop: Shop) -> None:
    agreed(*[shop.person(f"+8210000{n:05}") for n in range(120)])
    campaign = kakao(shop, purpose="informational", kakao=MESSAGE | {"preset": "friendtalk", "ad": False}, target="I")
    shop.launch(campaign)
    Fallback.objects.update(expires_at="2100-01-01T00:00:00Z")
    messages = shop.messages(campaign)
    MessageEvent.objects.bulk_create(
        [MessageEvent(message_id=m.pk, kind=EventKind.FAILED, reason="no_kakaotalk", at=m.send_after) for m in messages]
    )
    connection.close()
    environment = os.environ | {"DATABASE_URL": dsn()}
    for _ in range(3):
        child = subprocess.Popen([sys.executable, "-c", CHILD], env=environment, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        before, until = _sent(), time.monotonic() + 10
        while _sent() == before < len(messages) and time.monotonic() < until:
            time.sleep(0.002)
        child.kill()
        child.wait()
    while fallbacks.fail_over():
        pass
    part = texts_of(campaign)
    assert part is not None
    texts = Message.objects.filter(campaign_id=part.pk)
    assert sorted(texts.values_list("profile_id", flat=True)) == sorted(m.profile_id for m in messages)
    assert sum(Batch.objects.filter(campaign_id=part.pk).values_list("messages", flat=True)) == len(messages)
    assert set(Fallback.objects.values_list("state", flat=True)) == {"sent"}


def _sent() -> int:
    with raw_cursor() as cursor:
        row = cursor.execute("SELECT count(*) FROM fallback WHERE state = 'sent'").fetchone()
    assert row is not None
    return int(row[0])
