"""A KakaoTalk message as its reader sees it: one renderer for the composer, previews, the handset and a person's journey."""

from pabal.console.kakao.bubble import Channel, Picture, bubble

__all__ = ["Channel", "Picture", "bubble"]
