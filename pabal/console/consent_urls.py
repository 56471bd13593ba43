"""Addresses of the consent centre, and of what belongs to one person besides the page itself."""

from __future__ import annotations

from django.urls import URLPattern, path

from pabal.console.views.audience import merging, record
from pabal.console.views.consent import centre, suppressions

urlpatterns: list[URLPattern] = [
    path("consent/", centre.index, name="consent"),
    path("consent/evidence.csv", centre.export, name="consent_export"),
    path("consent/suppressions", suppressions.index, name="suppressions"),
    path("consent/suppressions/add", suppressions.add, name="suppressions_add"),
    path("consent/suppressions/import", suppressions.import_file, name="suppressions_import"),
    path("consent/suppressions/lift", suppressions.lift, name="suppressions_lift"),
    path("consent/suppressions/export", suppressions.export, name="suppressions_export"),
    path("profiles/<int:profile_id>/merge", merging.merge, name="profile_merge"),
    path("profiles/<int:profile_id>/segments", record.segments, name="profile_segments"),
    path("profiles/<int:profile_id>/record", record.record, name="profile_record"),
    path("profiles/<int:profile_id>/export", record.export, name="profile_export"),
    path("profiles/<int:profile_id>/evidence", centre.evidence, name="profile_evidence"),
]
