"""Pages of KakaoTalk: channels, the composer, its pictures."""
