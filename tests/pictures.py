"""Pictures made by code, as people would upload them."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image as Pillow


def noise(width: int, height: int, mode: str = "RGB", seed: int = 1) -> Pillow.Image:
    """The hardest picture to make small."""
    data = random.Random(seed).randbytes(width * height * 3)
    return Pillow.frombytes("RGB", (width, height), data).convert(mode)


def photo(width: int, height: int, seed: int = 1) -> Pillow.Image:
    """Soft colours with a little grain, as photos have."""
    soft = noise(width // 32 + 2, height // 32 + 2, seed=seed).resize((width, height), Pillow.Resampling.BICUBIC)
    return Pillow.blend(soft, noise(width, height, seed=seed + 1), 0.06)


def encoded(picture: Pillow.Image, format: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, format, **options)
    return out.getvalue()


def photo_file(width: int = 800, height: int = 600, seed: int = 1) -> bytes:
    return encoded(photo(width, height, seed), "JPEG", quality=92)


def gif_file(frames: int = 6, width: int = 240, height: int = 180) -> bytes:
    """A moving GIF; every frame is another."""
    pictures = [photo(width, height, seed) for seed in range(frames)]
    return encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:], duration=80, loop=0)


def decoded(data: bytes) -> Pillow.Image:
    picture = Pillow.open(io.BytesIO(data))
    picture.load()
    return picture
