"""Code that sends events to this installation, ready to be pasted: tested by `tests/edge` with the same libraries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from pabal.audience.models import WriteKeyKind


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A piece of code and what it is for."""

    title: Any
    note: Any
    code: str


def samples(key: str, kind: str, edge: str) -> list[Sample]:
    """What the shop pastes: libraries of servers, or the snippet of a page."""
    if kind == WriteKeyKind.BROWSER:
        return [
            Sample(
                title=_("In every page"),
                note=_("Before </head>. It reports each page view by itself and keeps what happens offline."),
                code=snippet(key, edge),
            ),
            Sample(
                title=_("What visitors do"),
                note=_("Anywhere in your pages, even before the snippet is loaded."),
                code=(
                    'pabal.track("Product Viewed", { product: "sneaker-1", price: 89000 });\n'
                    'pabal.identify("customer-17", { first_name: "지우" });'
                ),
            ),
        ]
    return [
        Sample(title="curl", note=_("One event, to try it."), code=curl(key, edge)),
        Sample(
            title="Python",
            note=_("Segment’s own library; only the host is another."),
            code=(
                "# pip install segment-analytics-python\n"
                "import segment.analytics as analytics\n\n"
                f'analytics.write_key = "{key}"\n'
                f'analytics.host = "{edge}"\n\n'
                'analytics.identify("customer-17", {"phone": "+821000000017", "first_name": "지우"})\n'
                'analytics.track("customer-17", "Order Completed", {"order_id": "A-1001", "total": 42000})\n'
                "analytics.flush()"
            ),
        ),
        Sample(
            title="Node.js",
            note=_("Segment’s own library; only the host is another."),
            code=(
                "// npm install @segment/analytics-node\n"
                'import { Analytics } from "@segment/analytics-node";\n\n'
                f'const analytics = new Analytics({{ writeKey: "{key}", host: "{edge}" }});\n\n'
                'analytics.identify({ userId: "customer-17", traits: { phone: "+821000000017", first_name: "지우" } });\n'
                "analytics.track({\n"
                '  userId: "customer-17",\n'
                '  event: "Order Completed",\n'
                '  properties: { order_id: "A-1001", total: 42000 },\n'
                "});\n"
                "await analytics.closeAndFlush();"
            ),
        ),
    ]


def snippet(key: str, edge: str) -> str:
    """The two lines for a page: calls are queued until the program is there."""
    names = '["page","track","identify","reset","form"]'
    queue = (
        "window.pabal=window.pabal||[];"
        + names
        + (".forEach(function(n){pabal[n]=pabal[n]||function(){pabal.push([n].concat([].slice.call(arguments)))}});")
    )
    return f'<script>{queue}</script>\n<script async src="{edge}/v1/pabal.js" data-key="{key}"></script>'


def curl(key: str, edge: str) -> str:
    """One event on the command line."""
    body = '{"userId": "customer-17", "event": "Order Completed", "properties": {"order_id": "A-1001", "total": 42000}}'
    return f"curl -u {key}: {edge}/v1/track \\\n  -H 'content-type: application/json' \\\n  -d '{body}'"
