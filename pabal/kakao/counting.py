"""Lengths as KakaoTalk counts them, for the checks and for the editor's counters.

Gateways count UTF-16 units (their servers are Java and JavaScript): a character beyond the basic plane, such as most emoji,
counts two. Spaces and newlines count. Source: Solapi's rules (`.length` of the string).
"""

from __future__ import annotations


def length(text: str) -> int:
    """Characters of a text."""
    text = text.replace("\r\n", "\n")
    return len(text) + sum(1 for character in text if character > "\uffff")


def newlines(text: str) -> int:
    """Line breaks of a text: `\\r\\n`, `\\r` and `\\n` alike."""
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
