"""Hosted video providers that can stand in for the built-in ingest; which one is the site's setting."""

from __future__ import annotations

import base64

from django.conf import settings

from . import cloudflare, mux
from .http import Api
from .ports import (
    Event,
    Happening,
    InputGone,
    NewInput,
    Provider,
    ProviderDown,
    ProviderOff,
    ProviderRefused,
    SignatureWrong,
)

__all__ = [
    "Event",
    "Happening",
    "InputGone",
    "NewInput",
    "Provider",
    "ProviderDown",
    "ProviderOff",
    "ProviderRefused",
    "SignatureWrong",
    "provider_named",
    "site_provider",
]


def site_provider() -> Provider | None:
    """The provider that this site's encoders publish to; None while they publish to its own ingest."""
    match settings.STREAM_PROVIDER:
        case "cloudflare":
            return _cloudflare()
        case "mux":
            return _mux()
        case _:
            return None


def provider_named(name: str) -> Provider:
    """The site's provider, if it is this one; raises ProviderOff."""
    host = site_provider()
    if host is None or host.name != name:
        raise ProviderOff(name)
    return host


def _cloudflare() -> Provider:
    trial, title = settings.PROVIDER_API_URL, cloudflare.Cloudflare.title
    play_base = trial or f"https://{settings.CLOUDFLARE_STREAM_HOST}"
    api = Api(
        title,
        trial or "https://api.cloudflare.com/client/v4",
        f"Bearer {settings.CLOUDFLARE_API_TOKEN}",
        cloudflare.refusal_words,
        allow_private=bool(trial),
    )
    return cloudflare.Cloudflare(
        api=api,
        # The state of an input is public, and on the viewers' host: our token has no business there.
        lifecycle=Api(title, play_base, "", cloudflare.refusal_words, allow_private=bool(trial)),
        account_id=settings.CLOUDFLARE_ACCOUNT_ID,
        play_base=play_base,
        webhook_secret=settings.CLOUDFLARE_WEBHOOK_SECRET,
        notification_secret=settings.CLOUDFLARE_NOTIFICATION_SECRET,
        grace_seconds=settings.RECONNECT_GRACE_SECONDS,
    )


def _mux() -> Provider:
    trial = settings.PROVIDER_API_URL
    pair = f"{settings.MUX_TOKEN_ID}:{settings.MUX_TOKEN_SECRET}"
    return mux.Mux(
        api=Api(
            mux.Mux.title,
            trial or "https://api.mux.com",
            f"Basic {base64.b64encode(pair.encode()).decode()}",
            mux.refusal_words,
            allow_private=bool(trial),
        ),
        play_base=trial or "https://stream.mux.com",
        webhook_secret=settings.MUX_WEBHOOK_SECRET,
        grace_seconds=settings.RECONNECT_GRACE_SECONDS,
    )
