"""Pictures of KakaoTalk messages: taken in by the composer, shown by every page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast, get_args

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pabal.accounts import audit
from pabal.accounts.access import actor, person, requires
from pabal.accounts.models import Role
from pabal.console.composer.drawing import Picture
from pabal.console.kakao import Picture as Shown
from pabal.content.image_fitting import Limits, fit
from pabal.delivery import images
from pabal.delivery.models import Image
from pabal.errors import InvalidInput, PabalError
from pabal.kakao import limits
from pabal.kakao.image_checks import ImageFacts, problems_of
from pabal.kakao.limits import COMMON
from pabal.kakao.message import Layout, Preset
from pabal.kakao.problems import said

#: Pixels of the longer side; KakaoTalk shows no more.
WIDEST = 1600


@requires(Role.EDITOR)
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """An upload for one place of a layout: decoded, encoded anew, judged. Answers `{id, url, width, height}` or 422."""
    file = request.FILES.get("file")
    path, layout, preset = (request.POST.get(name, "") for name in ("path", "layout", "preset"))
    try:
        if file is None:
            raise InvalidInput(_("Choose an image."), field="file")
        if layout not in get_args(Layout) or preset not in get_args(Preset):
            raise InvalidInput(_("There is no such layout."), field="layout")
        limit = limits.of(cast(Preset, preset), cast(Layout, layout)).image(path)
        if limit is None:
            raise InvalidInput(_("This layout has no image there."), field="path")
        with transaction.atomic():
            kept = images.keep(file.read(), name=file.name or "", by=person(request))
            allowed = Limits(
                formats=frozenset(cast(Any, COMMON.image_formats)),
                max_bytes=COMMON.image_bytes,
                max_width=WIDEST,
                max_height=WIDEST,
            )
            made = fit(images.picture_of(kept), allowed)
            image = images.keep_picture(made, name=kept.name, by=person(request))
            audit.record(
                actor(request), "image.upload", audit.Subject(type="image", id=str(image.pk), label=image.name)
            )
    except PabalError as error:
        return JsonResponse({"message": str(error)}, status=422)
    if wrong := next(iter(problems_of(path, facts(image), limit)), None):
        return JsonResponse({"message": said(wrong, _language())}, status=422)
    return JsonResponse({"id": image.pk, "url": address(image), "width": image.width, "height": image.height})


def facts(image: Image) -> ImageFacts:
    return ImageFacts(format=image.format, width=image.width, height=image.height, size=image.size)


def address(image: Image) -> str:
    return reverse("console:image", args=[image.pk])


def pictures(ids: Iterable[int]) -> dict[int, Picture]:
    """The images with these ids, as the composer needs them."""
    found = Image.objects.defer("data").in_bulk(list(set(ids)))
    return {pk: Picture(url=address(row), facts=facts(row), name=row.name) for pk, row in found.items()}


def shown(known: dict[int, Picture]) -> dict[int, Shown]:
    """The same, as the bubble needs them."""
    return {
        pk: Shown(url=picture.url, width=picture.facts.width, height=picture.facts.height)
        for pk, picture in known.items()
    }


def _language() -> str:
    return "ko" if (get_language() or "").startswith("ko") else "en"
