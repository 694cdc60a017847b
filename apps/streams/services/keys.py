"""Stream keys: made, shown, rotated, recognised."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.streams.models import Broadcast, StreamKey
from apps.streams.providers import site_provider
from apps.streams.sealing import box, derived

from .inputs import reveal_hosted_key, rotate_hosted_key
from .rehearsals import revoke_rehearsal

if TYPE_CHECKING:
    from apps.accounts.models import Actor


_PREFIXES: dict[str, str] = {
    StreamKey.Kind.MAIN: "live",
    StreamKey.Kind.BACKUP: "backup",
    StreamKey.Kind.REHEARSAL: "test",
}
# As audit entries call them.
_NAMES: dict[str, str] = {
    StreamKey.Kind.MAIN: "stream_key",
    StreamKey.Kind.BACKUP: "backup_key",
    StreamKey.Kind.REHEARSAL: "test_key",
}


def reveal_key(*, actor: Actor, channel: Channel, kind: str = StreamKey.Kind.MAIN) -> str:
    """The channel's key of this kind in clear, for its owner only; made on first use.

    Where the site uses a hosted provider, its stream keys are the provider's: raises ProviderDown or
    ProviderRefused. Test keys are always ours.
    """
    policies.require(actor, Power.USE_KEY, channel)
    if kind == StreamKey.Kind.MAIN and (host := site_provider()) is not None:
        return reveal_hosted_key(actor=actor, channel=channel, host=host)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        audit.record(actor=actor, action=f"{_NAMES[kind]}.revealed", subject=channel, channel_id=channel.pk)
        held = StreamKey.objects.filter(channel=channel, kind=kind, retired_at__isnull=True).first()
        if held is not None:
            try:
                return box("stream-key-box").decrypt(held.key_encrypted.encode()).decode()
            except InvalidToken:
                # SECRET_KEY was changed: nobody can publish with this key any more.
                _retire(channel, kind)
        return _make(channel, kind)


def rotate_key(*, actor: Actor, channel: Channel, kind: str = StreamKey.Kind.MAIN) -> str:
    """A new key of this kind; the old one stops at once and whoever publishes with it is cut. Raises as
    `reveal_key` does."""
    policies.require(actor, Power.USE_KEY, channel)
    if kind == StreamKey.Kind.MAIN and (host := site_provider()) is not None:
        return rotate_hosted_key(actor=actor, channel=channel, host=host)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        _retire(channel, kind)
        key = _make(channel, kind)
        audit.record(actor=actor, action=f"{_NAMES[kind]}.rotated", subject=channel, channel_id=channel.pk)
        if kind == StreamKey.Kind.REHEARSAL:
            revoke_rehearsal(channel.pk)
        else:
            # An empty session matches no encoder: the node's next report is answered with a cut.
            running = Broadcast.objects.open().filter(channel=channel, provider="")
            is_backup = kind == StreamKey.Kind.BACKUP
            running.filter(on_backup=is_backup).update(publisher_session="")
            running.filter(on_backup=not is_backup).update(standby_session="")
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
    return hmac.new(derived("stream-key-hash"), key.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _retire(channel: Channel, kind: str) -> None:
    StreamKey.objects.filter(channel=channel, kind=kind, retired_at__isnull=True).update(
        retired_at=timezone.now(), key_encrypted=""
    )


def _make(channel: Channel, kind: str) -> str:
    key = f"{_PREFIXES[kind]}_{secrets.token_hex(20)}"
    StreamKey.objects.create(
        channel=channel,
        kind=kind,
        key_hash=key_hash(key),
        key_encrypted=box("stream-key-box").encrypt(key.encode()).decode(),
    )
    return key
