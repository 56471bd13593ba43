"""Columns are recognised by their names and their values, Korean and English."""

from __future__ import annotations

from pathlib import Path

import pytest

from pabal.audience import files, mapping
from pabal.audience.file_facts import FileFacts
from pabal.audience.refused_file import ADDED
from pabal.errors import InvalidInput


def facts(folder: Path, *lines: str) -> FileFacts:
    path = folder / "contacts"
    path.write_text("\n".join(lines), "utf-8")
    return files.inspect(path)


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("이름,휴대폰,이메일,회원번호", "김민수,010-1234-5678,a@b.kr,7", "full_name phone email external_id"),
        ("성,이름,핸드폰 번호", "김,민수,01012345678", "last_name first_name phone"),
        ("성,성명,연락처", "김,김민수,01012345678", "ignore full_name phone"),
        ("고객번호,전화번호,생일,도시", "C1,010-1-2,1990-01-02,서울", "external_id phone property:date:생일 property:text:도시"),
        ("휴대폰,수신동의,동의일시", "010-1234-5678,Y,2026-01-02", "phone consent consent_at"),
        ("First Name,Last Name,Mobile Phone,E-mail", "Ann,Lee,+12125550100,a@b.com", "first_name last_name phone email"),
        ("customer_id,phone,country,time zone,language", "1,+1212,US,America/New_York,en", "external_id phone country time_zone locale"),
        ("phone,points,vip,zip", "+12125550100,\"1,200\",yes,01234", "phone property:number:points property:boolean:vip property:text:zip"),
        ("A,B", "010-1234-5678,kim@shop.kr", "phone email"),
        ("휴대폰,휴대폰2", "010-1234-5678,010-2222-3333", "phone property:text:휴대폰2"),
        ("phone model,mobile", "iPhone,+12125550100", "property:text:phone model phone"),
        ("phone,last_purchase,first order", "+12125550100,2026-01-02,shoes", "phone property:date:last_purchase property:text:first order"),
        ("order id,id,phone", "77,5,+12125550100", "property:number:order id external_id phone"),
    ],
)  # fmt: skip
def test_columns_are_guessed(tmp_path: Path, header: str, row: str, expected: str) -> None:
    guessed = mapping.as_json(mapping.guess(facts(tmp_path, header, row)))
    assert " ".join(guessed.values()) == expected


def test_a_corrected_file_of_refused_rows_maps_like_the_original(tmp_path: Path) -> None:
    guessed = mapping.guess(facts(tmp_path, ",".join([*ADDED["ko"], "이름", "휴대폰"]), "2,x,y,김민수,01012345678"))
    assert [target.field for target in guessed.values()] == ["ignore", "ignore", "ignore", "full_name", "phone"]


@pytest.mark.parametrize("word", ["phone", "ignore", "property:number:points", "property:text:a:b"])
def test_a_target_survives_its_word(word: str) -> None:
    assert mapping.Target.parse(word).word == word


def test_a_word_that_is_no_field_names_a_property() -> None:
    assert mapping.Target.parse("grade").word == "property:text:grade"
    assert mapping.Target.parse("property", column="등급").word == "property:text:등급"


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"이름": "full_name"}, "no_identity_column"),
        ({"휴대폰": "phone", "이름": "phone"}, "field_twice"),
        ({"휴대폰": "phone", "이름": "property:text:x", "등급": "property:number:x"}, "field_twice"),
        ({"없는 열": "phone"}, "unknown_column"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused(tmp_path: Path, chosen: dict[str, str], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        mapping.check(mapping.from_json(chosen), facts(tmp_path, "이름,휴대폰,등급", "김민수,01012345678,VIP"))
    assert refused.value.code == code
