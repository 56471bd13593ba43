"""Pictures to upload."""

from __future__ import annotations

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Pillow


def jpeg(width: int = 800, height: int = 400) -> SimpleUploadedFile:
    """A plain picture of this size."""
    out = io.BytesIO()
    Pillow.new("RGB", (width, height), "teal").save(out, "JPEG")
    return SimpleUploadedFile("가을.jpg", out.getvalue(), content_type="image/jpeg")
