"""The addresses of segments. What begins with `-` is no segment: keys never do."""

from __future__ import annotations

from django.urls import URLPattern, path

from pabal.console.views.segments import answers, builder, listing, people, show

urlpatterns: list[URLPattern] = [
    path("segments/", listing.index, name="segments"),
    path("segments/new", builder.new, name="segment_new"),
    path("segments/-/part", builder.part, name="segment_part"),
    path("segments/-/suggest", builder.suggest, name="segment_suggest"),
    path("segments/-/count", answers.count, name="segment_count"),
    path("segments/-/sample", answers.sample, name="segment_sample"),
    path("segments/-/answers/<uuid:question>", answers.look, name="segment_look"),
    path("segments/<str:key>", show.show, name="segment"),
    path("segments/<str:key>/edit", builder.edit, name="segment_edit"),
    path("segments/<str:key>/sample", answers.saved_sample, name="segment_saved_sample"),
    path("segments/<str:key>/duplicate", show.duplicate, name="segment_duplicate"),
    path("segments/<str:key>/archive", show.archive, name="segment_archive"),
    path("segments/<str:key>/restore", show.restore, name="segment_restore"),
    path("segments/<str:key>/use", show.use, name="segment_use"),
    path("segments/<str:key>/list", people.to_list, name="segment_to_list"),
    path("segments/<str:key>/export", people.export, name="segment_export"),
]
