"""One valid form for each address of the console that changes something."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib.auth.tokens import default_token_generator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from pabal.accounts.models import ApiKey, Role, User
from pabal.audience import actions as people_actions
from pabal.audience import lists, segments
from pabal.audience.models import Import, ImportState, List, Profile, Segment, WriteKey
from pabal.campaigns.models import Campaign, CampaignState, SignupForm
from pabal.campaigns.signup.forms import archive_form, create_form
from pabal.delivery.models import ProviderAccount, Sender
from pabal.providers.registry import get
from pabal.providers.settings import fields
from tests.accounts.people import PASSWORD, key, someone
from tests.delivery.sending import plan, shop

#: (address, form) to be sent by the admin who is logged in.
Form = tuple[str, dict[str, Any]]
PROBES: dict[str, Callable[[Client], Form]] = {}


def probe(function: Callable[[Client], Form]) -> Callable[[Client], Form]:
    """The valid form of the route of this name."""
    PROBES[function.__name__] = function
    return function


@probe
def login(client: Client) -> Form:
    client.logout()
    return "/login", {"email": "admin@shop.example", "password": PASSWORD}


@probe
def logout(client: Client) -> Form:
    return "/logout", {}


@probe
def welcome(client: Client) -> Form:
    client.logout()
    User.objects.all().delete()
    return "/welcome", {"name": "A", "email": "a@shop.example", "password": PASSWORD}


@probe
def join(client: Client) -> Form:
    user = someone(Role.EDITOR)
    token = default_token_generator.make_token(user)
    return f"/join/{urlsafe_base64_encode(force_bytes(user.pk))}/{token}", {"password": PASSWORD}


@probe
def me(client: Client) -> Form:
    return "/settings/me", {"name": "B", "language": "en", "time_zone": "Asia/Tokyo"}


@probe
def password(client: Client) -> Form:
    return "/settings/me/password", {"old": PASSWORD, "new": PASSWORD + "2"}


@probe
def user_new(client: Client) -> Form:
    return "/settings/people/new", {"name": "B", "email": "b@shop.example", "role": "viewer"}


@probe
def user_edit(client: Client) -> Form:
    return f"/settings/people/{someone(Role.EDITOR).pk}", {"name": "B", "role": "viewer", "active": "on"}


@probe
def user_access(client: Client) -> Form:
    return f"/settings/people/{someone(Role.EDITOR).pk}/access", {}


@probe
def api_keys(client: Client) -> Form:
    return "/settings/keys", {"name": "B", "scopes": ["read", "send"]}


@probe
def api_key_revoke(client: Client) -> Form:
    key("read")
    return f"/settings/keys/{ApiKey.objects.get().pk}/revoke", {}


@probe
def credits(client: Client) -> Form:
    return "/credits/", {"amount": "1000", "note": "x"}


@probe
def prices(client: Client) -> Form:
    price = {"provider": "sandbox", "kind": "sms", "country": "KR", "amount": "12", "valid_from": "2026-01-01"}
    return "/credits/prices", price


def uploaded(client: Client) -> Import:
    file = SimpleUploadedFile("people.csv", "phone,first_name\n010-0000-0001,지민\n".encode())
    client.post("/imports/new", {"file": file})
    return Import.objects.get()


@probe
def import_new(client: Client) -> Form:
    return "/imports/new", {"file": SimpleUploadedFile("people.csv", b"phone\n010-0000-0001\n")}


@probe
def import_map(client: Client) -> Form:
    return f"/imports/{uploaded(client).pk}/columns", {"default_country": "KR", "t0": "phone", "t1": "first_name"}


@probe
def import_read_again(client: Client) -> Form:
    return f"/imports/{uploaded(client).pk}/read-again", {"encoding": "cp949"}


@probe
def import_consent(client: Client) -> Form:
    return f"/imports/{uploaded(client).pk}/consent", {"to_list": "none", "agreed": "no"}


@probe
def import_check(client: Client) -> Form:
    return f"/imports/{uploaded(client).pk}/check", {}


@probe
def import_discard(client: Client) -> Form:
    return f"/imports/{uploaded(client).pk}/discard", {}


@probe
def import_resume(client: Client) -> Form:
    row = uploaded(client)
    Import.objects.update(state=ImportState.FAILED)
    return f"/imports/{row.pk}/resume", {}


def draft(state: CampaignState = CampaignState.DRAFT, **fields: Any) -> Campaign:
    account = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    sender = Sender.objects.create(account=account, address="0212345678", name="파발", kind="long_code", country="KR")
    campaign = Campaign.objects.create(key="spring", name="Spring", all_profiles=True, text="안녕", **fields)
    campaign.senders.add(sender)
    Campaign.objects.update(state=state)
    return campaign


SENDER = {"name": "파발", "address": "0212345678", "kind": "long_code", "country": "KR", "throughput": "10"}


@probe
def sender_new(client: Client) -> Form:
    account = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    return "/senders/new", {**SENDER, "account_id": account.pk}


@probe
def sender_sandbox(client: Client) -> Form:
    return "/senders/sandbox", {}


@probe
def sender(client: Client) -> Form:
    draft()
    return f"/senders/{Sender.objects.get().pk}", {**SENDER, "throughput": "20"}


@probe
def sender_act(client: Client) -> Form:
    draft()
    return f"/senders/{Sender.objects.get().pk}/act/stop", {}


@probe
def account_new(client: Client) -> Form:
    return "/senders/accounts/new?provider=smpp", {
        **{f"set_{f.name}": f.default for f in fields(get("smpp").settings_type) if f.default is not None},
        **{"name": "carrier", "set_host": "smsc.example", "set_system_id": "pabal", "set_password": "hunter22"},
    }


@probe
def account(client: Client) -> Form:
    made = ProviderAccount.objects.create(name="sandbox", provider="sandbox")
    defaults = {f"set_{f.name}": f.default for f in fields(get("sandbox").settings_type) if f.default is not None}
    return f"/senders/accounts/{made.pk}", {**defaults, "name": "other"}


@probe
def handset_answer(client: Client) -> Form:
    draft()
    return "/handset/+821000000001/answer", {"text": "STOP", "sender": str(Sender.objects.get().pk)}


@probe
def campaign_new(client: Client) -> Form:
    return "/campaigns/new", {"name": "Spring", "key": "spring", "purpose": "promotional"}


@probe
def campaign_basics(client: Client) -> Form:
    draft()
    return "/campaigns/spring/basics", {"name": "Summer", "key": "summer", "purpose": "promotional"}


@probe
def campaign_audience(client: Client) -> Form:
    draft()
    return "/campaigns/spring/audience", {"who": "all", "purpose": "informational"}


@probe
def campaign_message(client: Client) -> Form:
    draft()
    senders = [str(pk) for pk in Sender.objects.values_list("pk", flat=True)]
    return "/campaigns/spring/message", {"text": "반갑습니다", "senders": senders, "shorten_links": "on"}


@probe
def campaign_sending(client: Client) -> Form:
    draft()
    hours = {"hours_from": "10:00", "hours_to": "19:00", "quiet_hours": "skip"}
    return "/campaigns/spring/sending", {"timing": "now", "timeout_hours": "4", "per_minute": "60", **hours}


@probe
def campaign_duplicate(client: Client) -> Form:
    draft()
    return "/campaigns/spring/duplicate", {}


@probe
def campaign_again(client: Client) -> Form:
    draft(CampaignState.DONE)
    missed()
    return "/campaigns/spring/again", {"missed": "expired"}


@probe
def campaign_review(client: Client) -> Form:
    draft()
    return "/campaigns/spring/review", {}


@probe
def campaign_act(client: Client) -> Form:
    draft(CampaignState.SENDING)
    return "/campaigns/spring/act/pause", {}


def missed(key: str = "spring") -> None:
    """A message of the campaign that timed out."""
    (message,) = plan(shop(Path("/nowhere")).senders[0], 1, campaign_id=Campaign.objects.get(key=key).pk)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO message_event (message_id, kind, at) VALUES (%s, 4, now())", [message])


def customer(**fields: Any) -> Profile:
    return Profile.objects.create(external_id="c-1", phone="+821000000001", first_name="지민", country="KR", **fields)


def members() -> List:
    return lists.create_list("Members", key="members")


@probe
def list_new(client: Client) -> Form:
    return "/lists/new", {"name": "Members"}


@probe
def list_edit(client: Client) -> Form:
    members()
    return "/lists/members/edit", {"name": "VIP"}


@probe
def list_archive(client: Client) -> Form:
    members()
    return "/lists/members/archive", {}


@probe
def list_restore(client: Client) -> Form:
    lists.archive_list(members())
    return "/lists/members/restore", {}


@probe
def list_add(client: Client) -> Form:
    members()
    customer()
    return "/lists/members/add", {"people": "c-1"}


@probe
def list_remove(client: Client) -> Form:
    person = customer()
    lists.add_members(members(), [person.pk])
    return f"/lists/members/remove/{person.pk}", {}


@probe
def list_export(client: Client) -> Form:
    members()
    return "/lists/members/export", {}


TWICE: dict[str, Any] = {
    "type": "group",
    "conditions": [{"type": "event", "name": "Order Completed", "operator": "at_least", "value": 2}],
}


def segment() -> Segment:
    return segments.create(by=None, name="Twice", key="twice", condition=TWICE)


@probe
def segment_new(client: Client) -> Form:
    return "/segments/new", {"name": "Twice", "tree": json.dumps(TWICE)}


@probe
def segment_edit(client: Client) -> Form:
    segment()
    return "/segments/twice/edit", {"name": "Often", "tree": json.dumps(TWICE)}


@probe
def segment_duplicate(client: Client) -> Form:
    segment()
    return "/segments/twice/duplicate", {}


@probe
def segment_archive(client: Client) -> Form:
    segment()
    return "/segments/twice/archive", {}


@probe
def segment_restore(client: Client) -> Form:
    segments.archive(segment())
    return "/segments/twice/restore", {}


@probe
def segment_use(client: Client) -> Form:
    segment()
    return "/segments/twice/use", {"name": "Hello"}


@probe
def segment_to_list(client: Client) -> Form:
    segment()
    return "/segments/twice/list", {"name": "Twice"}


@probe
def profile_new(client: Client) -> Form:
    return "/profiles/new", {"phone": "010-0000-0001", "first_name": "지민"}


@probe
def profile_edit(client: Client) -> Form:
    return f"/profiles/{customer().pk}/edit", {"external_id": "c-1", "phone": "010-0000-0002", "first_name": "서연"}


@probe
def profile_consent(client: Client) -> Form:
    said = {"channel": "text", "purposes": ["promotional"], "state": "unsubscribed", "source": "전화"}
    return f"/profiles/{customer().pk}/consent", said


@probe
def profile_suppress(client: Client) -> Form:
    return f"/profiles/{customer().pk}/suppress", {"source": "complained"}


@probe
def profile_unsuppress(client: Client) -> Form:
    person = customer()
    people_actions.suppress([person.phone], reason="manual")
    return f"/profiles/{person.pk}/unsuppress", {}


@probe
def profile_merge(client: Client) -> Form:
    keep, gone = customer(), Profile.objects.create(external_id="c-2")
    return f"/profiles/{keep.pk}/merge", {"keep": keep.pk, "gone": gone.pk}


@probe
def suppressions_add(client: Client) -> Form:
    return "/consent/suppressions/add", {"phones": "+821000000001", "reason": "manual", "source": "asked"}


@probe
def suppressions_import(client: Client) -> Form:
    file = SimpleUploadedFile("list.csv", b"phone\n+821000000001\n")
    return "/consent/suppressions/import", {"file": file, "reason": "import", "source": "old provider"}


@probe
def suppressions_lift(client: Client) -> Form:
    people_actions.suppress(["+821000000001"], reason="manual")
    return "/consent/suppressions/lift", {"phone": ["+821000000001"]}


@probe
def profile_erase(client: Client) -> Form:
    return f"/profiles/{customer().pk}/erase", {}


@probe
def write_keys(client: Client) -> Form:
    return "/settings/event-keys", {"name": "Shop", "kind": "browser", "origins": "https://shop.example"}


@probe
def write_key_revoke(client: Client) -> Form:
    made = WriteKey.objects.create(name="Shop", key="srv_x")
    return f"/settings/event-keys/{made.pk}/revoke", {}


SIGNUP = {"name": "Summer", "language": "ko", "wording": "동의합니다."}


def signup_form() -> SignupForm:
    return create_form(by=None, **SIGNUP, double_opt_in=False)


@probe
def signup_form_new(client: Client) -> Form:
    return "/signup-forms/new", SIGNUP


@probe
def signup_form_edit(client: Client) -> Form:
    return f"/signup-forms/{signup_form().key}/edit", {**SIGNUP, "wording": "새 문구에 동의합니다."}


@probe
def signup_form_archive(client: Client) -> Form:
    return f"/signup-forms/{signup_form().key}/archive", {}


@probe
def signup_form_restore(client: Client) -> Form:
    made = signup_form()
    archive_form(made)
    return f"/signup-forms/{made.key}/restore", {}


@probe
def warehouse_rebuild(client: Client) -> Form:
    return "/settings/warehouse/rebuild", {}
