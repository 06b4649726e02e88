"""Django's settings, all of them derived from the environment that `hub.env` has checked."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from hub import env

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env.read(os.environ, default_database=f"sqlite:///{BASE_DIR / 'hub.sqlite3'}")

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
HUB_KEYS = ENVIRONMENT.hub_keys
HUB_URL = ENVIRONMENT.hub_url
HUB_ALLOW_HOSTS = ENVIRONMENT.allow_hosts
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)
CSRF_TRUSTED_ORIGINS = [HUB_URL]

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_q",
    "csp",
    "sync",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "hub.limits.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "hub.headers.NoStoreMiddleware",
]

ROOT_URLCONF = "hub.urls"
WSGI_APPLICATION = "hub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["hub.words"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Remembering

SQLITE_OPTIONS = {
    # IMMEDIATE: a deferred transaction that reads before it writes fails as "locked" whatever the time-out.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: what is about to be written is committed first, and must still be known after a power cut.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
}


def _default_database(database: dict[str, Any]) -> dict[str, Any]:
    """The database of the environment with the options each kind needs under web and worker together."""
    if database["ENGINE"].endswith("sqlite3"):
        return {**database, "OPTIONS": SQLITE_OPTIONS, "CONN_MAX_AGE": None}
    return {**database, "CONN_MAX_AGE": 300, "CONN_HEALTH_CHECKS": True}


def _cache(prefix: str) -> dict[str, Any]:
    """A cache all processes share: Redis where there is one, else a table."""
    if ENVIRONMENT.redis_url:
        backend = "django.core.cache.backends.redis.RedisCache"
        return {"BACKEND": backend, "LOCATION": ENVIRONMENT.redis_url, "KEY_PREFIX": prefix}
    backend = "django.core.cache.backends.db.DatabaseCache"
    return {"BACKEND": backend, "LOCATION": "hub_cache", "KEY_PREFIX": prefix}


DATABASES = {"default": _default_database(ENVIRONMENT.database)}
CACHES = {"default": _cache("hub"), "q": _cache("q")}

Q_CLUSTER: dict[str, Any] = {
    "name": "hub",
    "orm": "default",
    "workers": 2,
    "queue_limit": 2,
    "bulk": 1,
    "poll": 0.1,
    "timeout": 120,
    "retry": 420,  # longer than everything a worker can have prefetched, or a task runs twice
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 500,
    # A hand that ever held this much gives way to a new one after its task. KiB on Linux; elsewhere other units.
    "max_rss": 300 * 1024 if sys.platform == "linux" else None,
    "guard_cycle": 0.5,
    "cache": "q",
    "ALT_CLUSTERS": {},
}

# People and their browsers

SECURE = ENVIRONMENT.secure
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "hub_session"
SESSION_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "hub_csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
# gunicorn speaks plain http: behind an https address a proxy ends TLS, and must set this header itself.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000  # a pair's page posts a dozen fields for each of its mappings

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, UNSAFE_EVAL],  # the admin's Alpine builds functions from text
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
PLAIN_STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
HASHED_STATIC = "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": PLAIN_STATIC if DEBUG else HASHED_STATIC},
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Hub",
    "SITE_HEADER": "Hub",
    "SITE_SUBHEADER": "ERP and webCRM in step",
    "SITE_SYMBOL": "sync_alt",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "hub.navigation.icon"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "primary": {
            "50": "240 249 255",
            "100": "224 242 254",
            "200": "186 230 253",
            "300": "125 211 252",
            "400": "56 189 248",
            "500": "14 165 233",
            "600": "2 132 199",
            "700": "3 105 161",
            "800": "7 89 133",
            "900": "12 74 110",
            "950": "8 47 73",
        },
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "hub.navigation.side_bar"},
}

# Programs

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "sync.api.tokens.ShownToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["sync.api.permissions.RolePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["sync.api.parsers.PlainJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["sync.api.filters.StrictBackend"],
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.AnonRateThrottle",
        "rest_framework.throttling.UserRateThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"anon": "30/min", "user": "600/min", "login": "10/min"},
    "NUM_PROXIES": 1 if SECURE else 0,  # or whoever asks chooses the address that is counted
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "sync.api.paging.Keyset",
    "EXCEPTION_HANDLER": "sync.api.errors.explain",
}
REST_KNOX = {"TOKEN_PREFIX": "hub_", "TOKEN_TTL": timedelta(days=365), "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Hub",
    "DESCRIPTION": "Pairs, links, runs, changes and conflicts of a hub that keeps an ERP and webCRM in step.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "ChangeOutcome": "sync.models.runs.Change.Outcome",
        "ConflictState": "sync.models.links.ConflictState",
        "LinkOutcome": "sync.models.links.OUTCOMES",
        "LinkState": "sync.models.links.LinkState",
        "RunState": "sync.models.runs.RunState",
        "Side": "sync.models.pairs.SideName",
    },
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "sync.api.schema.add_errors"],
}

# Saying what happens

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "redact": {
            "()": "hub.logs.Redact",
            "values": [SECRET_KEY, *HUB_KEYS, str(ENVIRONMENT.database.get("PASSWORD", ""))],
        },
    },
    "formatters": {"json": {"()": "hub.logs.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["redact"]},
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # Anybody can send a made-up host name: it is refused, and not worth a trace each time.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django-q": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "hub": {"level": "INFO"},
        "sync": {"level": "INFO"},
    },
}
