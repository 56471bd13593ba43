"""The library of pictures: kept once each, and made to fit what a carrier takes."""

from __future__ import annotations

import hashlib
from typing import cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from pabal.accounts.models import User
from pabal.content import images as pictures
from pabal.content.image_fitting import Limits, fit
from pabal.content.images import Picture
from pabal.content.labels import Language
from pabal.delivery.models import FittedImage, Image
from pabal.errors import InvalidInput, NotFound
from pabal.providers.uploads import MediaLimits

LONGEST_NAME = 200


def keep(data: bytes, *, name: str, by: User | None) -> Image:
    """Put what somebody uploaded into the library; a picture that is there already is that one.

    Raises InvalidInput (see `content.images.ImageError`) in the reader's language.
    """
    try:
        picture = pictures.read(data)
    except pictures.ImageError as error:
        language: Language = "ko" if (get_language() or "").startswith("ko") else "en"
        raise InvalidInput(error.message_in(language), code=error.code, field="file", details=error.details) from error
    return keep_picture(picture, name=name, by=by)


@transaction.atomic
def keep_picture(picture: Picture, *, name: str, by: User | None) -> Image:
    """Put a picture of ours into the library, once."""
    sha256 = hashlib.sha256(picture.data).hexdigest()
    image, created = Image.objects.get_or_create(
        sha256=sha256,
        defaults={
            "name": _name(name),
            "format": picture.format,
            "width": picture.width,
            "height": picture.height,
            "frames": picture.frames,
            "size": picture.size,
            "data": picture.data,
            "created_by": by,
        },
    )
    if not created:
        Image.objects.filter(pk=image.pk).update(used_at=timezone.now())
    return image


def get(image_id: int) -> Image:
    """Raises NotFound (`unknown_image`)."""
    image = Image.objects.filter(pk=image_id).first()
    if image is None:
        raise NotFound(_("There is no such picture."), code="unknown_image")
    return image


def library(limit: int = 24) -> list[Image]:
    """The pictures that were used last, without their bytes."""
    return list(Image.objects.defer("data").order_by("-used_at", "-id")[:limit])


def cut(image_id: int, *, left: int, top: int, width: int, height: int, by: User | None) -> Image:
    """A part of a picture, as a picture of its own. Raises NotFound, InvalidInput (`crop_outside`)."""
    image = get(image_id)
    part = pictures.crop(picture_of(image), left=left, top=top, width=width, height=height)
    return keep_picture(part, name=image.name, by=by)


def limits_of(media: MediaLimits, count: int = 1) -> Limits:
    """What each of `count` pictures of one message may be."""
    return Limits(
        formats=frozenset(media.formats),
        max_bytes=min(media.max_bytes, media.total_bytes // max(count, 1)),
        max_width=media.max_width,
        max_height=media.max_height,
    )


def fitted(image_id: int, limits: Limits) -> FittedImage:
    """The picture within the limits; made once, so what is shown is what is sent.

    Takes up to a second of work the first time. Raises NotFound, `ImageError`.
    """
    found = FittedImage.objects.filter(image_id=image_id, limits=limits.key).first()
    if found is not None:
        return found
    made = fit(picture_of(get(image_id)), limits)
    row, _created = FittedImage.objects.get_or_create(
        image_id=image_id,
        limits=limits.key,
        defaults={
            "format": made.format,
            "width": made.width,
            "height": made.height,
            "frames": made.frames,
            "size": made.size,
            "data": made.data,
        },
    )
    return row


def picture_of(row: Image | FittedImage) -> Picture:
    """The picture that a row holds."""
    return Picture(
        format=cast(pictures.Format, row.format),
        width=row.width,
        height=row.height,
        frames=row.frames,
        data=bytes(row.data),
    )


def _name(name: str) -> str:
    plain = name.replace("\\", "/").rpartition("/")[2]
    cleaned = "".join(c for c in plain if c.isprintable()).strip()
    return cleaned[:LONGEST_NAME] or "image"
