"""A carrier simulated in this process, for trying things out and for tests."""

from pabal.providers.sandbox.carrier import Sandbox
from pabal.providers.sandbox.settings import SandboxSettings

__all__ = ["Sandbox", "SandboxSettings"]
