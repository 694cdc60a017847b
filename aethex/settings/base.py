"""Everything that every environment shares. The embedded default is complete: SQLite, files, memory.

DATABASE_URL, REDIS_URL and S3_BUCKET each swap one part for its grown-up version; nothing else asks.
"""

from __future__ import annotations

from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from aethex import env

from .accounts import *
from .languages import *
from .live import *
from .providers import *
from .social import *

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(env.text("AETHEX_DATA_DIR", str(BASE_DIR / "var"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

# --- addresses -------------------------------------------------------------------------------------
PORT = env.integer("PORT", 8000, low=1, high=65535)
RTMP_PORT = env.integer("RTMP_PORT", 1935, low=1, high=65535)
# RTMP behind TLS. The PEM files are read again when they change; without a certificate there is no such door.
RTMPS_PORT = env.integer("RTMPS_PORT", 1936, low=1, high=65535)
RTMPS_CERTIFICATE = env.text("RTMPS_CERTIFICATE", "")
RTMPS_KEY = env.text("RTMPS_KEY", "") or RTMPS_CERTIFICATE
# SRT, over UDP; 0: off. `make run` has it on (dev.py), elsewhere a port is opened because somebody said so.
SRT_PORT = env.integer("SRT_PORT", 0, low=0, high=65535)
BIND_HOST = env.text("BIND_HOST", "0.0.0.0")  # noqa: S104  encoders and viewers come from outside
PUBLIC_URL = env.text("PUBLIC_URL", f"http://localhost:{PORT}").rstrip("/")
# Where encoders publish, as shown to creators; empty: the host of the page and RTMP_PORT.
RTMP_URL = env.text("RTMP_URL", "").rstrip("/")
RTMPS_URL = env.text("RTMPS_URL", "").rstrip("/")
SRT_URL = env.text("SRT_URL", "").rstrip("/")
# What browsers' addresses of /live/ begin with: another origin, a path of this one, or nothing.
MEDIA_URL_BASE = env.text("MEDIA_URL_BASE", "").rstrip("/")
if not MEDIA_URL_BASE.startswith(("https://", "http://", "/")) and MEDIA_URL_BASE:
    raise ImproperlyConfigured("MEDIA_URL_BASE is an origin (https://edge.example.org) or a path (/node-1).")

SITE_NAME = "AeThex LIVE"
# Demo accounts and a demo broadcast, and /design for everybody: for looking around, never in production.
DEMO = False

# --- applications ----------------------------------------------------------------------------------
INSTALLED_APPS = [
    "aethex.staff_app.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.sitemaps",
    "django.forms",  # the widgets' templates, beside our field's
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.headless",
    "allauth.socialaccount",
    *SOCIAL_APPS,
    "aethex",
    "apps.core",
    "apps.accounts",
    "apps.channels",
    "apps.moderation",
    "apps.streams",
    "apps.chat",
    "apps.vod",
    "apps.engagement",
    "apps.notifications",
    "apps.discovery",
]

MIDDLEWARE = [
    "aethex.middleware.HealthCheck",
    "aethex.middleware.NoNul",
    "django.middleware.security.SecurityMiddleware",
    "aethex.static_files.CompressedStaticFiles",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "apps.accounts.middleware.OwnTimeZone",
    "apps.accounts.devices.RememberDevice",
    "aethex.middleware.ViewerId",
    "aethex.middleware.BodyLimit",
    "aethex.middleware.DomainErrors",
]

ROOT_URLCONF = "aethex.urls"
WSGI_APPLICATION = "aethex.wsgi.application"
ASGI_APPLICATION = "aethex.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "aethex.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data ------------------------------------------------------------------------------------------
DATABASE_URL = env.text("DATABASE_URL", "")
REDIS_URL = env.text("REDIS_URL", "")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

if DATABASE_URL:
    DATABASES = {"default": {**env.database(DATABASE_URL), "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "aethex.sqlite3",
            # IMMEDIATE: a writer waits for its turn at BEGIN instead of failing in the middle. FULL: what
            # was acknowledged survives a power cut, too.
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                    "PRAGMA busy_timeout=20000; PRAGMA cache_size=-20000;"
                ),
            },
            "CONN_MAX_AGE": None,
        }
    }

CACHES: dict[str, dict[str, object]]
CHANNEL_LAYERS: dict[str, dict[str, object]]
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "capacity": 10_000},
        }
    }
    CELERY_BROKER_URL = REDIS_URL
else:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            # The default of 300 would forget who has tried too many passwords.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "apps.core.realtime.layer.EmbeddedLayer",
            "CONFIG": {"capacity": 10_000},
        }
    }
    CELERY_BROKER_URL = "memory://localhost/"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"polling_interval": 0.05}

CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = bool(REDIS_URL)
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# Lists that everybody sees may be some seconds old (apps/core/kept.py).
KEEP_LISTS = True

# --- files -----------------------------------------------------------------------------------------
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
COMPRESSED_DIR = DATA_DIR / "compressed"

