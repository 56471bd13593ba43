"""An import creates and updates people, merges duplicates, refuses what it cannot use, and counts each row once."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from typing import Any

import pytest
from psycopg import errors as pg

from pabal import config
from pabal.audience import import_actions, importing, people_sql
from pabal.audience.lists import create_list
from pabal.audience.models import ConsentEvent, Import, ImportState, ListMember, Profile, Property
from pabal.audience.refused_file import RefusedFile
from pabal.errors import Conflict, InvalidInput
from tests.audience.people import imported, people, refused_rows, upload

pytestmark = pytest.mark.django_db


def total(import_: Import) -> bool:
    """Whether each row of the file is counted exactly once."""
    counts = import_.counts
    parts = ("created", "updated", "unchanged", "merged", "refused")
    return bool(counts["rows"] == sum(counts[part] for part in parts) == import_.rows_done == import_.rows_total)


def test_people_are_created_with_everything_that_the_file_says() -> None:
    done = imported(
        "회원번호,이름,휴대폰,이메일,생일,포인트,우수회원,도시\n"
        "C1,남궁민수,010-1234-5678,kim@shop.kr,1990.1.2,\"1,200\",예,서울\n"
    )  # fmt: skip
    assert done.state == ImportState.DONE, done.error
    person = Profile.objects.get()
    assert (person.external_id, person.phone, person.country, person.zones) == (
        "C1", "+821012345678", "KR", "Asia/Seoul",
    )  # fmt: skip
    assert (person.first_name, person.last_name, person.email) == ("민수", "남궁", "kim@shop.kr")
    assert person.properties == {"생일": "1990-01-02", "포인트": 1200, "우수회원": True, "도시": "서울"}
    assert dict(Property.objects.values_list("name", "kind")) == {
        "생일": "date", "포인트": "number", "우수회원": "boolean", "도시": "text",
    }  # fmt: skip
    assert total(done)


def test_a_number_without_a_statement_is_no_consent() -> None:
    imported("휴대폰\n010-1234-5678\n")
    assert not ConsentEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_people_who_are_known_are_updated_and_nothing_is_emptied() -> None:
    imported("id,phone,first name,등급,도시\n1,010-1234-5678,민수,VIP,서울\n2,010-2222-3333,서연,GOLD,부산\n")
    before = dict(Profile.objects.values_list("external_id", "xid"))
    done = imported("id,phone,first name,등급,나이\n1,010-9999-8888,,GOLD,30\n2,010-2222-3333,서연,GOLD,\n3,,지훈,,\n")
    assert (done.counts["created"], done.counts["updated"], done.counts["unchanged"]) == (1, 1, 1)
    assert people("external_id", "phone", "first_name", "properties") == [
        ("1", "+821099998888", "민수", {"등급": "GOLD", "도시": "서울", "나이": 30}),
        ("2", "+821022223333", "서연", {"등급": "GOLD", "도시": "부산"}),
        ("3", "", "지훈", {}),
    ]
    after = dict(Profile.objects.values_list("external_id", "xid"))
    assert after["1"] > before["1"], "the warehouse has to learn of it"
    assert after["2"] == before["2"], "a row that says nothing new is not written"
    assert total(done)


def test_duplicates_in_a_file_become_one_person_and_the_last_word_counts() -> None:
    done = imported(
        "id,phone,first name,도시\n"
        "1,010-1234-5678,민수,서울\n"
        "1,,,부산\n"
        ",+82 10 1234 5678,준호,\n"  # no id, but the phone of 1
        ",010-2222-3333,가,\n"
        ",01022223333,나,대구\n"
    )
    assert people("external_id", "phone", "first_name", "properties") == [
        ("1", "+821012345678", "준호", {"도시": "부산"}),
        (None, "+821022223333", "나", {"도시": "대구"}),
    ]
    assert (done.counts["created"], done.counts["merged"]) == (2, 3)
    assert total(done)


def test_duplicates_far_apart_in_a_file_are_counted_as_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "ROWS", 10)
    monkeypatch.setattr("pabal.audience.csv_files._SMALLEST", 200)
    monkeypatch.setattr("pabal.audience.csv_files._LARGEST", 400)
    rows = [f"{n % 60},010-{1000 + n % 60}-5678,name{n}" for n in range(180)]
    done = imported("id,phone,first name\n" + "\n".join(rows) + "\n")
    assert (done.counts["created"], done.counts["updated"], done.counts["merged"]) == (60, 0, 120)
    assert {name for (name,) in people("first_name")} == {f"name{n}" for n in range(120, 180)}
    assert total(done)


def test_a_person_known_by_phone_alone_is_given_the_id_of_the_first_who_claims_it() -> None:
    imported("phone,first name\n010-1234-5678,민수\n")
    done = imported("id,phone\nA,010-1234-5678\nB,010-1234-5678\n")
    assert people("external_id", "phone", "first_name") == [
        ("A", "+821012345678", "민수"),
        ("B", "+821012345678", ""),
    ]
    assert (done.counts["created"], done.counts["updated"]) == (1, 1)


def test_a_row_without_an_id_is_the_oldest_person_with_that_phone() -> None:
    imported("id,phone\nA,010-1234-5678\nB,010-1234-5678\n")
    imported("phone,first name\n010-1234-5678,민수\n")
    assert people("external_id", "first_name") == [("A", "민수"), ("B", "")]


def test_people_with_an_email_alone_are_found_again_by_it() -> None:
    imported("email,first name\nKim@shop.kr,가\n")
    imported("email,first name\nkim@SHOP.kr,나\n")
    assert people("first_name") == [("나",)]


def test_every_refused_row_is_in_a_file_with_its_reason_and_nothing_of_it_is_imported() -> None:
    done = imported(
        "id,phone,memo,country\n"
        "1,02-123-4567,전화,\n"
        "2,8.21E+11,엑셀,\n"
        ",,아무도,\n"
        "4,010-1234-5678,\"두\n줄\",\n"
        "5,123,,KR\n"
        "6,010-1234-5678,,아틀란티스\n"
        "7,010-1111-2222,너무,KR,많다\n"
    )  # fmt: skip
    assert people("external_id") == [("4",)]
    assert done.refusals == {
        "not_mobile": 1, "scientific_notation": 1, "no_identity": 1, "too_short": 1, "unknown_country_name": 1,
        "too_many_cells": 1,
    }  # fmt: skip
    rows = refused_rows(done)
    assert rows[0] == ["줄 번호", "거부 코드", "거부 사유", "id", "phone", "memo", "country"]
    assert [(row[0], row[1]) for row in rows[1:]] == [
        ("2", "not_mobile"), ("3", "scientific_notation"), ("4", "no_identity"), ("7", "too_short"),
        ("8", "unknown_country_name"), ("9", "too_many_cells"),
    ]  # fmt: skip
    assert rows[1][3:] == ["1", "02-123-4567", "전화", ""]
    assert rows[1][2] == "휴대전화 번호가 아니어서 문자를 받을 수 없습니다"
    assert total(done)


def test_a_corrected_file_of_refused_rows_can_be_imported() -> None:
    done = imported("id,phone\n1,010-12\n2,010-1234-5678\n")
    path = config.get().home_path / done.refused_path
    again = imported(path.read_bytes().replace(b"010-12", b"010-1111-2222"))
    assert (again.counts["created"], again.counts["refused"]) == (1, 0)
    assert Profile.objects.filter(external_id="1", phone="+821011112222").exists()


def test_a_bad_email_does_not_cost_the_phone_and_is_counted() -> None:
    done = imported(
        "phone,email,나이\n010-1234-5678,a@b.kr,30\n010-2222-3333,없음,모름\n010-3333-4444,kim at shop,31\n"
    )
    assert people("email", "properties") == [("a@b.kr", {"나이": "30"}), ("", {"나이": "모름"}), ("", {"나이": "31"})]
    assert done.counts["unread"] == {"email": 1}


def test_a_value_that_does_not_fit_its_kind_is_kept_as_text_and_counted() -> None:
    import_ = import_actions.start_import(
        io.BytesIO("phone,나이\n010-1234-5678,30\n010-2222-3333,모름\n".encode()), name="x", by=None
    )
    import_actions.choose_mapping(import_, {"phone": "phone", "나이": "property:number:age"})
    import_actions.mark_queued(import_)
    done = importing.run(import_.pk)
    assert people("properties") == [({"age": 30},), ({"age": "모름"},)]
    assert done.counts["unread"] == {"age": 1}


def test_people_join_the_list_and_its_size_is_right() -> None:
    list_ = create_list("VIP")
    first = imported("phone\n010-1234-5678\n010-2222-3333\n", list_=list_)
    second = imported("phone\n010-2222-3333\n010-4444-5555\n", list_=list_)
    list_.refresh_from_db()
    assert (first.counts["joined"], second.counts["joined"], list_.size) == (2, 1, 3)
    assert ListMember.objects.filter(list=list_, removed_at=None).count() == 3


def test_national_numbers_are_read_by_the_row_s_own_country() -> None:
    imported("phone,country\n010-1234-5678,\n(212) 555-0100,US\n07700 900123,영국\n")
    assert people("phone", "country") == [
        ("+821012345678", "KR"), ("+12125550100", "US"), ("+447700900123", "GB"),
    ]  # fmt: skip


def test_every_way_a_text_can_hurt_arrives_as_it_was() -> None:
    texts = [
        "'; DROP TABLE profile; --",
        'a"b',
        "back\\slash",
        "\\N",
        "\\.",
        "가나\t다",
        "👨‍👩‍👧",
        '{"a":1}',
        "NULL",
        "x'||'y",
    ]
    body = "".join(f'010-{1000 + n}-5678,"{text.replace(chr(34), chr(34) * 2)}"\n' for n, text in enumerate(texts))
    imported("phone,memo\n" + body)
    assert [properties["memo"] for (properties,) in people("properties")] == texts


def test_a_full_disk_fails_the_import_and_it_goes_on_when_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    import_ = upload("phone\n010-1234-5678\n12\n")
    with monkeypatch.context() as patch:
        patch.setattr(RefusedFile, "append", full)
        failed = importing.run(import_.pk)
    assert failed.state == ImportState.FAILED
    assert failed.error is not None
    assert failed.error["code"] == "disk_full"
    assert not Profile.objects.exists(), "the chunk was not committed"
    import_actions.mark_queued(failed)
    done = importing.run(import_.pk)
    assert (done.state, done.counts["created"], done.counts["refused"]) == (ImportState.DONE, 1, 1)


def test_a_full_disk_of_the_database_is_said_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise pg.DiskFull("could not extend file")

    import_ = upload("phone\n010-1234-5678\n")
    monkeypatch.setattr(people_sql, "stage", full)
    failed = importing.run(import_.pk)
    assert (failed.state, failed.error and failed.error["code"]) == (ImportState.FAILED, "disk_full")


def test_a_file_that_is_gone_is_said_as_such() -> None:
    import_ = upload("phone\n010-1234-5678\n")
    (config.get().home_path / import_.path).unlink()
    failed = importing.run(import_.pk)
    assert (failed.state, failed.error and failed.error["code"]) == (ImportState.FAILED, "file_missing")


def test_an_import_runs_once() -> None:
    done = imported("phone\n010-1234-5678\n")
    again = importing.run(done.pk)
    assert again.counts == done.counts
    with pytest.raises(Conflict):
        import_actions.mark_queued(done)
    with pytest.raises(Conflict):
        import_actions.choose_mapping(done, {"phone": "phone"})


def test_a_name_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    import_ = upload("phone\n010-1234-5678\n", name="../../etc/passwd")
    assert import_.name == "passwd"
    assert (config.get().home_path / import_.path).resolve().parent == importing.imports_folder().resolve()


def test_an_unreadable_upload_leaves_nothing_behind() -> None:
    before = set(importing.imports_folder().iterdir())
    with pytest.raises(InvalidInput):
        upload(b"")
    assert set(importing.imports_folder().iterdir()) == before
    assert not Import.objects.exists()
