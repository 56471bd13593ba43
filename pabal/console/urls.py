"""The console's addresses."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from pabal.console.views import accounts, api_keys, audit, health, settings, styleguide, users

app_name = "console"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("styleguide", styleguide.styleguide, name="styleguide"),
    path("login", accounts.login, name="login"),
    path("logout", accounts.logout, name="logout"),
    path("welcome", accounts.welcome, name="welcome"),
    path("join/<str:uid>/<str:token>", accounts.join, name="join"),
    path("settings/", settings.settings, name="settings"),
    path("settings/me", accounts.me, name="me"),
    path("settings/me/password", accounts.password, name="password"),
    path("settings/people", users.users, name="users"),
    path("settings/people/new", users.user_new, name="user_new"),
    path("settings/people/<int:user_id>", users.user_edit, name="user_edit"),
    path("settings/people/<int:user_id>/access", users.user_access, name="user_access"),
    path("settings/keys", api_keys.api_keys, name="api_keys"),
    path("settings/keys/<int:key_id>/revoke", api_keys.api_key_revoke, name="api_key_revoke"),
    path("settings/audit", audit.audit, name="audit"),
]
