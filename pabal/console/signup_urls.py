"""The addresses of event keys and sign-up forms."""

from __future__ import annotations

from django.urls import URLPattern, path

from pabal.console.views import write_keys
from pabal.console.views.signup import editing, listing, show

urlpatterns: list[URLPattern] = [
    path("settings/event-keys", write_keys.write_keys, name="write_keys"),
    path("settings/event-keys/<int:key_id>/revoke", write_keys.write_key_revoke, name="write_key_revoke"),
    path("signup-forms/", listing.index, name="signup_forms"),
    path("signup-forms/new", editing.new, name="signup_form_new"),
    path("signup-forms/preview", editing.preview, name="signup_form_preview"),
    path("signup-forms/form.css", editing.style, name="signup_form_style"),
    path("signup-forms/<slug:key>", show.show, name="signup_form"),
    path("signup-forms/<slug:key>/edit", editing.edit, name="signup_form_edit"),
    path("signup-forms/<slug:key>/archive", show.archive, name="signup_form_archive"),
    path("signup-forms/<slug:key>/restore", show.restore, name="signup_form_restore"),
]
