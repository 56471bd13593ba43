"""The reference of MMS: what carriers and countries take, from the same data that holds campaigns to it."""

from __future__ import annotations

from pabal.content import images
from pabal.content.limits import LIMITS, SUBJECT_BYTES
from pabal.policy.countries import country, country_codes
from pabal.providers.registry import PROVIDERS


def mms_page() -> str:
    """`docs/reference/mms.md`."""
    with_mms = [country(code) for code in country_codes() if "mms" in country(code).kinds]
    lines = [
        "# MMS",
        "",
        "<!-- made by `python -m pabal.reference` -->",
        "",
        "A text with a picture is an MMS. [How to send one](../how-to/send-a-picture.md).",
        "",
        "## Pictures, by provider",
        "",
        "A picture is made to fit by itself: fewer pixels first, then a lower quality. Several share the bytes of the message.",
        "",
        "| provider | formats | each | pixels | pictures | in all | source |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, provider in PROVIDERS.items():
        media = provider.capabilities.media
        if media is None:
            lines.append(f"| `{name}` | no MMS | – | – | – | – | – |")
            continue
        formats = ", ".join(kind.upper() for kind in ("jpeg", "png", "gif") if kind in media.formats)
        lines.append(
            f"| `{name}` | {formats} | {media.max_bytes // 1000} KB | {media.max_width} × {media.max_height} | "
            f"{media.count} | {media.total_bytes // 1000} KB | {media.source} |"
        )
    lines += [
        "",
        "## Uploads",
        "",
        f"JPEG, PNG, GIF and WebP that stands still; up to {images.MOST_BYTES // 1_000_000} MB, "
        f"{images.MOST_PIXELS // 1_000_000} megapixels and {images.MOST_SIDE:,} pixels a side. A moving GIF has up to "
        f"{images.MOST_FRAMES} frames. Kept with up to {images.KEPT_SIDE:,} pixels a side, without metadata.",
        "",
        "## Text",
        "",
        "| | most | title |",
        "|---|---|---|",
        f"| Korea | {LIMITS['mms', 'euckr'].single:,} bytes of EUC-KR | {SUBJECT_BYTES} bytes |",
        f"| elsewhere | {LIMITS['mms', 'gsm7'].characters:,} characters | – |",
        "",
        "## Countries",
        "",
        "Carriers deliver MMS in these; people elsewhere are skipped (`kind_not_supported`) and counted in the review.",
        "",
        "| code | country |",
        "|---|---|",
        *(f"| {place.code} | {place.name} |" for place in with_mms),
    ]
    return "\n".join(lines) + "\n"
