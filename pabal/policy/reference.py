"""The policy's pages of `docs/reference/`, made from its data."""

from __future__ import annotations

from typing import Any

from pabal.policy.laws import facts
from pabal.policy.skips import SKIP_WORDS, SkipReason

MADE = "<!-- made by `python -m pabal.reference` -->"


def skip_reasons_page() -> str:
    """Each skip reason in the order of the rules."""
    lines = [
        "# Skip reasons",
        "",
        MADE,
        "",
        "Every candidate of a campaign gets a message or one of these reasons. The rules are asked in this order and the",
        "first that fails is the reason. The last four are found when the text is made. Codes are stored and never change.",
        "",
        "An *informational* message (an order, a delivery) needs no marketing consent and knows no promotional hours and",
        "caps; all other rules hold for it too.",
        "",
        "| code | key | English | 한국어 | why | what to do |",
        "|---|---|---|---|---|---|",
    ]
    for reason in SkipReason:
        words = SKIP_WORDS[reason]
        label, why, remedy = words.label, words.why["en"], words.remedy["en"]
        lines.append(f"| {int(reason)} | `{reason.key}` | {label['en']} | {label['ko']} | {why} | {remedy} |")
    return "\n".join(lines) + "\n"


def quiet_hours_page() -> str:
    """Legal hours and caps of each place, with the sources."""
    data = facts()
    lines = [
        "# Quiet hours",
        "",
        MADE,
        "",
        f"Engineering reading of {data['as_of']:%Y-%m-%d}, not legal advice.",
        "",
        "A promotional message arrives only when the clock at the recipient's place shows an hour that both the law and the",
        "company's own window (09:00 to 20:00 unless the campaign says otherwise) allow. What is planned outside is *held* until",
        "the next opening or *skipped*, as the campaign chooses; held messages whose opening comes after the campaign's time-out",
        "are skipped as `deadline_passed`. A place that never opens is skipped as `outside_hours`.",
        "",
        "- The place follows from the phone number: country, time zones, and in the United States the state of the area code.",
        "- A number that may lie in several zones is allowed only when it is allowed in all of them. With no known zone, all",
        "  zones of its country count.",
        "- When clocks change, an hour that is skipped never comes, and an hour that is repeated counts both times.",
        "- In Korea a separate consent for the night lifts the law's hours; the company's window still holds.",
        "- Informational messages follow the company's window alone, or none when quiet hours are off.",
        "",
        "| place | every day | Saturday | Sunday | public holidays | per number in 24 h | source |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, rules) for name, rules in [*sorted(data["place"].items()), ("all others", data["default"])]]
    lines += [
        "",
        "`US` holds for states that are not listed. A US number whose state is unknown gets the strictest of all.",
        "",
        "## Sources",
        "",
        *(f"- `{key}`: {text}" for key, text in data["source"].items()),
    ]
    return "\n".join(lines) + "\n"


def _row(name: str, rules: dict[str, Any]) -> str:
    if "same_as" in rules:
        return f"| {name} | as {rules['same_as']} | | | | | |"
    cells = [
        name,
        rules["hours"].replace("-", "–"),
        rules.get("saturday", "").replace("-", "–"),
        rules.get("sunday", "").replace("-", "–"),
        "closed" if "holidays" in rules else "",
        str(rules.get("cap_24h", "")),
        ", ".join(rules["source"]),
    ]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |").replace("|  |", "| |")
