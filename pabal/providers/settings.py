"""Settings of a provider as data, so that the console can build a form and check it.

A provider declares a frozen `msgspec.Struct` whose fields are annotated with `setting(...)`; everything is a scalar
(text, number, yes/no, choice), so one form serves them all. Secrets are marked, to be encrypted at rest and never
shown again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import inspect

from pabal.errors import InvalidInput

FieldKind = Literal["text", "integer", "number", "boolean", "choice"]
Settings = TypeVar("Settings", bound=msgspec.Struct)


def setting(
    en: str,
    ko: str,
    *,
    help_en: str = "",
    help_ko: str = "",
    secret: bool = False,
    at_least: float | None = None,
    at_most: float | None = None,
    choices: Mapping[str, tuple[str, str]] | None = None,
) -> msgspec.Meta:
    """Annotate one field of a settings struct with its label, its help text, and its limits (inclusive).

    `choices` are the values of a literal type in the order in which they are offered, labelled in English and Korean.
    """
    limits: dict[str, Any] = {"ge": at_least, "le": at_most}
    return msgspec.Meta(
        extra={
            "label": {"en": en, "ko": ko},
            "help": {"en": help_en, "ko": help_ko},
            "secret": secret,
            "choices": {value: {"en": labels[0], "ko": labels[1]} for value, labels in (choices or {}).items()},
        },
        **{name: limit for name, limit in limits.items() if limit is not None},
    )


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One input of the form. `default` is None when the field is required; `choices` are values with their labels."""

    name: str
    kind: FieldKind
    label: dict[str, str]
    help: dict[str, str]
    secret: bool
    required: bool
    default: str | int | float | bool | None = None
    choices: dict[str, dict[str, str]] = {}
    at_least: float | None = None
    at_most: float | None = None


def fields(settings_type: type[msgspec.Struct]) -> list[Field]:
    """The form of a provider, in the order in which its settings are declared."""
    info = inspect.type_info(settings_type)
    assert isinstance(info, inspect.StructType)
    return [_field(field) for field in info.fields]


def parse(settings_type: type[Settings], values: Mapping[str, Any], *, language: str = "en") -> Settings:
    """Make settings from form values or stored ones: text is converted, an empty value means the default.

    Raises `InvalidInput` that names the field.
    """
    labels = {field.name: field.label.get(language, field.label["en"]) for field in fields(settings_type)}
    for name in values:
        if name not in labels:
            raise InvalidInput(f"There is no setting “{name}”.", field=name, code="unknown_setting")
    given = {name: value for name, value in values.items() if value not in ("", None)}
    try:
        return msgspec.convert(given, settings_type, strict=False)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        if missing := _MISSING.match(what):
            name = missing[1]
            message = f"{labels[name]}: 필수 항목입니다." if language == "ko" else f"{labels[name]} is required."
            raise InvalidInput(message, field=name, code="setting_required") from error
        name = where.rstrip("`")
        hint = "값을 확인해 주십시오." if language == "ko" else f"{what}."
        label = f"{labels[name]}: " if name in labels else ""
        raise InvalidInput(f"{label}{hint}", field=name or None, code="setting_invalid") from error


_MISSING = re.compile(r"Object missing required field `(\w+)`")


def _field(field: inspect.Field) -> Field:
    described = field.type
    extra: Mapping[str, Any] = {}
    if isinstance(described, inspect.Metadata):
        extra, described = described.extra or {}, described.type
    kind: FieldKind
    choices: dict[str, dict[str, str]] = {}
    match described:
        case inspect.LiteralType(values=values):
            kind, choices = "choice", extra.get("choices", {})
            if set(choices) != set(values):
                raise TypeError(f"the choices of setting {field.name} are not all labelled")
        case inspect.BoolType():
            kind = "boolean"
        case inspect.IntType():
            kind = "integer"
        case inspect.FloatType():
            kind = "number"
        case inspect.StrType():
            kind = "text"
        case _:
            raise TypeError(f"setting {field.name} must be a scalar, not {described}")
    if "label" not in extra:
        raise TypeError(f"setting {field.name} has no label")
    return Field(
        name=field.name,
        kind=kind,
        label=extra["label"],
        help=extra["help"],
        secret=extra["secret"],
        required=field.required,
        default=None if field.required else field.default,
        choices=choices,
        at_least=getattr(described, "ge", None),
        at_most=getattr(described, "le", None),
    )
