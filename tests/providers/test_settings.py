"""Settings as forms: labels in both languages, errors that name the field."""

from __future__ import annotations

from typing import Any

import pytest

from pabal.errors import InvalidInput, NotFound
from pabal.providers.reasons import LABELS, Reason
from pabal.providers.registry import PROVIDERS, get, make
from pabal.providers.settings import fields

SMPP = {"host": "localhost", "system_id": "pabal", "password": "secret"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_setting_has_a_label_in_both_languages(name: str) -> None:
    described = fields(get(name).settings_type)
    assert described
    for field in described:
        assert field.label["en"], field.name
        assert field.label["ko"], field.name
        assert bool(field.help["en"]) == bool(field.help["ko"]), field.name
        assert all(label["en"] and label["ko"] for label in field.choices.values()), field.name
        assert (field.kind == "choice") == bool(field.choices)


def test_every_reason_has_a_label_in_both_languages() -> None:
    assert set(LABELS) == set(Reason)
    assert all(set(labels) == {"en", "ko"} for labels in LABELS.values())


def test_only_the_password_of_smpp_is_secret() -> None:
    assert [field.name for field in fields(get("smpp").settings_type) if field.secret] == ["password"]


def test_form_values_are_converted_and_empty_ones_mean_the_default() -> None:
    provider: Any = make("smpp", {**SMPP, "port": "3550", "tls": "true", "window": "", "system_type": ""})
    assert (provider.settings.port, provider.settings.tls, provider.settings.window) == (3550, True, 50)


@pytest.mark.parametrize(
    ("name", "values", "field", "code", "said"),
    [
        ("smpp", {**SMPP, "host": ""}, "host", "setting_required", "Host is required."),
        ("smpp", {**SMPP, "port": "70000"}, "port", "setting_invalid", "Port: Expected `int` <= 65535."),
        ("smpp", {**SMPP, "bind": "both"}, "bind", "setting_invalid", "Bind: Invalid enum value 'both'."),
        ("smpp", {**SMPP, "colour": "red"}, "colour", "unknown_setting", "There is no setting “colour”."),
        ("sandbox", {"failed": "2"}, "failed", "setting_invalid", "Share that fails: Expected `float` <= 1.0."),
        ("sandbox", {"failures": "bad=1"}, None, "setting_invalid", "'bad' is not a valid Reason."),
    ],
)
def test_a_wrong_setting_is_named(name: str, values: dict[str, Any], field: str | None, code: str, said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make(name, values)
    assert (caught.value.field, caught.value.code, str(caught.value)) == (field, code, said)


def test_errors_speak_korean() -> None:
    with pytest.raises(InvalidInput, match="호스트: 필수 항목입니다"):
        make("smpp", {}, language="ko")


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(NotFound):
        make("pigeon", {})


def test_capabilities_follow_the_settings() -> None:
    plain, korean = make("smpp", SMPP), make("smpp", {**SMPP, "euckr": True, "window": 7})
    assert "euckr" not in plain.capabilities.encodings
    assert "euckr" in korean.capabilities.encodings
    assert korean.capabilities.max_window == 28
