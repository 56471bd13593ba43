"""A campaign that was sent, for tests of the pages that show it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from pabal.audience.models import Consent, Profile
from pabal.campaigns.models import Campaign, Skip
from pabal.delivery.models import Batch, EventKind, Message, MessageEvent, ProviderAccount, Sender, Tally
from pabal.policy.skips import SkipReason

FIRST = 1_000


def sender(provider: str = "sandbox", **fields: object) -> Sender:
    """A Korean number on an account of its own."""
    account = ProviderAccount.objects.create(name=f"{provider} {ProviderAccount.objects.count()}", provider=provider)
    values = {"address": "0212345678", "name": "달빛상점", "kind": "long_code", "country": "KR", **fields}
    return Sender.objects.create(account=account, **values)


def campaign(messages: int = 6, *, of: Sender | None = None, first: int = FIRST) -> Campaign:
    """Message `first` is delivered and clicked, the next failed, the third is on the way, the others wait; two skips."""
    of = of or sender()
    made = Campaign.objects.create(key=f"knit-{first}", name="가을 니트", state="sending", text="안녕하세요")
    made.senders.add(of)
    now = timezone.now()
    people = Profile.objects.bulk_create(
        Profile(
            external_id=f"C{first + n}", phone=f"+82100000{(first + n) % 9900:04}", first_name="지우", last_name="김",
            country="KR",
        )
        for n in range(messages + 2)
    )  # fmt: skip
    Consent.objects.bulk_create(
        Consent(
            profile=p, channel="text", purpose="promotional", state="subscribed", changed_at=now - timedelta(days=9)
        )
        for p in people
    )
    Message.objects.bulk_create(
        Message(
            id=first + n, campaign_id=made.pk, profile_id=people[n].pk, sender_id=of.pk, phone=people[n].phone,
            country="KR", kind=1, encoding=3, parts=1, amount=12_000, send_after=now, text=f"니트 {first + n}",
        )
        for n in range(messages)
    )  # fmt: skip
    Batch.objects.create(
        campaign_id=made.pk, sender=of, first_id=first, last_id=first + messages - 1, messages=messages, parts=messages,
        amount=12_000 * messages, state="sending", send_after=now, expires_at=now + timedelta(hours=4),
        next_id=first + 3,
    )  # fmt: skip
    happened = [
        (0, EventKind.ACCEPTED, ""), (0, EventKind.DELIVERED, ""), (0, EventKind.CLICKED, ""),
        (1, EventKind.ACCEPTED, ""), (1, EventKind.FAILED, "unreachable"),
        (2, EventKind.ACCEPTED, ""),
    ]  # fmt: skip
    for n, kind, reason in happened:
        MessageEvent.objects.create(message_id=first + n, kind=kind, at=now, reason=reason, code="E7" if reason else "")
        Tally.objects.update_or_create(
            campaign_id=made.pk, minute=now.replace(second=0, microsecond=0), kind=kind, reason=reason,
            defaults={"messages": 3 if kind == EventKind.ACCEPTED else 1},
        )  # fmt: skip
    for n, why in ((messages, SkipReason.NOT_SUBSCRIBED), (messages + 1, SkipReason.RECENTLY_MESSAGED)):
        Skip.objects.create(campaign_id=made.pk, profile_id=people[n].pk, reason=int(why), at=now)
    return made
