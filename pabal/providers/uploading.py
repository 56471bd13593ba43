"""What the answer to an upload means: a picture that is there, one that is refused, or a gateway to be asked again."""

from __future__ import annotations

import httpx

from pabal.errors import InvalidInput, NotAllowed
from pabal.errors import Unavailable as CannotUpload
from pabal.providers.base import Throttled, Unavailable, Uncertain
from pabal.providers.gateway import Answer


def answered(answer: Answer) -> httpx.Response:
    """The gateway's answer to an upload.

    Raises `NotAllowed` for refused credentials, `InvalidInput` (`upload_refused`) when it does not want this picture, and
    `pabal.errors.Unavailable` otherwise: an upload may be repeated, so that nobody knows what came of it is no harm.
    """
    match answer:
        case Unavailable(code="401" | "403", detail=detail):
            raise NotAllowed(f"The gateway refuses the credentials: {detail}", code="credentials_refused")
        case Throttled():
            raise CannotUpload("The gateway takes no more uploads for the moment.", code="carrier_unreachable")
        case Unavailable(detail=detail) | Uncertain(detail=detail):
            raise CannotUpload(f"The gateway does not answer: {detail}", code="carrier_unreachable")
    assert isinstance(answer, httpx.Response)
    if answer.status_code >= 400:
        raise refused(answer.text[:200])
    return answer


def refused(said: str) -> InvalidInput:
    """The gateway does not want this picture, in its own words."""
    return InvalidInput(f"The gateway refuses the picture: {said}", code="upload_refused")
