import argparse
import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from pabal.accounts import actions, commands
from pabal.accounts.models import AuditEntry, Role, User
from pabal.errors import Conflict, InvalidInput, NotFound, PabalError
from tests.accounts.people import PASSWORD, SYSTEM, someone


@pytest.fixture
def admin(client: Client) -> User:
    user = someone()
    client.force_login(user)
    return user


@pytest.mark.django_db
def test_an_invited_person_chooses_a_password_once(client: Client, admin: User) -> None:
    response = client.post("/settings/people/new", {"name": "이편집", "email": "e@shop.example", "role": "editor"})
    link = response.context["link"].removeprefix("http://127.0.0.1:8000")
    stranger = Client()
    assert stranger.get(link).status_code == 200
    assert stranger.post(link, {"password": "short"}).status_code == 422
    assert stranger.post(link, {"password": PASSWORD}).status_code == 302
    assert stranger.get("/settings/me").status_code == 200
    assert Client().post(link, {"password": PASSWORD}).status_code == 404
    assert [e.action for e in AuditEntry.objects.order_by("id")] == ["user.create", "user.set_password"]


@pytest.mark.django_db
def test_a_renewed_access_ends_the_old_password_and_sessions(client: Client, admin: User) -> None:
    editor = someone(Role.EDITOR)
    theirs = Client()
    theirs.force_login(editor)
    response = client.post(f"/settings/people/{editor.pk}/access")
    assert "/join/" in response.context["link"]
    assert theirs.get("/settings/me").status_code == 302
    assert not User.objects.get(pk=editor.pk).has_usable_password()


@pytest.mark.django_db
def test_a_deactivated_person_is_out_at_once(client: Client, admin: User) -> None:
    editor = someone(Role.EDITOR)
    theirs = Client()
    theirs.force_login(editor)
    assert theirs.get("/settings/me").status_code == 200
    client.post(f"/settings/people/{editor.pk}", {"name": editor.name, "role": "editor"})
    assert theirs.get("/settings/me").status_code == 302
    entry = AuditEntry.objects.get(action="user.edit")
    assert entry.changes == {"is_active": [True, False]}


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "active"), [("editor", True), ("admin", False)])
def test_the_last_admin_stays(client: Client, admin: User, role: str, active: bool) -> None:
    with pytest.raises(Conflict) as raised:
        actions.edit_user(admin.pk, name="x", role=role, active=active, by=SYSTEM)
    assert raised.value.code == "last_admin"
    form = {"name": "x", "role": role, **({"active": "on"} if active else {})}
    assert client.post(f"/settings/people/{admin.pk}", form).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_two_admins_who_demote_each_other_at_once_leave_one() -> None:
    first, second = someone(), someone(email="second@shop.example")

    def demote(user: User) -> str:
        try:
            actions.edit_user(user.pk, name="x", role="viewer", active=True, by=SYSTEM)
            return "done"
        except PabalError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        outcomes = sorted(threads.map(demote, [first, second]))
    assert outcomes == ["done", "last_admin"]
    assert User.objects.filter(role=Role.ADMIN).count() == 1


@pytest.mark.django_db
def test_changing_the_password_needs_the_old_one_and_ends_other_sessions(client: Client, admin: User) -> None:
    elsewhere = Client()
    elsewhere.force_login(admin)
    assert client.post("/settings/me/password", {"old": "wrong", "new": PASSWORD + "2"}).status_code == 422
    assert client.post("/settings/me/password", {"old": PASSWORD, "new": PASSWORD + "2"}).status_code == 302
    assert client.get("/settings/me").status_code == 200
    assert elsewhere.get("/settings/me").status_code == 302
    assert "twelve" not in str(list(AuditEntry.objects.values()))


@pytest.mark.django_db
def test_own_language_and_zone_change_the_pages(client: Client, admin: User) -> None:
    assert 'lang="ko"' in client.get("/settings/me").content.decode()
    client.cookies["django_language"] = "ko"
    form = {"name": "Ann", "language": "en", "time_zone": "America/New_York"}
    assert client.post("/settings/me", form).status_code == 302
    assert 'lang="en"' in client.get("/settings/me").content.decode()
    assert client.post("/settings/me", {**form, "time_zone": "Mars/Base"}).status_code == 422


@pytest.mark.django_db
def test_bad_people_are_refused() -> None:
    someone()
    for email, role, code in [
        ("nobody", "editor", "invalid_email"),
        ("ADMIN@shop.example", "editor", "email_taken"),
        ("b@shop.example", "king", "invalid_role"),
    ]:
        with pytest.raises(InvalidInput) as raised:
            actions.add_user(email=email, name="B", role=role, by=SYSTEM)
        assert raised.value.code == code
    for uid, token in [("zz", "x"), ("MQ", "x-y"), ("OTk5", "abc-def")]:
        with pytest.raises(NotFound):
            actions.join(uid, token, password=PASSWORD, by=SYSTEM)


def pabal(*words: str) -> int:
    """Run `pabal user …`."""
    parser = argparse.ArgumentParser()
    commands.register(parser.add_subparsers())
    chosen = parser.parse_args(["user", *words])
    return int(chosen.run(chosen))


@pytest.mark.django_db
def test_pabal_user_adds_lists_and_renews(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert pabal("add", "a@shop.example", "--role", "admin") == 0
    link = capsys.readouterr().out.splitlines()[-1]
    assert Client().get(link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    assert pabal("add", "b@shop.example", "--name", "B", "--password-stdin") == 0
    assert User.objects.get(email="b@shop.example").check_password(PASSWORD)
    capsys.readouterr()
    assert pabal("list") == 0
    assert (
        capsys.readouterr().out == "a@shop.example\tadmin\tactive\ta@shop.example\nb@shop.example\tviewer\tactive\tB\n"
    )
    assert pabal("link", "b@shop.example") == 0
    assert "/join/" in capsys.readouterr().out
    with pytest.raises(NotFound):
        pabal("link", "nobody@shop.example")
    with pytest.raises(InvalidInput):
        pabal("add", "a@shop.example")
    assert {e.actor for e in AuditEntry.objects.filter(action="user.create")} == {"command line"}
