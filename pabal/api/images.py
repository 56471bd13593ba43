"""Pictures for MMS and KakaoTalk: uploaded once, then named by their id."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import File, Schema
from ninja.files import UploadedFile
from pydantic import Field

from pabal.accounts import audit
from pabal.accounts.access import actor
from pabal.accounts.keys import Scope
from pabal.api.operations import Area
from pabal.api.pagination import Page, Paging, paginate
from pabal.api.schemas import Id, Input, found
from pabal.content.images import CONTENT_TYPES, MOST_BYTES
from pabal.delivery import images
from pabal.delivery.models import Image
from pabal.errors import InvalidInput

area = Area("Images")


class ImageOut(Schema):
    """A picture in the library, decoded and encoded anew. `frames` over 1: it moves; `size` in bytes."""

    id: int
    sha256: str
    name: str
    format: Literal["jpeg", "png", "gif"]
    width: int
    height: int
    frames: int
    size: int
    created_at: datetime


class EncodedImage(Input):
    name: str = Field("", max_length=200)
    data: str = Field(max_length=4 * MOST_BYTES // 3 + 4, description="The file in base64.")


@area.read("/images", response=Page[ImageOut])
def list_images(request: HttpRequest, query: Paging) -> dict[str, object]:
    """List pictures, the newest first."""
    page, cursor = paginate(Image.objects.defer("data"), query, kind="images", descending=True)
    return {"data": page, "next_cursor": cursor}


@area.read("/images/{int:image_id}", response=ImageOut)
def get_image(request: HttpRequest, image_id: Id) -> Image:
    """Show a picture's facts."""
    return found(Image.objects.defer("data").filter(pk=image_id).first(), "image", image_id)


@area.read(
    "/images/{int:image_id}/data",
    response=None,
    openapi_extra={
        "responses": {
            200: {
                "description": "The picture",
                "content": {
                    kind: {"schema": {"type": "string", "format": "binary"}} for kind in CONTENT_TYPES.values()
                },
            }
        }
    },
)
def download_image(request: HttpRequest, image_id: Id) -> HttpResponse:
    """Download a picture."""
    row = found(Image.objects.filter(pk=image_id).first(), "image", image_id)
    return HttpResponse(bytes(row.data), content_type=CONTENT_TYPES[row.format])


@area.write("POST", "/images", scope=Scope.CAMPAIGNS, response=ImageOut, status=201)
def upload_image(request: HttpRequest, file: Annotated[UploadedFile, File(...)]) -> Image:
    """Upload a JPEG, PNG, GIF or still WebP file of up to 20 MB.

    It is decoded and encoded anew, upright and without its metadata. The same picture again is the same id.
    """
    if (file.size or 0) > MOST_BYTES:
        raise _too_large()
    return _keep(request, file.read(), file.name or "")


@area.write("POST", "/images/encoded", scope=Scope.CAMPAIGNS, response=ImageOut, status=201)
def upload_encoded_image(request: HttpRequest, body: EncodedImage) -> Image:
    """Upload a picture in JSON; see `upload_image`."""
    try:
        data = base64.b64decode(body.data.partition("base64,")[2] or body.data, validate=True)
    except binascii.Error:
        raise InvalidInput(_("This is no base64."), code="bad_base64", field="data") from None
    if len(data) > MOST_BYTES:
        raise _too_large()
    return _keep(request, data, body.name)


def _keep(request: HttpRequest, data: bytes, name: str) -> Image:
    image = images.keep(data, name=name, by=actor(request).person)
    facts = {"format": image.format, "width": image.width, "height": image.height, "bytes": image.size}
    audit.record(actor(request), "image.upload", audit.Subject(type="image", id=str(image.pk), label=image.name), facts)
    return image


def _too_large() -> InvalidInput:
    message = _("The file is too large; %(limit)s MB are allowed.") % {"limit": MOST_BYTES // 1_000_000}
    return InvalidInput(message, code="image_too_many_bytes", field="file")
