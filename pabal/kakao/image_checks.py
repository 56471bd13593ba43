"""What is wrong with the images of a message, from facts about them: nothing is decoded here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from pabal.kakao import places
from pabal.kakao.limits import COMMON, ImageLimit, LayoutLimits
from pabal.kakao.message import KakaoMessage
from pabal.kakao.problems import Problem

RATIO_TOLERANCE = 0.005
"""How far a ratio may be off: what rounding to whole pixels does to a small image."""


class ImageFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An image as it is stored: `format` jpeg, png or gif; pixels; `size` in bytes."""

    format: str
    width: int
    height: int
    size: int

    @property
    def ratio(self) -> float:
        """Height by width."""
        return self.height / self.width


def image_problems(message: KakaoMessage, limits: LayoutLimits, images: Mapping[int, ImageFacts]) -> Iterator[Problem]:
    """What is wrong with each image of the message, and with all of them together."""
    ratios = []
    for place in places.images(message):
        facts = images.get(place.image)
        limit = limits.image(place.path)
        if facts is None:
            yield Problem(path=place.path, code="image_unknown")
        elif limit is not None:
            yield from problems_of(place.path, facts, limit)
            ratios.append(facts.ratio)
    if limits.same_ratio and ratios and max(ratios) - min(ratios) > RATIO_TOLERANCE:
        yield Problem(path="cards", code="image_ratios_differ")


def problems_of(path: str, facts: ImageFacts, limit: ImageLimit) -> Iterator[Problem]:
    """What is wrong with one image at its place."""
    if facts.format not in COMMON.image_formats:
        allowed = ", ".join(name.upper() for name in COMMON.image_formats)
        yield Problem(path=path, code="image_format", values={"format": facts.format.upper(), "allowed": allowed})
    if facts.size > COMMON.image_bytes:
        yield Problem(path=path, code="image_bytes", values={"size": facts.size, "limit": COMMON.image_bytes})
    if facts.width < COMMON.image_width:
        yield Problem(path=path, code="image_width", values={"width": facts.width, "limit": COMMON.image_width})
    least, most = limit.ratio
    if not least - RATIO_TOLERANCE <= facts.ratio <= most + RATIO_TOLERANCE:
        values: dict[str, int | str] = {
            "ratio": f"{facts.ratio:.3f}",
            "least": f"{least:g}",
            "most": f"{most:g}",
        }
        yield Problem(path=path, code="image_ratio", values=values)
