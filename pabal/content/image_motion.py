"""Moving pictures: GIF read frame by frame, and made smaller with its motion kept."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image as Pillow
from PIL import ImageSequence

from pabal.content import images

#: Colours and the share of frames, tried at each size from the best on.
_COARSER: Final = ((256, 1), (128, 1), (64, 1), (64, 2))
_STEPS: Final = (1.0, 0.85, 0.72, 0.61, 0.52, 0.44, 0.37, 0.31, 0.25, 0.2, 0.15, 0.1)
_USUAL_MS: Final = 100


def read_moving(opened: Pillow.Image) -> images.Picture:
    """All frames of an uploaded GIF, written anew. Frames that cannot be decoded raise."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(opened):
        whole = frame.convert("RGBA")
        whole.thumbnail((images.KEPT_SIDE, images.KEPT_SIDE), Pillow.Resampling.LANCZOS)
        frames.append(whole)
        durations.append(max(int(frame.info.get("duration", _USUAL_MS) or _USUAL_MS), 20))
    return write(frames, durations)


def write(frames: Sequence[Pillow.Image], durations: Sequence[int], *, colours: int = 256) -> images.Picture:
    """A GIF that repeats for ever. `durations` are the milliseconds of each frame."""
    flat = [_indexed(frame, colours) for frame in frames]
    out = io.BytesIO()
    flat[0].save(
        out, "GIF", save_all=True, append_images=flat[1:], duration=list(durations), loop=0, disposal=2, optimize=True
    )
    with Pillow.open(io.BytesIO(out.getvalue()), formats=("GIF",)) as written:  # equal frames were made one
        count = getattr(written, "n_frames", 1)
    width, height = flat[0].size
    return images.Picture(format="gif", width=width, height=height, frames=count, data=out.getvalue())


def smaller(picture: images.Picture, *, max_bytes: int, max_width: int, max_height: int) -> images.Picture | None:
    """The best of a moving picture within the limits, still moving; None when it cannot be made small enough."""
    frames, durations = _frames(picture)
    room = min(1.0, max_width / picture.width, max_height / picture.height)
    if room == 1.0 and picture.size <= max_bytes:
        return picture
    for step in _STEPS:
        scale = room * step
        size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
        if min(size) < images.LEAST_SIDE:
            return None
        scaled = [frame.resize(size, Pillow.Resampling.LANCZOS) for frame in frames]
        for colours, stride in _COARSER:
            if stride > 1 and len(scaled) < 2 * stride:
                continue
            kept = scaled[::stride]
            times = [sum(durations[i : i + stride]) for i in range(0, len(durations), stride)]
            made = write(kept, times, colours=colours)
            if made.size <= max_bytes:
                return made
            if made.size > 6 * max_bytes:
                break  # coarser colours will not make up for that much
    return None


def _frames(picture: images.Picture) -> tuple[list[Pillow.Image], list[int]]:
    with Pillow.open(io.BytesIO(picture.data), formats=("GIF",)) as opened:
        pairs = [
            (frame.convert("RGBA"), max(int(frame.info.get("duration", _USUAL_MS) or _USUAL_MS), 20))
            for frame in ImageSequence.Iterator(opened)
        ]
    return [frame for frame, _ in pairs], [duration for _, duration in pairs]


def _indexed(frame: Pillow.Image, colours: int) -> Pillow.Image:
    """With a palette of its own; what is more than half transparent stays so."""
    alpha = frame.getchannel("A")
    if not any(alpha.histogram()[:128]):
        return images.opaque(frame).quantize(colours, method=Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)
    mask = alpha.point(lambda value: 255 if value >= 128 else 0)
    cut = frame.copy()
    cut.putalpha(mask)
    return cut.quantize(colours, method=Pillow.Quantize.FASTOCTREE, dither=Pillow.Dither.NONE)
