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
from apps.core.errors import Conflict, NotFound
from apps.core.sealing import box, derived
from apps.streams.models import Broadcast, Show, StreamKey
from apps.streams.providers import site_provider

from .inputs import reveal_hosted_key, rotate_hosted_key
from .rehearsals import revoke_rehearsal

if TYPE_CHECKING:
    from apps.accounts.models import Actor


_PREFIXES: dict[str, str] = {
    StreamKey.Kind.MAIN: "live",
    StreamKey.Kind.BACKUP: "backup",
    StreamKey.Kind.REHEARSAL: "test",
    StreamKey.Kind.SHOW: "show",
}
# As audit entries call them.
_NAMES: dict[str, str] = {
    StreamKey.Kind.MAIN: "stream_key",
    StreamKey.Kind.BACKUP: "backup_key",
    StreamKey.Kind.REHEARSAL: "test_key",
    StreamKey.Kind.SHOW: "show_key",
}


def reveal_key(
    *, actor: Actor, channel: Channel, kind: str = StreamKey.Kind.MAIN, show: Show | None = None
) -> str:
    """The channel's key of this kind in clear, or that of its `show`, for its owner only; made on first use.

    Where the site uses a hosted provider, its stream keys are the provider's: raises ProviderDown or
    ProviderRefused. Test keys are always ours. A show that is archived has none: Conflict SHOW_ARCHIVED.
    """
    policies.require(actor, Power.USE_KEY, channel)
    if kind == StreamKey.Kind.MAIN and (host := site_provider()) is not None:
        return reveal_hosted_key(actor=actor, channel=channel, host=host)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        _check_show(channel, kind, show)
        _record(actor, "revealed", channel, kind, show)
        held = StreamKey.objects.filter(channel=channel, kind=kind, show=show, retired_at=None).first()
        if held is not None:
            try:
                return box("stream-key-box").decrypt(held.key_encrypted.encode()).decode()
            except InvalidToken:
                # SECRET_KEY was changed: nobody can publish with this key any more.
                _retire(channel, kind, show)
        return _make(channel, kind, show)


def rotate_key(
    *, actor: Actor, channel: Channel, kind: str = StreamKey.Kind.MAIN, show: Show | None = None
) -> str:
    """A new key of this kind; the old one stops at once and whoever publishes with it is cut. Raises as
    `reveal_key` does."""
    policies.require(actor, Power.USE_KEY, channel)
    if kind == StreamKey.Kind.MAIN and (host := site_provider()) is not None:
        return rotate_hosted_key(actor=actor, channel=channel, host=host)
    with transaction.atomic():
        Channel.objects.select_for_update().get(pk=channel.pk)
        _check_show(channel, kind, show)
        if kind == StreamKey.Kind.REHEARSAL:
            revoke_rehearsal(channel.pk)
        else:
            _cut(channel, kind, show)
        _retire(channel, kind, show)
        key = _make(channel, kind, show)
        _record(actor, "rotated", channel, kind, show)
    return key


def retire_show_key(show: Show) -> None:
    """Its key stops at once and whoever publishes with it is cut. The caller holds the channel's row."""
    _cut(show.channel, StreamKey.Kind.SHOW, show)
    _retire(show.channel, StreamKey.Kind.SHOW, show)


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


def _check_show(channel: Channel, kind: str, show: Show | None) -> None:
    """A show's key is of a show of this channel that can be put on, as it is now."""
    assert (kind == StreamKey.Kind.SHOW) == (show is not None)
    if show is None:
        return
    now = Show.objects.filter(pk=show.pk, channel=channel).first()
    if now is None:
        raise NotFound("There is no such show.", code="SHOW_NOT_FOUND")
    if now.archived_at is not None:
        raise Conflict("This show is archived. Restore it first.", code="SHOW_ARCHIVED")


def _record(actor: Actor, deed: str, channel: Channel, kind: str, show: Show | None) -> None:
    details = {"show": show.name} if show else {}
    audit.record(
        actor=actor, action=f"{_NAMES[kind]}.{deed}", subject=channel, channel_id=channel.pk, **details
    )


def _cut(channel: Channel, kind: str, show: Show | None) -> None:
    """Cut the encoder that publishes with this key."""
    running = Broadcast.objects.open().filter(channel=channel, provider="")
    is_backup = kind == StreamKey.Kind.BACKUP
    if not is_backup:
        running = running.filter(main_key__show=show)
    # An empty session matches no encoder: the node's next report is answered with a cut.
    running.filter(on_backup=is_backup).update(publisher_session="")
    running.filter(on_backup=not is_backup).update(standby_session="")


def _retire(channel: Channel, kind: str, show: Show | None) -> None:
    StreamKey.objects.filter(channel=channel, kind=kind, show=show, retired_at__isnull=True).update(
        retired_at=timezone.now(), key_encrypted=""
    )


def _make(channel: Channel, kind: str, show: Show | None) -> str:
    key = f"{_PREFIXES[kind]}_{secrets.token_hex(20)}"
    StreamKey.objects.create(
        channel=channel,
        kind=kind,
        show=show,
        key_hash=key_hash(key),
        key_encrypted=box("stream-key-box").encrypt(key.encode()).decode(),
    )
    return key
