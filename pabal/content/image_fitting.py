"""The best of a picture that a carrier takes."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

from PIL import Image as Pillow

from pabal.content.image_motion import smaller
from pabal.content.images import LEAST_SIDE, Format, ImageError, Picture, decode, encode

BEST: Final = 90
GOOD: Final = 68
"""JPEG qualities: never better than the first, rather fewer pixels than worse than the second."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a carrier takes: bytes and pixels at most, and the formats. `key` names the limits where results are kept."""

    formats: frozenset[Format]
    max_bytes: int
    max_width: int
    max_height: int

    @property
    def key(self) -> str:
        return f"{'+'.join(sorted(self.formats))} {self.max_bytes} {self.max_width}x{self.max_height}"


def fit(picture: Picture, limits: Limits) -> Picture:
    """The picture within the limits: kept as it is where it fits, else with fewer pixels, then a lower quality.

    Motion is kept where GIF is taken. The same picture and limits give the same bytes. Raises `ImageError` when even
    the smallest is too large.
    """
    if picture.frames > 1 and "gif" in limits.formats:
        moving = smaller(picture, max_bytes=limits.max_bytes, max_width=limits.max_width, max_height=limits.max_height)
        if moving is not None:
            return moving
    if _fits(picture, limits):
        return picture
    pixels = decode(picture)
    pixels.thumbnail((limits.max_width, limits.max_height), Pillow.Resampling.LANCZOS)
    if picture.format != "jpeg" and "png" in limits.formats:
        drawing = encode(pixels, "png")
        if drawing.size <= limits.max_bytes or "jpeg" not in limits.formats:
            return _within(drawing, pixels, limits)
    return _jpeg(pixels, limits)


def _fits(picture: Picture, limits: Limits) -> bool:
    return (
        picture.format in limits.formats
        and picture.size <= limits.max_bytes
        and picture.width <= limits.max_width
        and picture.height <= limits.max_height
    )


def _within(drawing: Picture, pixels: Pillow.Image, limits: Limits) -> Picture:
    """A PNG with as many pixels as the bytes allow."""
    while drawing.size > limits.max_bytes:
        pixels = _shrunk(pixels, sqrt(limits.max_bytes / drawing.size) * 0.95, limits)
        drawing = encode(pixels, "png")
    return drawing


def _jpeg(pixels: Pillow.Image, limits: Limits) -> Picture:
    """The highest quality that fits; with fewer pixels when that were not good any more."""
    while True:
        good = encode(pixels, "jpeg", quality=GOOD)
        if good.size <= limits.max_bytes:
            return _best(pixels, good, limits.max_bytes)
        pixels = _shrunk(pixels, max(sqrt(limits.max_bytes / good.size), 0.3) * 0.97, limits)


def _best(pixels: Pillow.Image, known: Picture, max_bytes: int) -> Picture:
    low, high = GOOD, BEST
    while low < high:
        middle = (low + high + 1) // 2
        tried = encode(pixels, "jpeg", quality=middle)
        if tried.size <= max_bytes:
            low, known = middle, tried
        else:
            high = middle - 1
    return known


def _shrunk(pixels: Pillow.Image, scale: float, limits: Limits) -> Pillow.Image:
    size = int(pixels.width * scale), int(pixels.height * scale)
    if min(size) < LEAST_SIDE:
        raise ImageError("image_cannot_fit", limit=limits.max_bytes)
    return pixels.resize(size, Pillow.Resampling.LANCZOS)
