"""Pictures are read without trust, and made to fit with the best quality that fits."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags
from PIL import Image as Pillow

from pabal.content import images
from pabal.content.image_fitting import Limits, fit
from pabal.content.image_labels import IMAGE_ERRORS
from pabal.content.images import ImageError, Picture, crop, read
from tests.pictures import decoded, encoded, gif_file, noise, photo, photo_file

SOLAPI = Limits(formats=frozenset({"jpeg"}), max_bytes=200_000, max_width=1500, max_height=1440)
ABROAD = Limits(formats=frozenset({"jpeg", "png", "gif"}), max_bytes=600_000, max_width=2048, max_height=2048)


def bomb() -> bytes:
    """A PNG of a few bytes that says it has 30,000 by 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def moving_webp() -> bytes:
    frames = [photo(80, 60, seed) for seed in range(3)]
    return encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])


def endless_gif() -> bytes:
    frames = [Pillow.new("L", (20, 20), seed % 256) for seed in range(images.MOST_FRAMES + 1)]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False)


HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("nothing", lambda: b"", "image_empty"),
    ("a text", lambda: b"hello", "image_unknown"),
    ("a decompression bomb", bomb, "image_too_large"),
    ("half of a JPEG", lambda: photo_file()[:9_000], "image_broken"),
    ("half of a PNG", lambda: encoded(photo(300, 300), "PNG")[:9_000], "image_broken"),
    ("half of a moving GIF", lambda: gif_file()[:60_000], "image_broken"),
    ("an SVG", lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "image_is_svg"),
    ("an SVG with a prologue", lambda: b'<?xml version="1.0"?><svg/>', "image_is_svg"),
    ("an iPhone's HEIC", lambda: b"\0\0\0\x18ftypheic" + b"\0" * 64, "image_is_heic"),
    ("a film", lambda: b"\0\0\0\x18ftypmp42" + b"\0" * 64, "image_is_video"),
    ("a PDF", lambda: b"%PDF-1.7\n", "image_is_pdf"),
    ("a moving WebP", moving_webp, "image_is_moving_webp"),
    ("an endless animation", endless_gif, "image_moves_too_long"),
    ("a strip", lambda: encoded(noise(9_000, 20), "PNG"), "image_too_narrow"),
    ("a dot", lambda: encoded(noise(4, 4), "PNG"), "image_too_small"),
    ("a BMP", lambda: encoded(noise(60, 60), "BMP"), "image_unknown"),
]


