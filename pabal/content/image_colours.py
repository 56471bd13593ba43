"""Any kind of pixels as the two kinds that we go on with: RGB, and RGBA where something shows through."""

from __future__ import annotations

import io
from contextlib import suppress

from PIL import Image as Pillow
from PIL import ImageCms

_SRGB = ImageCms.createProfile("sRGB")


def plain(picture: Pillow.Image) -> Pillow.Image:
    """The picture as RGB or RGBA with the colours of sRGB, 8 bits each; without transparency if nothing is transparent."""
    profile = picture.info.get("icc_profile")
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;"):
        picture = _eight_bits(picture)
    clear = picture.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in picture.info
    if profile and picture.mode in {"RGB", "CMYK", "RGBA", "L"}:
        picture = _in_srgb(picture, profile)
    result = picture.convert("RGBA" if clear else "RGB")
    if clear:
        lowest, _ = result.getchannel("A").getextrema()
        if lowest == 255:
            result = result.convert("RGB")
    result.info.clear()
    return result


def _eight_bits(picture: Pillow.Image) -> Pillow.Image:
    """Sixteen bits of grey as eight: Pillow would cut them off at 255."""
    return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _in_srgb(picture: Pillow.Image, profile: bytes) -> Pillow.Image:
    """The same colours by the profile that telephones and browsers expect. A profile that cannot be read is left aside."""
    with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        mode = "RGBA" if picture.mode == "RGBA" else "RGB"
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, given, _SRGB, outputMode=mode)
        return converted if converted is not None else picture
    return picture
