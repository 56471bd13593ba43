"""Valid forms of pictures."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.accounts.console_probes import Form, probe
from tests.pictures import photo_file


@probe
def image_upload(client: Client) -> Form:
    return "/images/upload", {"file": SimpleUploadedFile("spring.jpg", photo_file(), content_type="image/jpeg")}