S3_BUCKET = env.text("S3_BUCKET", "")
# Where browsers fetch from the bucket: its own host, or a CDN in front of it.
S3_PUBLIC_URL = env.text("S3_PUBLIC_URL", "").rstrip("/")
if S3_BUCKET and not S3_PUBLIC_URL.startswith(("https://", "http://")):
    raise ImproperlyConfigured("S3_PUBLIC_URL must say where browsers reach the bucket: https://…")


def _s3(prefix: str, *, signed: bool) -> dict:
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT_URL", "") or None,
            "region_name": env.text("S3_REGION", "us-east-1"),
            "access_key": env.text("S3_ACCESS_KEY"),
            "secret_key": env.text("S3_SECRET_KEY"),
            "location": prefix,
            "querystring_auth": signed,
            "custom_domain": None if signed else S3_PUBLIC_URL.split("://", 1)[1],
            "url_protocol": S3_PUBLIC_URL.split(":", 1)[0] + ":",
            "file_overwrite": True,
        },
    }


if S3_BUCKET:
    _uploads, _recordings = _s3("media", signed=False), _s3("recordings", signed=True)
    _exports = _s3("exports", signed=True)
else:
    _uploads = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT, "base_url": MEDIA_URL},
    }
    # These lie outside MEDIA_ROOT: nothing but a service may hand them out.
    _recordings = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "recordings", "allow_overwrite": True},
    }
    _exports = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "exports",
            "allow_overwrite": True,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }
STORAGES = {
    "default": _uploads,
    "recordings": _recordings,
    "exports": _exports,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# One process, no second command: files are served where they are written, and asked for anew after a minute.
WHITENOISE_USE_FINDERS = True
# Vendored files lie in a folder named by their version: browsers may keep them for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/vendor/[^/]+-[0-9][^/]*/"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
# Two pictures of 8 MB, and some: what a body may have in all (nginx: client_max_body_size).
BODY_MOST = 20 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- safety ----------------------------------------------------------------------------------------
SECRET_KEY = env.text("SECRET_KEY", "") or env.secret_in(DATA_DIR / "secrets", "django")
DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "*")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
CSRF_FAILURE_VIEW = "aethex.errors.csrf_failure"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# How many proxies of ours stand in front: the client's address is read that far back.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, low=0, high=5)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Every ingest node or edge that players may be sent to.
_media_origin = env.words("MEDIA_ORIGINS", "" if MEDIA_URL_BASE.startswith("/") else MEDIA_URL_BASE)
# Pictures that people uploaded come from the bucket's address.
_uploads_origin = [S3_PUBLIC_URL] if S3_BUCKET else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_uploads_origin],
        "font-src": [SELF],
        # hls.js plays from blob: URLs and demuxes in a blob: worker.
        "media-src": [SELF, "blob:", *_media_origin, *PROVIDER_ORIGINS],
        "worker-src": [SELF, "blob:"],
        "connect-src": [SELF, *_media_origin, *PROVIDER_ORIGINS],
        "object-src": [NONE],
        "base-uri": [SELF],
        # A browser holds a form to this also where it is led on to from there.
        "form-action": [SELF, *SOCIAL_ORIGINS],
        "frame-ancestors": [NONE],
    }
}
CORS_URLS_REGEX = r"^/api/.*$"
CORS_ALLOW_ALL_ORIGINS = True
CORS_ALLOW_CREDENTIALS = False
CORS_EXPOSE_HEADERS = ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "Retry-After"]

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]

# --- API -------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "allauth.headless.contrib.rest_framework.authentication.JWTTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticatedOrReadOnly"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "aethex.parsers.JSON",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_PAGINATION_CLASS": "apps.core.pagination.PageEnvelope",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.throttles.Everyone"],
    "EXCEPTION_HANDLER": "aethex.api_errors.handle",
    "NUM_PROXIES": TRUSTED_PROXIES,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
API_RATES = {
    "anonymous": env.rate("API_RATE_ANONYMOUS", "100/60"),
    "person": env.rate("API_RATE_PERSON", "300/60"),
    "stream": env.rate("API_RATE_STREAM", "50/60"),
    "playback": env.rate("API_RATE_PLAYBACK", "300/60"),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "AeThex LIVE API",
    "VERSION": "1.0.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "aethex.api_schema.describe_lists",
        "aethex.api_schema.prefer_json",
        "aethex.api_schema.describe_refusals",
    ],
    # Names for what clients' generators would call StateD16.
    "ENUM_NAME_OVERRIDES": {
        "SanctionKind": "apps.moderation.models.Sanction.Kind",
        "ReportKind": "apps.moderation.models.Report.Kind",
        "ReportState": "apps.moderation.models.Report.State",
        "UnbanRequestState": "apps.moderation.models.UnbanRequest.State",
    },
}

# --- mail and log -----------------------------------------------------------------------------------
if env.text("EMAIL_HOST", ""):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = env.text("EMAIL_HOST")
    EMAIL_PORT = env.integer("EMAIL_PORT", 587)
    EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
    EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
    EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
    EMAIL_TIMEOUT = 20
else:
    # Without a mail server letters land in a folder that the operator can read.
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
    EMAIL_FILE_PATH.mkdir(mode=0o700, exist_ok=True)  # reset links lie there
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "AeThex LIVE <live@localhost>")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)-7s %(name)s  %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        "django.request": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        "uvicorn": {"level": "WARNING"},
    },
}
