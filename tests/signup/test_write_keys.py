"""Event keys: made, listed, revoked; on the command line and in the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from pabal import cli
from pabal.accounts.audit import Actor
from pabal.accounts.models import AuditEntry
from pabal.audience.models import Event, WriteKey
from pabal.audience.origins import read_origin, read_origins
from pabal.audience.write_keys import arrivals, create_write_key
from pabal.errors import InvalidInput

BY = Actor(name="tests")


def run(*arguments: str) -> int:
    chosen = cli.parser().parse_args(["write-key", *arguments])
    return int(chosen.run(chosen))


@pytest.mark.django_db
def test_the_command_line_makes_lists_and_revokes_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("create", "Shop", "--browser", "--origin", "shop.example/join", "--origin", "http://127.0.0.1:8080") == 0
    key = capsys.readouterr().out.strip()
    assert key.startswith("web_")
    assert run("list") == 0
    line = capsys.readouterr().out.strip().split("\t")
    assert line[1:] == ["browser", key, "active", "-", "Shop", "https://shop.example http://127.0.0.1:8080"]
    assert run("revoke", key) == 0
    run("list")
    assert "revoked" in capsys.readouterr().out
    assert list(AuditEntry.objects.order_by("id").values_list("action", "actor")) == [
        ("write_key.create", "command line"),
        ("write_key.revoke", "command line"),
    ]
    assert key not in str(list(AuditEntry.objects.values_list("changes", "label"))), "keys are no words of the trail"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " ", "kind": "server"}, "name_needed"),
        ({"name": "x", "kind": "pigeon"}, "unknown_kind"),
        ({"name": "x", "kind": "server", "origins": ["https://a.kr"]}, "origins_of_server_key"),
        ({"name": "x", "kind": "browser", "origins": ["ftp://a.kr"]}, "bad_origin"),
    ],
)
def test_a_key_that_cannot_be_is_refused(fields: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_write_key(**fields, by=BY)  # type: ignore[arg-type]
    assert caught.value.code == code
    assert not WriteKey.objects.exists()


@pytest.mark.parametrize(
    ("written", "origin"),
    [
        ("Shop.KR", "https://shop.kr"),
        ("https://shop.kr:443/join?x=1", "https://shop.kr"),
        ("http://localhost:3000/", "http://localhost:3000"),
        # by the package idna
        ("https://가게.한국", "https://xn--o39akk.xn--3e0b707e"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_address_is_read_as_the_origin_that_browsers_send(written: str, origin: str) -> None:
    assert read_origin(written) == origin


@pytest.mark.parametrize(
    "written", ["*", "https://", "javascript:alert(1)", "https://a b", "http://u:p@a.kr", "x" * 300]
)
def test_what_is_no_origin_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        read_origin(written)


def test_each_origin_counts_once() -> None:
    assert read_origins(["a.kr", "", "https://a.kr/x"]) == ["https://a.kr"]


@pytest.mark.django_db
def test_events_of_today_are_counted_without_an_index_on_the_time() -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    assert arrivals(midnight).last_at is None
    for hours in (-30, -2, -1, 1, 2, 3):
        Event.objects.create(key=uuid4(), name=f"{hours}", at=midnight)
        Event.objects.filter(name=f"{hours}").update(received_at=midnight + timedelta(hours=hours))
    Event.objects.filter(name="-1").delete()  # gaps do not matter
    found = arrivals(midnight)
    assert (found.count, found.last_name, found.more) == (3, "3", False)
    assert arrivals(midnight + timedelta(hours=4)).count == 0
    assert arrivals(midnight - timedelta(days=9)).count == 5
