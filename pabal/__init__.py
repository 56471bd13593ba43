"""Pabal: self-hosted marketing text messages and KakaoTalk."""

__version__ = "0.1.0"
