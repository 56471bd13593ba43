"""`pabal demo`: everything started, and on the first start a sample shop that has already sent something.

Nothing is made up but the people: the contacts come in through the import, the two finished campaigns were planned, sent
through the sandbox carrier, clicked and answered. Afterwards their dates are moved back, so that the charts have days and
smart sending does not hold the visitor's own first campaign.
"""
# ruff: noqa: T201

from __future__ import annotations

import contextlib
import json
import random
import re
import secrets
import time
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from pabal.accounts.audit import Actor
from pabal.accounts.models import Role, User
from pabal.audience import import_actions, importing
from pabal.audience.models import Channel, ImportState, List, Purpose
from pabal.billing import actions as billing
from pabal.billing.models import MILLI
from pabal.billing.prices import load_default_prices
from pabal.campaigns import actions as campaigns
from pabal.campaigns.models import Campaign, CampaignState, Plan, PlanState
from pabal.config import Config, get
from pabal.delivery.models import EventKind, Message, MessageEvent, ProviderAccount, Sender, SenderKind
from pabal.errors import PabalError, Unavailable
from pabal.processes import demo_data, demo_kakao, demo_life, demo_picture
from pabal.processes.commands import say, supervise

EMAIL = "demo@pabal.example"
KR_PEOPLE, US_PEOPLE = 2_400, 800
BALANCE = 5_000_000  # credits
LAST = "vip-thanks"  # the campaign that is made last: once it is there, the sample shop is complete


def run(purchases: str | None) -> int:
    """Start everything; fill the shop when it is empty; print how to log in."""
    source = Path(purchases) if purchases else None
    if source is not None and not source.is_file():
        raise PabalError(_("There is no file %(path)s.") % {"path": source}, code="no_file")
    print(_("Pabal demo: starting"), flush=True)

    def greet(config: Config) -> None:
        if not User.objects.exists() or (
            _login_file(config).exists() and not Campaign.objects.filter(key=LAST).exists()
        ):
            try:
                fill(config)
            except PabalError as error:  # what stands can be used; the next start goes on
                say(_("the sample shop is not complete: %(error)s") % {"error": error})
        if source is not None:
            import_purchases(config, source)
        print_login(config)
        connection.close()

    return supervise(get(), greet=greet)


def print_login(config: Config) -> None:
    """The address and, while the demo's own user has the password it was given, the log-in."""
    lines = [(_("Console"), config.console_url)]
    path = _login_file(config)
    if path.exists():
        login = json.loads(path.read_text())
        lines += [(_("Email"), login["email"]), (_("Password"), login["password"])]
    wide = max(_columns(label) for label, _value in lines)
    print()
    for label, value in lines:
        print(f"  {label}{' ' * (wide - _columns(label))}  {value}")
    stop = _("Ctrl-C stops everything. Your data stays in %(home)s.") % {"home": config.home_path}
    print(f"\n  {stop}\n", flush=True)


