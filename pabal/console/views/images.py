"""Pictures: uploaded while a message is written, shown to people who are logged in, found again in the library."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.console.pictures import pictured
from pabal.content.images import CONTENT_TYPES, MOST_BYTES
from pabal.delivery import images
from pabal.delivery.models import FittedImage, Image
from pabal.errors import InvalidInput

CROP = ("left", "top", "width", "height")


@requires(Role.EDITOR)
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """The pictures used last, to be chosen from: a part of a page."""
    return render(request, "console/images/library.html", {"pictures": [pictured(i) for i in images.library()]})


@requires(Role.EDITOR)
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file (`file`) into the library, or a part of it (`left`, `top`, `width`, `height` in its pixels).

    Answers in JSON: 200 with `id`, `name`, `url`, `width`, `height`, `frames`, `size` (bytes) and `note`; else 422 with
    `error` (code, message).
    """
    file = request.FILES.get("file")
    try:
        if file is None:
            raise InvalidInput(_("Choose a picture."), code="image_missing", field="file")
        if (file.size or 0) > MOST_BYTES:
            message = _("The file is too large; %(limit)s MB are allowed.") % {"limit": MOST_BYTES // 1_000_000}
            raise InvalidInput(message, code="image_too_many_bytes", field="file")
        with transaction.atomic():
            image = images.keep(file.read(), name=file.name or "", by=person(request))
            if all(name in request.POST for name in CROP):
                image = images.cut(image.pk, by=person(request), **_crop(request))
            record(request, image)
    except InvalidInput as error:
        return JsonResponse({"error": {"code": error.code, "message": str(error)}}, status=422)
    return JsonResponse(pictured(image).as_json())


@requires(Role.VIEWER)
@require_GET
def show(request: HttpRequest, image_id: int) -> HttpResponse:
    """A picture as it is in the library."""
    return _file(get_object_or_404(Image, pk=image_id))


@requires(Role.VIEWER)
@require_GET
def fitted(request: HttpRequest, image_id: int, fitted_id: int) -> HttpResponse:
    """A picture exactly as a carrier gets it."""
    return _file(get_object_or_404(FittedImage, pk=fitted_id, image_id=image_id))


def record(request: HttpRequest, image: Image) -> None:
    """Note in the trail who brought the picture in."""
    subject = audit.Subject(type="image", id=str(image.pk), label=image.name)
    facts: dict[str, Any] = {"format": image.format, "width": image.width, "height": image.height, "bytes": image.size}
    audit.record(actor(request), "image.upload", subject, facts)


def _crop(request: HttpRequest) -> dict[str, int]:
    try:
        return {name: round(float(request.POST[name])) for name in CROP}
    except (ValueError, OverflowError):
        raise InvalidInput(_("Choose the part of the picture again."), code="crop_outside", field="crop") from None


def _file(row: Image | FittedImage) -> HttpResponse:
    """Bytes that never change, for this reader alone, and nothing but a picture whatever a browser might think."""
    response = HttpResponse(bytes(row.data), content_type=CONTENT_TYPES[row.format])
    response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Disposition"] = "inline"
    return response
