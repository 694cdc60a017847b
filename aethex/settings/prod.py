"""Production: fails closed. What is missing is named at boot instead of being guessed."""

from django.core.exceptions import ImproperlyConfigured

from aethex import env

from .base import *
from .base import (
    DATABASE_URL,
    EDGE_UPSTREAM,
    GRANT_KEY,
    PROVIDER_API_URL,
    REDIS_URL,
    SIMULCAST_ALLOW_PRIVATE,
    STORAGES,
)

# An edge that is told its upstream signs nothing but grants, and does better without the key to all else.
if not (EDGE_UPSTREAM and GRANT_KEY):
    SECRET_KEY = env.text("SECRET_KEY")
    if len(SECRET_KEY) < 40:
        raise ImproperlyConfigured("SECRET_KEY is too short. Use at least 40 random characters.")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name this site's hosts, e.g. live.example.org.")
# Links in letters start with it: a guess would send people to nowhere.
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")
for _name, _value in {"DATABASE_URL": DATABASE_URL, "REDIS_URL": REDIS_URL}.items():
    # An edge that is told its upstream opens neither.
    if not _value and not EDGE_UPSTREAM:
        raise ImproperlyConfigured(f"{_name} is not set. Several processes need it; see .env.example.")

if SIMULCAST_ALLOW_PRIVATE:
    raise ImproperlyConfigured(
        "SIMULCAST_ALLOW_PRIVATE would let creators reach this network's own machines. Unset it."
    )

if PROVIDER_API_URL:
    raise ImproperlyConfigured(
        "PROVIDER_API_URL is a stand-in for trials, it has no secrets to keep. Unset it."
    )

STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=True)
STORAGES["staticfiles"] = {"BACKEND": "aethex.static_files.HashedStaticFiles"}
WHITENOISE_USE_FINDERS = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"\.[0-9a-f]{12}\.[a-z0-9]+$"
SECURE_HSTS_SECONDS = env.integer("HSTS_SECONDS", 3600)
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", default=True)
if SECURE_SSL_REDIRECT and not env.integer("TRUSTED_PROXIES", 0):
    raise ImproperlyConfigured(
        "TRUSTED_PROXIES is 0, so TLS in front can't be seen and every page would redirect to itself. "
        "Set TRUSTED_PROXIES=1 behind nginx."
    )
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
