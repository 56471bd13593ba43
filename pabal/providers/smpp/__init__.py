"""SMPP 3.4."""

from pabal.providers.smpp.provider import Smpp
from pabal.providers.smpp.settings import SmppSettings

__all__ = ["Smpp", "SmppSettings"]
