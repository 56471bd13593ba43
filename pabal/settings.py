"""Django settings, derived from `pabal.config`. Nothing here is edited by hand in a deployment."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from pabal import config as configuration
from pabal.translations import compile_messages

CONFIG = configuration.get()
BASE = Path(__file__).parent
compile_messages(BASE / "locale")

SECRET_KEY = configuration.secret_key(CONFIG)
DEBUG = CONFIG.debug
ALLOWED_HOSTS = [h for h in CONFIG.allowed_hosts.split(",") if h] or [
    "localhost",
    "127.0.0.1",
    "[::1]",
    CONFIG.web_host,
    urlsplit(CONFIG.console_url).hostname or "localhost",
]
TRUSTED_PROXIES = [ip_network(n.strip(), strict=False) for n in CONFIG.trusted_proxies.split(",") if n.strip()]
CONSOLE_URL = CONFIG.console_url
CSRF_TRUSTED_ORIGINS = [CONFIG.console_url]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "ninja",
    "procrastinate.contrib.django",
    "pabal.accounts",
    "pabal.audience",
    "pabal.billing",
    "pabal.delivery",
    "pabal.campaigns",
    "pabal.reports",
    "pabal.console",
]
MIDDLEWARE = [
    "pabal.api.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "pabal.console.middleware.ConsoleMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "pabal.urls"
WSGI_APPLICATION = "pabal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "pabal.console.context.console",
            ],
        },
    }
]


def database(dsn: str) -> dict[str, Any]:
    """Django's form of a PostgreSQL connection URI."""
    parts = conninfo_to_dict(dsn)
    known = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    settings: dict[str, Any] = {django: str(parts.pop(ours, "") or "") for ours, django in known.items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **settings,
        "OPTIONS": {**parts, "application_name": "pabal"},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
    }


DATABASES = {"default": database(CONFIG.database_dsn)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "console:login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "console:login"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = CONFIG.language
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE / "locale"]
TIME_ZONE = CONFIG.time_zone
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_COOKIES = CONFIG.console_url.startswith("https://")
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "pabal_session"
CSRF_COOKIE_NAME = "pabal_csrf"
CSRF_FAILURE_VIEW = "pabal.console.errors.csrf_failure"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE_COOKIES else None
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024  # 10,000 profiles in one API request; files are not counted
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_TEMP_DIR = None

LOGGING_CONFIG = None  # pabal.logs sets logging up, in every process alike
SILENCED_SYSTEM_CHECKS: list[str] = []
