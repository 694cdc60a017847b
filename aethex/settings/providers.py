"""A hosted video provider in place of the built-in ingest (docs/providers.md)."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from aethex import env

STREAM_PROVIDER = env.text("STREAM_PROVIDER", "builtin")
# A stand-in for the provider's API and its viewers' host: for tests and trials.
PROVIDER_API_URL = env.text("PROVIDER_API_URL", "").rstrip("/")

CLOUDFLARE_ACCOUNT_ID = env.text("CLOUDFLARE_ACCOUNT_ID", "")
CLOUDFLARE_API_TOKEN = env.text("CLOUDFLARE_API_TOKEN", "")
CLOUDFLARE_STREAM_HOST = env.text("CLOUDFLARE_STREAM_HOST", "")
CLOUDFLARE_WEBHOOK_SECRET = env.text("CLOUDFLARE_WEBHOOK_SECRET", "")
CLOUDFLARE_NOTIFICATION_SECRET = env.text("CLOUDFLARE_NOTIFICATION_SECRET", "")

MUX_TOKEN_ID = env.text("MUX_TOKEN_ID", "")
MUX_TOKEN_SECRET = env.text("MUX_TOKEN_SECRET", "")
MUX_WEBHOOK_SECRET = env.text("MUX_WEBHOOK_SECRET", "")

_NEEDED = {
    "builtin": {},
    "cloudflare": {
        "CLOUDFLARE_ACCOUNT_ID": CLOUDFLARE_ACCOUNT_ID,
        "CLOUDFLARE_API_TOKEN": CLOUDFLARE_API_TOKEN,
        "CLOUDFLARE_STREAM_HOST": CLOUDFLARE_STREAM_HOST,
        "CLOUDFLARE_WEBHOOK_SECRET": CLOUDFLARE_WEBHOOK_SECRET,
        "CLOUDFLARE_NOTIFICATION_SECRET": CLOUDFLARE_NOTIFICATION_SECRET,
    },
    "mux": {
        "MUX_TOKEN_ID": MUX_TOKEN_ID,
        "MUX_TOKEN_SECRET": MUX_TOKEN_SECRET,
        "MUX_WEBHOOK_SECRET": MUX_WEBHOOK_SECRET,
    },
}
if STREAM_PROVIDER not in _NEEDED:
    raise ImproperlyConfigured(f"STREAM_PROVIDER={STREAM_PROVIDER!r} is none of {', '.join(_NEEDED)}.")
if _missing := [name for name, value in _NEEDED[STREAM_PROVIDER].items() if not value]:
    raise ImproperlyConfigured(
        f"STREAM_PROVIDER is {STREAM_PROVIDER}, which needs {', '.join(_missing)}. "
        "Set them, or unset STREAM_PROVIDER to use the built-in ingest."
    )
if "/" in CLOUDFLARE_STREAM_HOST:
    raise ImproperlyConfigured(
        "CLOUDFLARE_STREAM_HOST is a host alone, like customer-f33zs165nr7gyfy4.cloudflarestream.com."
    )

# Where players fetch from. Mux names one host for playlists and none for what they list, which is below it.
PROVIDER_ORIGINS = {
    "builtin": [],
    "cloudflare": [PROVIDER_API_URL or f"https://{CLOUDFLARE_STREAM_HOST}"],
    "mux": [PROVIDER_API_URL or "https://*.mux.com"],
}[STREAM_PROVIDER]
