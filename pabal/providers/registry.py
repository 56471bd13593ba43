"""Every provider by the name that is stored. To add one, see `docs/how-to/add-a-provider.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pabal.errors import NotFound
from pabal.providers.base import Provider
from pabal.providers.nhn import Nhn
from pabal.providers.nhn_kakao import NhnKakao
from pabal.providers.sandbox import Sandbox
from pabal.providers.settings import parse
from pabal.providers.smpp import Smpp
from pabal.providers.solapi import Solapi
from pabal.providers.twilio import Twilio
from pabal.providers.webhook import Webhook

PROVIDERS: Final[Mapping[str, type[Provider]]] = {
    Sandbox.name: Sandbox,
    Smpp.name: Smpp,
    Solapi.name: Solapi,
    Nhn.name: Nhn,
    NhnKakao.name: NhnKakao,
    Twilio.name: Twilio,
    Webhook.name: Webhook,
}


def get(name: str) -> type[Provider]:
    """The class of this name. Raises `NotFound`."""
    try:
        return PROVIDERS[name]
    except KeyError:
        raise NotFound(f"There is no provider “{name}”.", code="unknown_provider") from None


def make(name: str, values: Mapping[str, Any], *, language: str = "en") -> Provider:
    """A provider with these settings, not yet open. Raises `NotFound`, or `InvalidInput` that names the setting."""
    provider = get(name)
    return provider(parse(provider.settings_type, values, language=language))