def _columns(label: str) -> int:
    """How wide a terminal shows it: Korean letters take two columns."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in label)


def fill(config: Config) -> None:
    """Make the user, the senders, the people and the campaigns of the sample shop."""
    say(_("making the sample shop (about half a minute, once)"))
    user = _user(config)
    kr, us = _senders(user)
    everyone = _people(config, user)
    autumn = _campaign(
        user,
        key="autumn-knit",
        name="가을 니트 신상품 안내",
        senders=[kr],
        lists=[everyone["kr-customers"]],
        text="{{ first_name|default('고객') }}님, 새로 짠 가을 니트가 들어왔어요. 이번 주까지 20% https://shop.example/knit?c={{ external_id }}",
    )
    hours = _campaign(
        user,
        key="store-hours",
        name="US stores: new opening hours",
        senders=[us],
        lists=[everyone["us-customers"]],
        purpose=Purpose.INFORMATIONAL,
        text="Hi {{ first_name|default('there') }}, from Monday our {{ city }} store opens at 9. Directions: https://shop.example/stores",
    )
    for campaign, clicks, stops, ago in (
        (autumn, 0.16, 7, timedelta(days=9, hours=2)),
        (hours, 0.09, 2, timedelta(days=4, hours=1)),
    ):
        if campaign.state == CampaignState.DONE:
            continue
        _send(campaign, user)
        _react(config, campaign, clicks=clicks, stops=stops)
        _move_back(campaign, ago)
        say(_("sent “%(name)s”") % {"name": campaign.name})
    demo_life.fill(config, user)
    demo_kakao.fill(user, kr, everyone["kr-customers"])
    demo_picture.fill(user, kr, everyone["vip"])
    _campaign(
        user,
        key=LAST,
        name="VIP 감사 쿠폰",
        senders=[kr],
        lists=[everyone["vip"]],
        text="{{ first_name|default('고객') }}님께만 드리는 VIP 감사 쿠폰 15,000원이에요. 이번 달 안에 써 주세요. https://shop.example/vip",
    )


def _login_file(config: Config) -> Path:
    return config.home_path / "demo.json"


def _user(config: Config) -> User:
    if user := User.objects.filter(email=EMAIL).first():
        return user
    password = secrets.token_urlsafe(9)
    user = User.objects.create_user(EMAIL, password, name="파발이", role=Role.ADMIN)
    path = _login_file(config)
    path.touch(mode=0o600)
    path.write_text(json.dumps({"email": EMAIL, "password": password}))
    return user


def _senders(user: User) -> tuple[Sender, Sender]:
    """Both on the sandbox, the simulated carrier, with credits and its price list."""
    if senders := list(Sender.objects.order_by("id")[:2]):
        return senders[0], senders[-1]
    account = ProviderAccount.objects.create(name="Sandbox", provider="sandbox")
    common: dict[str, Any] = {"account": account, "throughput": 300}
    kr = Sender.objects.create(
        address="07000000001",
        name="파발상점",
        kind=SenderKind.LONG_CODE,
        country="KR",
        opt_out_number="080-000-0001",
        **common,
    )
    us = Sender.objects.create(
        address="+18335550100", name="Pabal Shop", kind=SenderKind.TOLL_FREE, country="US", **common
    )
    load_default_prices("sandbox")
    billing.top_up(BALANCE * MILLI, by=Actor(user=user), note=_("Opening balance"))
    return kr, us


def _people(config: Config, user: User) -> dict[str, List]:
    """The contacts of both shops, through the import."""
    keys = ("kr-customers", "us-customers", "vip")
    if List.objects.filter(key__in=keys, size__gt=0).count() == len(keys):
        return {key: List.objects.get(key=key) for key in keys}
    today = timezone.localdate()
    folder = config.home_path / "demo"
    folder.mkdir(exist_ok=True)
    korean = demo_data.write_csv(
        folder / "한국-고객.csv", demo_data.KR_COLUMNS, demo_data.korean_rows(KR_PEOPLE, today)
    )
    american = demo_data.write_csv(
        folder / "us-customers.csv", demo_data.US_COLUMNS, demo_data.american_rows(US_PEOPLE, today)
    )
    lists = {
        key: List.objects.get_or_create(key=key, defaults={"name": name})[0]
        for key, name in zip(keys, ("국내 고객", "US customers", "VIP"), strict=True)
    }
    _import(
        korean,
        user,
        lists["kr-customers"],
        "KR",
        "파발상점의 혜택과 소식을 문자로 받겠습니다. 야간(21시~8시)에도 받겠습니다.",
        "회원가입 화면",
    )
    _import(american, user, lists["us-customers"], "US", "Text me offers and news from Pabal Shop.", "Check-out page")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO list_member (list_id, profile_id) SELECT %s, id FROM profile"
            " WHERE country = 'KR' AND properties->>'등급' = 'VIP' ON CONFLICT DO NOTHING",
            [lists["vip"].pk],
        )
        cursor.execute("UPDATE list SET size = %s WHERE id = %s", [cursor.rowcount, lists["vip"].pk])
    say(_("imported %(n)s people") % {"n": f"{KR_PEOPLE + US_PEOPLE:,}"})
    return lists


def _import(path: Path, user: User, list_: List | None, country: str, wording: str = "", source: str = "") -> None:
    """One file through the import, in this process, with what people agreed to a month ago."""
    import_ = import_actions.start_import(path, name=path.name, by=user, default_country=country, list_=list_)
    if wording:
        import_actions.state_consent(
            import_,
            wording=wording,
            source=source,
            collected_at=timezone.now() - timedelta(days=30),
            channels=[Channel.TEXT],
            purposes=[Purpose.PROMOTIONAL, Purpose.NIGHT],
            by=user,
        )
    import_actions.mark_queued(import_)
    done = importing.run(import_.pk)
    if done.state != ImportState.DONE:
        raise Unavailable(_("The sample could not be imported: %(error)s") % {"error": done.error})


def import_purchases(config: Config, source: Path) -> None:
    """The customers of a purchase history, once: as profiles with what they bought. They did not agree to anything."""
    if List.objects.filter(key="purchases").exists():
        return
    target = config.home_path / "demo" / "purchases.csv"
    target.parent.mkdir(exist_ok=True)
    customers = demo_data.purchases_to_csv(source, target)
    user = User.objects.order_by("id").first()
    assert user is not None
    _import(target, user, List.objects.create(key="purchases", name=source.name), "US")
    demo_life.import_purchases(config, user, source)
    say(_("imported %(n)s customers from %(file)s") % {"n": f"{customers:,}", "file": source.name})


def _campaign(
    user: User,
    *,
    key: str,
    name: str,
    senders: list[Sender],
    lists: list[List],
    text: str,
    purpose: str = Purpose.PROMOTIONAL,
) -> Campaign:
    """A draft that may be sent at every hour: the sample's people agreed to the night, too."""
    if campaign := Campaign.objects.filter(key=key).first():
        return campaign
    midnight = datetime(2000, 1, 1, tzinfo=UTC).time()
    return campaigns.create(
        by=user, key=key, name=name, senders=senders, include_lists=lists, text=text, purpose=purpose,
        hours_from=midnight, hours_to=midnight,
    )  # fmt: skip


