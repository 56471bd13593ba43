"""Pictures: read what people upload, without trusting it, and make it fit a carrier's limits.

A picture is decoded whole and encoded anew, so nothing of the file that came survives but its pixels: no metadata (where
the photo was taken), no second file hidden behind the first. Pure; Pillow does the work, on formats we name.

    read     what somebody uploaded → Picture, or an `ImageError` that says what is wrong
    crop     a part of it
    fit      the best of it that a carrier takes
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from PIL import Image as Pillow
from PIL import ImageFile, ImageOps, UnidentifiedImageError

from pabal.content.image_colours import plain
from pabal.content.image_labels import image_error
from pabal.content.labels import Language
from pabal.errors import InvalidInput

Format = Literal["jpeg", "png", "gif"]

CONTENT_TYPES: Final[dict[str, str]] = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif"}

MOST_BYTES: Final = 20_000_000
"""Of an upload: a photo of a good camera."""
MOST_PIXELS: Final = 50_000_000
"""Of one picture: 48 megapixels of today's telephones; 200 MB while it is decoded."""
MOST_SIDE: Final = 16_000
MOST_FRAMES: Final = 300
MOST_MOVING_PIXELS: Final = 60_000_000
"""Of all frames of an animation together."""
LEAST_SIDE: Final = 16
KEPT_SIDE: Final = 2400
"""Pixels of the longer side of what is kept; no carrier takes more."""
KEPT_QUALITY: Final = 92

# An optimised JPEG is written from one buffer, and noise takes up to three bytes a pixel.
ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 3 * KEPT_SIDE * KEPT_SIDE)

#: How files begin that people try and that no telephone takes, by the code of the error.
_STRANGERS: Final[tuple[tuple[str, Callable[[bytes], bool]], ...]] = (
    ("image_is_svg", lambda head: b"<svg" in head.lower() or head.lstrip().startswith((b"<?xml", b"<!doctype"))),
    (
        "image_is_heic",
        lambda head: head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"hevc", b"mif1", b"msf1"},
    ),
    ("image_is_avif", lambda head: head[4:8] == b"ftyp" and head[8:12] in {b"avif", b"avis"}),
    ("image_is_video", lambda head: head[4:8] == b"ftyp" or head[:4] == b"\x1aE\xdf\xa3"),
    ("image_is_pdf", lambda head: head.startswith(b"%PDF")),
)


class ImageError(InvalidInput):
    """A file that is no picture we can send. `code` is a key of `image_labels.IMAGE_ERRORS`; `words` fill its sentence."""

    def __init__(self, code: str, *, field: str | None = "file", **words: object) -> None:
        self.words: Mapping[str, str] = {
            name: f"{word:,}" if isinstance(word, int) else str(word) for name, word in words.items()
        }
        super().__init__(image_error(code, "en", self.words), code=code, field=field, details=self.words)

    def message_in(self, language: Language) -> str:
        """The finished sentence."""
        return image_error(self.code, language, self.words)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """An encoded picture of ours: upright, without metadata. Sides in pixels; `frames` over 1: it moves."""

    format: Format
    width: int
    height: int
    frames: int
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.data)

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[self.format]


def read(data: bytes) -> Picture:
    """What somebody uploaded, decoded and encoded anew; at most `KEPT_SIDE` pixels on a side. Raises `ImageError`.

    JPEG, PNG, WebP that stands still, and GIF. A moving GIF stays one; one with a single frame becomes a PNG.
    """
    if not data:
        raise ImageError("image_empty")
    if len(data) > MOST_BYTES:
        raise ImageError("image_too_many_bytes", size=len(data), limit=MOST_BYTES)
    try:
        with Pillow.open(io.BytesIO(data), formats=("JPEG", "PNG", "GIF", "WEBP")) as opened:
            return _read(opened)
    except ImageError:
        raise
    except (Pillow.DecompressionBombError, MemoryError) as error:
        raise ImageError("image_too_large", limit=MOST_PIXELS // 1_000_000) from error
    except UnidentifiedImageError as error:
        for code, looks_like in _STRANGERS:
            if looks_like(data[:1024]):
                raise ImageError(code) from error
        raise ImageError("image_unknown") from error
    except Exception as error:  # a decoder may stumble over a hostile file in any way
        raise ImageError("image_broken") from error


def _read(opened: Pillow.Image) -> Picture:
    width, height = opened.size
    if max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise ImageError("image_too_large", limit=MOST_PIXELS // 1_000_000)
    if min(width, height) < LEAST_SIDE:
        raise ImageError("image_too_small", limit=LEAST_SIDE)
    frames = getattr(opened, "n_frames", 1)
    if opened.format == "GIF" and frames > 1:
        from pabal.content.image_motion import read_moving

        if frames > MOST_FRAMES or frames * width * height > MOST_MOVING_PIXELS:
            raise ImageError("image_moves_too_long", frames=frames, limit=MOST_FRAMES)
        return read_moving(opened)
    if opened.format == "WEBP" and frames > 1:
        raise ImageError("image_is_moving_webp")
    lossless = opened.format in {"PNG", "GIF"}
    opened.load()
    upright = ImageOps.exif_transpose(opened)
    picture = plain(upright)
    picture.thumbnail((KEPT_SIDE, KEPT_SIDE), Pillow.Resampling.LANCZOS)
    if min(picture.size) < LEAST_SIDE:
        raise ImageError("image_too_narrow")
    if lossless or picture.mode == "RGBA":
        return encode(picture, "png")
    return encode(picture, "jpeg", quality=KEPT_QUALITY)


def encode(picture: Pillow.Image, format: Format, *, quality: int = KEPT_QUALITY) -> Picture:
    """A still picture as a file. `quality` (1–95) is for JPEG, which has no transparency: white shows instead."""
    out = io.BytesIO()
    if format == "jpeg":
        subsampling = "4:2:0" if quality < 90 else "4:4:4"
        opaque(picture).save(out, "JPEG", quality=quality, optimize=True, subsampling=subsampling)
    else:
        picture.save(out, format.upper(), optimize=format == "png")
    return Picture(format=format, width=picture.width, height=picture.height, frames=1, data=out.getvalue())


def opaque(picture: Pillow.Image) -> Pillow.Image:
    """The picture on white paper."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    paper = Pillow.new("RGB", picture.size, "white")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper


def decode(picture: Picture) -> Pillow.Image:
    """The pixels of one of our own pictures (of its first frame)."""
    with Pillow.open(io.BytesIO(picture.data), formats=(picture.format.upper(),)) as opened:
        opened.load()
        return plain(opened)


def crop(picture: Picture, *, left: int, top: int, width: int, height: int) -> Picture:
    """A part of a picture, in pixels of it; of a moving one, its first frame. Raises `ImageError` if it is outside."""
    inside = min(left, top) >= 0 and left + width <= picture.width and top + height <= picture.height
    if not inside or min(width, height) < LEAST_SIDE:
        raise ImageError("crop_outside", field="crop")
    part = decode(picture).crop((left, top, left + width, top + height))
    return encode(part, "jpeg" if picture.format == "jpeg" else "png")
