"""The link in each letter that ends letters of its kind, for who has the letter and need not sign in."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core import signing
from django.urls import reverse

from apps.channels.models import Channel
from apps.channels.services import silence_bell
from apps.core.errors import NotFound

_signer = signing.Signer(salt="notifications.bell")


def unsubscribe_url(*, channel_id: uuid.UUID, user_id: uuid.UUID) -> str:
    """Where the letters about this channel end for this person, by one POST (RFC 8058)."""
    token = _signer.sign_object([channel_id.hex, user_id.hex])
    return settings.PUBLIC_URL + reverse("notifications:off", args=[token])


def channel_of(token: str) -> Channel:
    """The channel whose letters this token ends. Raises NotFound for a token that is not ours."""
    channel = Channel.objects.filter(pk=_named(token)[0]).first()
    if channel is None:
        raise NotFound("This channel is gone, and so are its letters.", code="CHANNEL_NOT_FOUND")
    return channel


def end_letters(*, token: str) -> None:
    """No more letters about the token's channel for its person. Raises NotFound for a token not of ours."""
    channel_id, user_id = _named(token)
    silence_bell(channel_id=channel_id, user_id=user_id)


def _named(token: str) -> tuple[uuid.UUID, uuid.UUID]:
    try:
        channel, user = _signer.unsign_object(token)
        return uuid.UUID(hex=channel), uuid.UUID(hex=user)
    except (signing.BadSignature, ValueError, TypeError, AttributeError):
        raise NotFound("This link is not whole. Copy all of it, or sign in and use the bell.") from None
