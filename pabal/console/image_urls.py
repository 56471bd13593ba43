"""Addresses of pictures."""

from __future__ import annotations

from django.urls import URLPattern, path

from pabal.console.views import images

urlpatterns: list[URLPattern] = [
    path("images/", images.index, name="images"),
    path("images/upload", images.upload, name="image_upload"),
    path("images/<int:image_id>", images.show, name="image"),
    path("images/<int:image_id>/fitted/<int:fitted_id>", images.fitted, name="image_fitted"),
]
