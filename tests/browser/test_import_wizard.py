"""From a file on the marketer's disk to people on a list, through the real pages in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from pabal.accounts.models import AuditEntry, Role
from pabal.audience import importing
from pabal.audience.models import Consent, Import, List, Profile
from tests.accounts.people import someone
from tests.browser.conftest import OpenConsole

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

ROWS = [
    "고객명,휴대폰번호,등급,마케팅수신동의",
    "김민지,010-0000-0001,VIP,Y",
    "남궁서연,010-0000-0002,골드,N",
    "이도윤,02-123-4567,실버,Y",
    "김민지,01000000001,VIP,Y",
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "가을고객.csv"
    path.write_bytes(("\r\n".join(ROWS) + "\r\n").encode("cp949"))
    return path


def test_a_korean_file_becomes_a_list_of_people_who_agreed(open_console: OpenConsole, file: Path) -> None:
    page = open_console(someone(Role.EDITOR), "/imports/new", language="ko")
    page.set_input_files("input[type=file]", str(file))
    assert "가을고객.csv" in page.inner_text("[data-drop-name]")
    page.get_by_role("button", name="다음").click()

    page.wait_for_url("**/columns")
    preview = page.locator("#preview")
    preview.get_by_text("휴대전화 번호가 아니어서 문자를 받을 수 없습니다").last.wait_for()
    assert "+821000000001" in preview.inner_text()
    assert "남궁서연" in preview.inner_text()
    page.get_by_role("button", name="다음").click()

    page.wait_for_url("**/consent")
    page.get_by_label("예, 동의했습니다").check()
    page.get_by_label("동의한 시점").fill("2026-01-05T10:00")
    page.get_by_label("동의를 받은 곳").fill("회원가입 화면")
    page.get_by_label("동의 문구").fill("소식과 혜택을 문자로 받는 것에 동의합니다.")
    page.get_by_role("button", name="다음").click()

    page.wait_for_url("**/check")
    assert "회원가입 화면" in page.inner_text("main")
    page.get_by_role("button", name="4행 가져오기").click()

    row = Import.objects.get()
    page.wait_for_url(f"**/imports/{row.pk}")
    assert page.locator("#import[hx-trigger]").count() == 1
    assert importing.run(row.pk).state == "done"
    page.get_by_text("파일의 행").wait_for()  # the page noticed by itself
    page.locator("#import:not([hx-trigger])").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="거부된 행").click()
    assert "02-123-4567" in Path(download.value.path()).read_text("utf-8-sig")

    page.get_by_role("link", name="리스트 보기").click()
    page.get_by_role("link", name="김민지").wait_for()
    assert List.objects.get().size == 2
    agreed = Consent.objects.get(profile__phone="+821000000001", channel="text", purpose="promotional")
    refused = Consent.objects.get(profile__phone="+821000000002", channel="text", purpose="promotional")
    assert (agreed.state, refused.state) == ("subscribed", "unsubscribed")
    assert Profile.objects.get(phone="+821000000002").last_name == "남궁"
    assert AuditEntry.objects.filter(action="import.start").count() == 1


def test_the_preview_follows_the_choice_of_columns(open_console: OpenConsole, file: Path) -> None:
    page = open_console(someone(Role.EDITOR), "/imports/new")
    page.set_input_files("input[type=file]", str(file))
    page.get_by_role("button", name="Next").click()
    page.wait_for_url("**/columns")
    preview = page.locator("#preview")
    preview.get_by_role("columnheader", name="등급").wait_for()

    page.get_by_label("“등급” becomes").select_option("ignore")
    preview.get_by_role("columnheader", name="등급").wait_for(state="detached")

    page.get_by_label("“휴대폰번호” becomes").select_option("ignore")
    preview.get_by_text("Say which column is the phone number").wait_for()

    page.get_by_label("“휴대폰번호” becomes").select_option("phone")
    page.get_by_label("“고객명” becomes").select_option("phone")
    preview.get_by_text("is this already").wait_for()


def test_a_file_that_is_no_contact_list_is_refused_beside_its_field(open_console: OpenConsole, tmp_path: Path) -> None:
    picture = tmp_path / "photo.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20)
    page = open_console(someone(Role.EDITOR), "/imports/new")
    page.set_input_files("input[type=file]", str(picture))
    page.get_by_role("button", name="Next").click()
    page.locator(".field-error").wait_for()
    assert "not a text file" in page.inner_text(".field-error")
    assert not Import.objects.exists()


def test_people_are_found_while_typing(open_console: OpenConsole) -> None:
    for number in range(1, 6):
        Profile.objects.create(phone=f"+82100000000{number}", last_name="김", first_name=f"민{number}", country="KR")
    page = open_console(someone(Role.VIEWER), "/profiles/")
    page.get_by_role("searchbox").press_sequentially("0003")
    page.wait_for_url("**q=0003**")
    page.get_by_text("김민3").wait_for()
    page.get_by_text("김민1").wait_for(state="detached")


@pytest.mark.parametrize("path", ["/profiles/", "/lists/", "/imports/", "/imports/new", "/profiles/new", "/lists/new"])
def test_pages_fit_a_phone(open_console: OpenConsole, path: str) -> None:
    page = open_console(someone(Role.EDITOR), path, width=390, language="ko")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
