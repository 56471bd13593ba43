"""The console's addresses."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from pabal.console.views import accounts, api_keys, audit, credits, health, home, settings, styleguide, users
from pabal.console.views.audience import import_steps, imports
from pabal.console.views.campaigns import draft, listing, live, preview, review

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
    path("", home.home, name="home"),
    path("credits/", credits.index, name="credits"),
    path("credits/prices", credits.price_list, name="prices"),
    path("imports/", imports.index, name="imports"),
    path("imports/new", import_steps.new, name="import_new"),
    path("imports/<int:import_id>", imports.show, name="import"),
    path("imports/<int:import_id>/columns", import_steps.columns, name="import_map"),
    path("imports/<int:import_id>/preview", import_steps.preview, name="import_preview"),
    path("imports/<int:import_id>/read-again", import_steps.read_again, name="import_read_again"),
    path("imports/<int:import_id>/consent", import_steps.consent, name="import_consent"),
    path("imports/<int:import_id>/check", import_steps.check, name="import_check"),
    path("imports/<int:import_id>/discard", import_steps.discard, name="import_discard"),
    path("imports/<int:import_id>/resume", imports.resume, name="import_resume"),
    path("imports/<int:import_id>/refused", imports.refused, name="import_refused"),
    path("campaigns/", listing.index, name="campaigns"),
    path("campaigns/new", listing.new, name="campaign_new"),
    path("campaigns/<slug:key>", live.show, name="campaign"),
    path("campaigns/<slug:key>/basics", draft.basics, name="campaign_basics"),
    path("campaigns/<slug:key>/audience", draft.audience, name="campaign_audience"),
    path("campaigns/<slug:key>/message", draft.message, name="campaign_message"),
    path("campaigns/<slug:key>/preview", preview.show, name="campaign_preview"),
    path("campaigns/<slug:key>/sending", draft.sending, name="campaign_sending"),
    path("campaigns/<slug:key>/review", review.show, name="campaign_review"),
    path("campaigns/<slug:key>/launch", review.launch, name="campaign_launch"),
    path("campaigns/<slug:key>/duplicate", live.duplicate, name="campaign_duplicate"),
    path("campaigns/<slug:key>/act/<slug:verb>", live.act, name="campaign_act"),
]