def _send(campaign: Campaign, user: User) -> None:
    """Review, launch, and wait until every receipt is there."""
    plan = campaigns.request_review(campaign, by=user)
    _wait(lambda: Plan.objects.get(pk=plan.pk).state in {PlanState.DONE, PlanState.FAILED}, _("the review"))
    plan.refresh_from_db()
    if plan.state == PlanState.FAILED:
        raise Unavailable(str(plan.error))
    campaigns.launch(campaign, by=user, expected_messages=plan.summary["messages"])
    _wait(lambda: Campaign.objects.get(pk=campaign.pk).state == CampaignState.DONE, campaign.name)
    sent = Message.objects.filter(campaign_id=campaign.pk)
    final = [EventKind.DELIVERED, EventKind.FAILED, EventKind.EXPIRED, EventKind.CANCELLED, EventKind.UNKNOWN]

    def settled() -> bool:
        ids = sent.values("pk")
        decided = MessageEvent.objects.filter(kind__in=final, message_id__in=ids).values("message_id").distinct()
        return decided.count() == sent.count()

    with contextlib.suppress(Unavailable):  # a simulated phone that never answers is part of the sample
        _wait(settled, _("receipts"), timeout=20)


def _wait(done: Callable[[], bool], what: str, *, timeout: float = 90) -> None:
    deadline = time.monotonic() + timeout
    while not done():
        if time.monotonic() > deadline:
            raise Unavailable(_("%(what)s took too long. See the logs below PABAL_HOME.") % {"what": what})
        time.sleep(0.2)


def _react(config: Config, campaign: Campaign, *, clicks: float, stops: int) -> None:
    """Some people open their link, over HTTP like anybody; a few answer with a word to stop."""
    from pabal.delivery.inbound import receive
    from pabal.providers.base import Inbound

    choose = random.Random(campaign.key)
    delivered = MessageEvent.objects.filter(kind=EventKind.DELIVERED).values("message_id")
    messages = list(Message.objects.filter(campaign_id=campaign.pk, pk__in=delivered).order_by("pk"))
    base = re.escape(config.short_link_base)
    with httpx.Client(follow_redirects=False, trust_env=False) as browser:
        for message in choose.sample(messages, int(len(messages) * clicks)):
            if link := re.search(base + r"/\w+", message.text):
                browser.get(link[0], headers={"User-Agent": "Mozilla/5.0 (Linux; Android 15) Pabal sample shop"})
    for message in choose.sample(messages, stops):
        sender = Sender.objects.get(pk=message.sender_id)
        word = "수신거부" if message.country == "KR" else "STOP"
        receive(
            sender.account_id,
            Inbound(
                sender=sender.address, from_=message.phone, text=word, at=timezone.now(),
                provider_id=secrets.token_hex(8), raw={},
            ),
        )  # fmt: skip


#: table → its times; each row that belongs to the campaign (`%s`) is moved.
_TIMES = {
    "campaign": (("created_at", "updated_at", "launched_at", "started_at", "finished_at"), "id = %s"),
    "plan": (("created_at", "planned_for", "started_at", "finished_at"), "campaign_id = %s"),
    "batch": (("created_at", "send_after", "expires_at"), "campaign_id = %s"),
    "message": (("send_after",), "campaign_id = %s"),
    "message_event": (("at",), "message_id IN (SELECT id FROM message WHERE campaign_id = %s)"),
    "click": (("at",), "message_id IN (SELECT id FROM message WHERE campaign_id = %s)"),
    "tally": (("minute",), "campaign_id = %s"),
    "skip": (("at",), "campaign_id = %s"),
    "inbound": (("at",), "phone IN (SELECT phone FROM message WHERE campaign_id = %s)"),
    "ledger_entry": (("at",), "campaign_id = %s"),
}


def _move_back(campaign: Campaign, by: timedelta) -> None:
    """Move everything about a finished sample campaign into the past; the change markers tell the warehouse."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table, (columns, condition) in _TIMES.items():
            moved = ", ".join(f"{column} = {column} - %s" for column in columns)
            values: list[Any] = [by] * len(columns)
            cursor.execute(f"UPDATE {table} SET {moved} WHERE {condition}", [*values, campaign.pk])  # noqa: S608
        marker = "xid = pg_current_xact_id()::text::bigint"
        cursor.execute(
            f"UPDATE message_event SET {marker} WHERE message_id IN (SELECT id FROM message WHERE campaign_id = %s)",  # noqa: S608
            [campaign.pk],
        )
        cursor.execute(
            f"UPDATE plan_chunk SET {marker} WHERE plan_id IN (SELECT id FROM plan WHERE campaign_id = %s)",  # noqa: S608
            [campaign.pk],
        )
