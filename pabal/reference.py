"""Pages of `docs/reference/` that are made from the code: `python -m pabal.reference` writes them, a test compares."""
# ruff: noqa: T201

from __future__ import annotations

import sys
from pathlib import Path

from pabal import config
from pabal.delivery.mms_reference import mms_page
from pabal.kakao.reference import kakao_messages_page
from pabal.policy.reference import quiet_hours_page, skip_reasons_page

DOCS = Path(__file__).parent.parent / "docs" / "reference"


def settings_page() -> str:
    """Each option with its environment variable and default."""
    lines = [
        "# Settings",
        "",
        "<!-- made by `python -m pabal.reference` -->",
        "",
        "A setting is read from the environment, else from `pabal.toml` in `PABAL_HOME`, else its default holds.",
        "Nothing is read again while a process runs.",
        "",
        "```toml",
        "# ~/.pabal/pabal.toml",
        'public_url = "https://pabal.example.com"',
        'link_base = "https://go.example.com"',
        "web_workers = 2",
        "```",
        "",
        "| `pabal.toml` | environment | default | what it does |",
        "|---|---|---|---|",
    ]
    for name, text, default in config.options():
        shown = f"`{str(default).lower() if isinstance(default, bool) else default}`" if default != "" else "–"
        key = "–" if name == "home" else f"`{name}`"
        lines.append(f"| {key} | `PABAL_{name.upper()}` | {shown} | {text} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """File name below `docs/reference/` → its text."""
    return {
        "settings.md": settings_page(),
        "skip-reasons.md": skip_reasons_page(),
        "quiet-hours.md": quiet_hours_page(),
        "mms.md": mms_page(),
        "kakao-messages.md": kakao_messages_page(),
    }


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, "utf-8")
        print(f"docs/reference/{name}")
    sys.exit(0)