@pytest.mark.parametrize(("make", "code"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_a_file_that_cannot_be_sent_is_refused_with_what_is_wrong(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(ImageError) as refused:
        read(make())
    assert refused.value.code == code
    assert "{" not in refused.value.message_in("ko") + refused.value.message_in("en")


def test_an_upload_beyond_twenty_megabytes_is_not_even_looked_at() -> None:
    with pytest.raises(ImageError, match="20,000,001 bytes"):
        read(b"\xff\xd8" + b"\0" * 19_999_999)


def test_every_error_has_korean() -> None:
    assert all(set(label) == {"en", "ko"} for label in IMAGE_ERRORS.values())


def test_nothing_of_the_file_survives_but_its_pixels() -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.ImageDescription] = "taken at home"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (37.0, 33.0, 0.0)
    file = encoded(photo(300, 200), "JPEG", exif=exif, comment=b"secret") + b"PK\x03\x04 a ZIP behind it <script>"
    kept = read(file)
    assert (kept.format, kept.width, kept.height) == ("jpeg", 300, 200)
    for hidden in (b"taken at home", b"secret", b"ZIP", b"<script>", b"Exif"):
        assert hidden not in kept.data


def test_a_photo_held_sideways_stands_upright() -> None:
    exif = Pillow.Exif()
    exif[ExifTags.Base.Orientation] = 6  # turned by a quarter
    picture = Pillow.new("RGB", (200, 100), "white")
    picture.paste((255, 0, 0), (0, 0, 20, 100))  # red at the left: at the top, once upright
    upright = decoded(read(encoded(picture, "JPEG", exif=exif, quality=95)).data)
    assert upright.size == (100, 200)
    red, green, _blue = upright.getpixel((50, 5))  # type: ignore[misc]
    assert red > 200
    assert green < 80


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    grey = Pillow.new("I;16", (64, 64), 0x8000)
    assert decoded(read(encoded(grey, "PNG")).data).convert("L").getpixel((5, 5)) == pytest.approx(128, abs=1)


def test_a_photo_of_twelve_megapixels_becomes_small_enough_for_every_korean_carrier() -> None:
    kept = read(photo_file(4000, 3000))
    assert max(kept.width, kept.height) == images.KEPT_SIDE
    sent = fit(kept, SOLAPI)
    assert sent.format == "jpeg"
    assert 0.75 * SOLAPI.max_bytes < sent.size <= SOLAPI.max_bytes, "as good as fits"


def test_what_fits_is_not_touched() -> None:
    kept = read(photo_file(400, 300))
    assert fit(kept, SOLAPI) is kept
    assert fit(kept, ABROAD) is kept


def test_the_same_picture_and_limits_give_the_same_bytes() -> None:
    file = photo_file(1800, 1200)
    assert fit(read(file), SOLAPI).data == fit(read(file), SOLAPI).data


def test_a_moving_picture_keeps_moving_where_it_may() -> None:
    kept = read(gif_file(frames=12, width=480, height=360))
    assert (kept.format, kept.frames) == ("gif", 12)
    sent = fit(kept, ABROAD)
    assert sent.format == "gif"
    assert sent.frames > 1
    assert sent.size <= ABROAD.max_bytes
    assert fit(kept, SOLAPI).format == "jpeg", "Korean carriers take no GIF"


def test_a_transparent_picture_stands_on_white_paper_in_a_jpeg() -> None:
    clear = Pillow.new("RGBA", (400, 400), (0, 0, 0, 0))
    kept = read(encoded(clear, "PNG"))
    assert kept.format == "png"
    assert decoded(fit(kept, SOLAPI).data).getpixel((9, 9)) == (255, 255, 255)


def test_a_part_is_cut_out_and_nothing_beside_the_picture() -> None:
    kept = read(photo_file(400, 300))
    part = crop(kept, left=100, top=50, width=200, height=100)
    assert (part.width, part.height) == (200, 100)
    with pytest.raises(ImageError, match="outside"):
        crop(kept, left=300, top=50, width=200, height=100)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    width=st.integers(16, 900),
    height=st.integers(16, 900),
    mode=st.sampled_from(["RGB", "L", "1", "P", "RGBA", "LA", "CMYK"]),
    file=st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    grain=st.booleans(),
    bytes_=st.integers(8_000, 120_000),
    sides=st.tuples(st.integers(60, 1200), st.integers(60, 1200)),
    formats=st.sets(st.sampled_from(["png", "gif"])),
)
def test_whatever_is_uploaded_fits_the_limits_and_can_be_decoded(
    width: int,
    height: int,
    mode: str,
    file: str,
    grain: bool,
    bytes_: int,
    sides: tuple[int, int],
    formats: set[str],
) -> None:
    picture = (noise if grain else photo)(width, height).convert(mode)
    try:
        source = encoded(picture, file)
    except (OSError, KeyError, ValueError):
        source = encoded(picture.convert("RGB"), file)  # this format has no such mode
    limits = Limits(
        formats=frozenset({"jpeg", *formats}),  # type: ignore[arg-type]
        max_bytes=bytes_,
        max_width=sides[0],
        max_height=sides[1],
    )
    try:
        sent = fit(read(source), limits)
    except ImageError as error:
        refused: str | None = error.code
    else:
        refused = None
    if refused is not None:
        assert refused in {"image_cannot_fit", "image_too_narrow"}
        assert min(width, height) * min(*sides) < 16 * max(width, height) + 16 * 900, "only slivers are refused"
        return
    assert sent.size <= bytes_
    assert sent.width <= sides[0]
    assert sent.height <= sides[1]
    assert sent.format in limits.formats
    shown = decoded(sent.data)
    assert shown.size == (sent.width, sent.height)
    ratio = (sent.width / sent.height) / (width / height)
    assert 0.85 < ratio < 1.18 or min(sent.width, sent.height) < 40, "the picture keeps its shape"


@settings(max_examples=200, deadline=None)
@given(cut=st.integers(0, 30_000), at=st.integers(0, 30_000), value=st.integers(0, 255))
def test_a_damaged_file_is_refused_or_read_but_never_breaks_anything(cut: int, at: int, value: int) -> None:
    file = bytearray(DAMAGED[cut % len(DAMAGED)])
    file[at % len(file)] = value
    try:
        kept = read(bytes(file[: max(1, cut)]))
    except ImageError:
        return
    assert isinstance(kept, Picture)
    assert Pillow.open(io.BytesIO(kept.data)).size == (kept.width, kept.height)


DAMAGED = [photo_file(120, 90), encoded(photo(80, 60), "PNG"), gif_file(3, 60, 40), encoded(photo(90, 60), "WEBP")]
