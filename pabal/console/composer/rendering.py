"""The message as one person reads it: every string rendered with the same templates as texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pabal.content.failures import TemplateError
from pabal.content.template import compile_template
from pabal.kakao import places
from pabal.kakao.message import KakaoMessage


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """`message` as it is read; strings with a mistake stay as written and are named in `errors`, by path."""

    message: KakaoMessage
    errors: Mapping[str, TemplateError] = field(default_factory=dict)
    variables: tuple[str, ...] = ()


def render(message: KakaoMessage, values: Mapping[str, Any]) -> Rendered:
    """Render each personal string. Never raises for what the author wrote."""
    found: dict[str, str] = {}
    errors: dict[str, TemplateError] = {}
    variables: dict[str, None] = {}
    for place in places.strings(message):
        if not place.personal or ("{{" not in place.value and "{%" not in place.value):
            continue
        try:
            template = compile_template(place.value)
            variables.update(dict.fromkeys(template.variables))
            found[place.path] = template.render(values)
        except TemplateError as error:
            errors[place.path] = error
    return Rendered(message=places.with_strings(message, found), errors=errors, variables=tuple(variables))
