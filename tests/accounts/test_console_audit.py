"""Every form of the console that changes something leaves an entry in the audit trail.

The routes are enumerated: a new one is either probed with a valid form in `console_probes`, or listed here as one that
only reads, which is then held to it: whatever is sent to it, no table changes.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from pabal.accounts.models import AuditEntry, Role
from tests.accounts import probes_delivery, probes_images, probes_kakao  # noqa: F401 (they add to the probes)
from tests.accounts.console_probes import PROBES
from tests.accounts.people import someone
from tests.accounts.test_roles import ROUTES, address

#: Pages that change nothing, whatever is sent to them.
READS = {
    "healthz", "metrics", "styleguide", "settings", "users", "audit", "warehouse", "home", "imports", "import", "import_preview",
    "alerts", "alerts_bell", "channels", "campaign_kakao_preview", "campaign_fallback_preview", "campaigns", "campaign", "campaign_preview", "campaign_overlap",
    "senders", "sender_reply_size", "account_try", "handset", "handset_phones", "handset_phone", "handset_thread",
    "segments", "segment", "segment_part", "segment_suggest", "segment_count", "segment_sample", "segment_look",
    "segment_saved_sample", "lists", "list", "list_growth", "profiles", "profile", "campaign_recipients", "campaign_message_history",
    "signup_forms", "signup_form", "signup_form_style", "signup_form_preview",
    "images", "image", "image_fitted", "consent", "suppressions", "profile_segments", "profile_record", "profile_evidence",
}  # fmt: skip
#: Read only, but recorded: personal data leaves the house.
RECORDED_READS = {
    "import_refused", "campaign_export", "profile_export", "consent_export", "suppressions_export",
}  # fmt: skip
#: Proved on the real engines in tests of the campaign pages and of the API, by the same action.
ENGINES = {"campaign_launch", "segment_export"}
#: What may change without anybody having done something.
HOUSEKEEPING = {
    "django_session", "accounts_auditentry", "accounts_loginattempt", "procrastinate_jobs", "procrastinate_events",
}  # fmt: skip


def written() -> dict[str, int]:
    """Rows written in this transaction (the test's own), by table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables")
        return dict(cursor.fetchall())


def changed(before: dict[str, int]) -> set[str]:
    return {table for table, rows in written().items() if rows != before.get(table, 0)} - HOUSEKEEPING


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(someone(Role.ADMIN))
    return client


def test_every_route_is_probed_or_only_reads() -> None:
    known = set(PROBES) | READS | RECORDED_READS | ENGINES
    assert set(ROUTES) - known == set(), "write a probe in tests/accounts/console_probes.py"
    assert known - set(ROUTES) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(PROBES))
def test_the_change_leaves_an_entry(admin: Client, name: str) -> None:
    url, form = PROBES[name](admin)
    before, entries = written(), AuditEntry.objects.count()
    response = admin.post(url, form)
    assert response.status_code in (200, 204, 302, 303), response.content.decode()
    assert changed(before) or name in {"logout", "login", "list_export"}
    assert AuditEntry.objects.count() > entries
    entry = AuditEntry.objects.latest("id")
    assert entry.user is not None
    assert entry.address == "127.0.0.1"


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(READS))
def test_a_page_that_only_reads_changes_nothing(admin: Client, name: str) -> None:
    if name in ROUTES:
        before = written()
        admin.post(address(ROUTES[name]), {"name": "x", "text": "x"})
        assert changed(before) == set()


@pytest.mark.django_db
def test_secrets_never_reach_the_trail(admin: Client) -> None:
    url, form = PROBES["api_keys"](admin)
    page = admin.post(url, form).content.decode()
    for name in ("password", "join"):
        url, form = PROBES[name](admin)
        assert admin.post(url, form).status_code == 302
    trail = str(list(AuditEntry.objects.values()))
    assert "twelve" not in trail
    secret = page[page.index("pabal_") :].split("<")[0]
    assert len(secret) == 46
    assert secret not in trail


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/credits/", "/credits/prices"])
def test_money_is_changed_by_admins_only(client: Client, url: str) -> None:
    client.force_login(someone(Role.APPROVER))
    assert client.get(url).status_code == 200
    assert client.post(url, {"amount": "5"}).status_code == 403
