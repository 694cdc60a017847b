"""A channel's door at the hosted provider: its key, and whether it stands open.

Nothing here holds a row while the provider is asked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import F, Q

from apps.channels.models import Channel
from apps.core import audit
from apps.core.errors import DomainError
from apps.core.sealing import box
from apps.streams.models import LiveInput
from apps.streams.providers import InputGone, NewInput, Provider, site_provider

if TYPE_CHECKING:
    from apps.accounts.models import Actor

log = logging.getLogger(__name__)

_BOX = "provider-key-box"
_AT_ONCE = 50


def reveal_hosted_key(*, actor: Actor, channel: Channel, host: Provider) -> str:
    """The key of the channel's input, in clear; the input is made on first use. The caller asked for the
    power."""
    held = _input_of(channel, host)
    if held is None:
        key = _make(channel, host)
    else:
        try:
            key = box(_BOX).decrypt(held.key_encrypted.encode()).decode()
        except InvalidToken:  # SECRET_KEY was changed
            key = _rotate(held, channel, host)
    audit.record(actor=actor, action="stream_key.revealed", subject=channel, channel_id=channel.pk)
    return key


def rotate_hosted_key(*, actor: Actor, channel: Channel, host: Provider) -> str:
    """A new key; the provider refuses the old one. The caller asked for the power."""
    held = _input_of(channel, host)
    key = _make(channel, host) if held is None else _rotate(held, channel, host)
    audit.record(actor=actor, action="stream_key.rotated", subject=channel, channel_id=channel.pk)
    return key


def hosted_input(channel: Channel) -> LiveInput | None:
    """The channel's input at the site's provider, None when there is no provider or no input yet."""
    host = site_provider()
    return _input_of(channel, host) if host is not None else None


def settle_inputs() -> int:
    """Tell the provider which inputs are to be open, shut or gone; how many it was told of.

    What it does not take now is told again with the next round.
    """
    host = site_provider()
    if host is None:
        return 0
    unsettled = LiveInput.objects.filter(provider=host.name).filter(
        Q(channel=None) | ~Q(is_open=F("is_open_there"))
    )
    done = 0
    for row in unsettled.order_by("pk")[:_AT_ONCE]:
        try:
            _settle(row, host)
            done += 1
        except DomainError as error:
            log.warning("input %s at %s is not settled: %s", row.external_id, host.name, error.message)
    return done


def _settle(row: LiveInput, host: Provider) -> None:
    if row.channel_id is None:
        host.delete_input(row.external_id)
        row.delete()
        return
    try:
        if row.is_open:
            host.open_input(row.external_id)
        else:
            host.shut_input(row.external_id)
    except InputGone:
        # Somebody deleted it there: the next look at the key makes another one.
        row.delete()
        return
    LiveInput.objects.filter(pk=row.pk).update(is_open_there=row.is_open)


def _input_of(channel: Channel, host: Provider) -> LiveInput | None:
    return LiveInput.objects.filter(channel=channel, provider=host.name).first()


def _make(channel: Channel, host: Provider) -> str:
    made = host.create_input(f"{channel.slug} {channel.pk}")
    with transaction.atomic():
        Channel.objects.hold(channel.pk)
        winner = _input_of(channel, host)
        # Two may look at once: who comes second has one too many there, which is deleted with the next round.
        _store(made, host, channel=None if winner else channel)
    if winner is not None:
        return box(_BOX).decrypt(winner.key_encrypted.encode()).decode()
    return made.key


def _store(made: NewInput, host: Provider, *, channel: Channel | None) -> None:
    LiveInput.objects.create(
        channel=channel,
        provider=host.name,
        external_id=made.external_id,
        playback_id=made.playback_id,
        ingest_url=made.ingest_url,
        key_encrypted=box(_BOX).encrypt(made.key.encode()).decode(),
    )


def _rotate(held: LiveInput, channel: Channel, host: Provider) -> str:
    try:
        key = host.rotate_key(held.external_id)
    except InputGone:
        held.delete()
        return _make(channel, host)
    LiveInput.objects.filter(pk=held.pk).update(key_encrypted=box(_BOX).encrypt(key.encode()).decode())
    return key
