"""The addresses of KakaoTalk's pages."""

from __future__ import annotations

from django.urls import path

from pabal.console.views.kakao import channels, composing, pictures, sending

urlpatterns = [
    path("channels/", channels.index, name="channels"),
    path("channels/new", channels.new, name="channel_new"),
    path("channels/sandbox", channels.sandbox, name="channel_sandbox"),
    path("channels/<int:pk>", channels.edit, name="channel"),
    path("campaigns/<slug:key>/kakao", composing.preview, name="campaign_kakao_preview"),
    path("campaigns/<slug:key>/fallback", sending.measure, name="campaign_fallback_preview"),
    path("kakao/pictures", pictures.take, name="kakao_picture"),
]
