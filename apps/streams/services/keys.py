"""Stream keys: made, shown, rotated, recognised."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.streams.models import Broadcast, StreamKey

if TYPE_CHECKING:
    from apps.accounts.models import Actor


def reveal_key(*, actor: Actor, channel: Channel) -> str:
    """The channel's stream key in clear, for its owner only; made on first use."""
    policies.require(actor, Power.USE_KEY, channel)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        audit.record(actor=actor, action="stream_key.revealed", subject=channel, channel_id=channel.pk)
        held = StreamKey.objects.filter(channel=channel, retired_at__isnull=True).first()
        if held is not None:
            try:
                return _box().decrypt(held.key_encrypted.encode()).decode()
            except InvalidToken:
                # SECRET_KEY was changed: nobody can publish with this key any more.
                _retire(channel)
        return _make(channel)


def rotate_key(*, actor: Actor, channel: Channel) -> str:
    """A new key; the old one stops at once and whoever publishes with it is cut."""
    policies.require(actor, Power.USE_KEY, channel)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        _retire(channel)
        key = _make(channel)
        audit.record(actor=actor, action="stream_key.rotated", subject=channel, channel_id=channel.pk)
        # An empty session matches no encoder: the node's next report is answered with a cut.
        Broadcast.objects.open().filter(channel=channel).update(publisher_session="")
    return key


def recognise(key: str) -> StreamKey | None:
    """The row of this key, used or retired; None for a key that never was."""
    digest = key_hash(key)
    row = (
        StreamKey.objects.select_related("channel__owner", "channel__category")
        .filter(key_hash=digest)
        .first()
    )
    # The index found it by its keyed hash; the comparison itself takes the same time for every key.
    return row if row and hmac.compare_digest(row.key_hash, digest) else None


def key_hash(key: str) -> str:
    """HMAC-SHA256 of the key under a key of its own, in hex."""
    return hmac.new(_derived("stream-key-hash"), key.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _retire(channel: Channel) -> None:
    StreamKey.objects.filter(channel=channel, retired_at__isnull=True).update(
        retired_at=timezone.now(), key_encrypted=""
    )


def _make(channel: Channel) -> str:
    key = f"live_{secrets.token_hex(20)}"
    StreamKey.objects.create(
        channel=channel, key_hash=key_hash(key), key_encrypted=_box().encrypt(key.encode()).decode()
    )
    return key


def _box() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(_derived("stream-key-box")))


def _derived(purpose: str) -> bytes:
    return hashlib.sha256(f"{purpose}:{settings.SECRET_KEY}".encode()).digest()
