"""The sample's picture message: a draft with a picture made here, ready to be looked at and sent."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from math import sin
from typing import Final

from PIL import Image, ImageDraw, ImageFilter

from pabal.accounts.models import User
from pabal.audience.models import List
from pabal.campaigns import actions as campaigns
from pabal.campaigns.models import Campaign
from pabal.delivery import images
from pabal.delivery.models import Sender

KEY: Final = "winter-coat"
SIZE: Final = (1200, 900)


def fill(user: User, sender: Sender, list_: List) -> None:
    """Make the draft, once."""
    if Campaign.objects.filter(key=KEY).exists():
        return
    picture = images.keep(winter(), name="winter-coat.jpg", by=user)
    midnight = datetime(2000, 1, 1, tzinfo=UTC).time()
    campaigns.create(
        by=user,
        key=KEY,
        name="겨울 코트 미리보기",
        senders=[sender],
        include_lists=[list_],
        images=[picture.pk],
        subject="겨울 코트 미리보기",
        text="{{ first_name|default('고객') }}님, 겨울 코트를 먼저 보여 드려요. 이번 주 예약하시면 10% https://shop.example/coat",
        hours_from=midnight,
        hours_to=midnight,
    )


def winter() -> bytes:
    """Hills in the snow under a low sun, as a JPEG."""
    width, height = SIZE
    picture = Image.linear_gradient("L").resize(SIZE).convert("RGB")
    sky = Image.merge(
        "RGB", [channel.point(lambda value, top=top, low=low: top + (low - top) * value // 255)
                for channel, (top, low) in zip(picture.split(), ((70, 255), (96, 214), (160, 190)), strict=True)]
    )  # fmt: skip
    sun = Image.new("L", SIZE)
    ImageDraw.Draw(sun).ellipse((760, 300, 960, 500), fill=255)
    glow = sun.filter(ImageFilter.GaussianBlur(60))
    sky.paste((255, 236, 190), mask=glow)
    sky.paste((255, 248, 225), mask=sun.filter(ImageFilter.GaussianBlur(2)))
    draw = ImageDraw.Draw(sky)
    for base, swing, pace, phase, colour in (
        (560, 60, 260, 0.0, (150, 160, 200)),
        (650, 50, 190, 1.4, (196, 205, 228)),
        (740, 40, 330, 2.6, (238, 242, 250)),
    ):
        edge = [(x, base + swing * sin(x / pace + phase)) for x in range(0, width + 8, 8)]
        draw.polygon([*edge, (width, height), (0, height)], fill=colour)
    for x, foot, tall in ((180, 760, 150), (260, 790, 110), (1010, 770, 170), (930, 800, 120)):
        for part in range(3):
            top, wide = foot - tall + part * tall // 4, tall // 5 + part * tall // 9
            draw.polygon([(x, top), (x - wide, top + tall // 2), (x + wide, top + tall // 2)], fill=(44, 74, 84))
    out = io.BytesIO()
    sky.save(out, "JPEG", quality=92)
    return out.getvalue()
