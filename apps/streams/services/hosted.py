"""What a hosted provider tells of its inputs, turned into the same verbs that our own ingest uses.

Webhooks may come twice, late and in any order: an event counts when it is later than the last one that
counted. One that never comes is made good by asking.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.channels.models import Channel
from apps.core.errors import DomainError
from apps.core.events import publish
from apps.streams.facts import HostedRecordingMade
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast, LiveInput, Status
from apps.streams.providers import Event, Happening, Provider, site_provider

from .broadcasts import archive, left_at
from .publishing import admit, interrupt_broadcast, note_refusal, start_broadcast

log = logging.getLogger(__name__)

# A provider's own pages lag behind its events for a while.
SETTLED = timedelta(seconds=60)
_ANNOUNCED = timedelta(hours=1)
_AT_ONCE = 100


def take_event(event: Event, *, host: Provider) -> bool:
    """Do what an event asks for; False when it changes nothing: it came before, too late, or is of an input
    that is not ours."""
    with transaction.atomic():
        row = _held(host.name, event.input_id)
        if row is None:
            log.info("%s tells of input %s, which is no channel's", host.name, event.input_id)
            return False
        if event.what is Happening.RECORDED:
            return _recorded(row, event)
        if row.heard_at is not None and (event.at, event.id) <= (row.heard_at, row.heard_id):
            return False
        row.heard_at, row.heard_id = event.at, event.id
        match event.what:
            case Happening.STARTED:
                _started(row, since=event.at)
            case Happening.AWAY:
                _away(row)
            case Happening.OVER:
                _over(row)
            case Happening.REFUSED:
                _refused(row, event.code or "PROVIDER_REFUSED", event.message or "No reason was given.")
        row.save(update_fields=["heard_at", "heard_id", "is_open", "is_open_there"])
    return True


def check_hosted() -> int:
    """Ask the provider about the inputs of open broadcasts, for webhooks that never came; how many of them
    were not as we thought. Broadcasts of a provider that the site has left are interrupted."""
    host = site_provider()
    name = host.name if host is not None else ""
    wrong = 0
    for broadcast in Broadcast.objects.filter(status=Status.LIVE).exclude(provider__in=["", name]):
        interrupt_broadcast(broadcast_id=broadcast.pk, session_id=broadcast.publisher_session)
        wrong += 1
    if host is None:
        return wrong
    now = timezone.now()
    asked = Broadcast.objects.filter(
        Q(status__in=[Status.LIVE, Status.ENDING], provider=name)
        | Q(status=Status.OFFLINE, created_at__gt=now - _ANNOUNCED)
    )
    settled = Q(heard_at=None) | Q(heard_at__lt=now - SETTLED)
    rows = LiveInput.objects.filter(settled, provider=name, channel__in=asked.values("channel"))
    for row in rows.order_by("?")[:_AT_ONCE]:
        try:
            is_live = host.is_live(row.external_id)
        except DomainError as error:
            log.warning("input %s at %s can't be asked for: %s", row.external_id, name, error.message)
            continue
        wrong += _reconcile(row, is_live)
    return wrong


def _reconcile(seen: LiveInput, is_live: bool) -> bool:
    """Believe the answer, unless an event came while it was on its way."""
    with transaction.atomic():
        row = _held(seen.provider, seen.external_id)
        if row is None or (row.heard_at, row.heard_id) != (seen.heard_at, seen.heard_id):
            return False
        broadcast = _broadcast_of(row)
        was_live = broadcast is not None and broadcast.status == Status.LIVE
        if is_live == was_live:
            return False
        log.warning("%s: input %s is %slive there", row.provider, row.external_id, "" if is_live else "not ")
        if is_live:
            _started(row, since=timezone.now())
            row.save(update_fields=["is_open", "is_open_there"])
        else:
            _away(row)
    return True


def _held(provider: str, external_id: str) -> LiveInput | None:
    """The input, locked after its channel's row, as everybody does it; None when it is no channel's."""
    rows = LiveInput.objects.filter(provider=provider, external_id=external_id)
    Channel.objects.select_for_update().filter(pk__in=rows.values("channel")).first()
    locked = rows.select_for_update(of=("self",)).select_related("channel__owner", "channel__category")
    return locked.filter(channel__isnull=False).first()


def _broadcast_of(row: LiveInput) -> Broadcast | None:
    """What the channel has on air through this input."""
    on_air = Broadcast.objects.select_for_update().on_air()
    return on_air.filter(channel=row.channel, provider=row.provider).first()


def _started(row: LiveInput, *, since: datetime) -> None:
    channel = row.channel
    assert channel is not None
    if not row.is_open:
        # Ended on the dashboard, and back before the provider was told: it is told now, or again.
        row.is_open_there = True
        return
    try:
        if channel.suspended_at is not None:
            raise Refused("CHANNEL_SUSPENDED", "This channel is suspended and can't go live.")
        if not channel.owner.is_active:
            raise Refused("ACCOUNT_CLOSED", "The account of this channel is closed.")
        broadcast = admit(
            channel,
            session_id=row.session_id,
            node=row.provider,
            silent_for=lambda stream_id: None,
            provider=row.provider,
            playback_id=row.playback_id,
        )
    except Refused as refusal:
        _refused(row, refusal.code, refusal.message)
        row.is_open, row.is_open_there = False, True
        return
    start_broadcast(broadcast_id=broadcast.pk, session_id=row.session_id, video={}, since=since)


def _away(row: LiveInput) -> None:
    broadcast = _broadcast_of(row)
    if broadcast is not None:
        interrupt_broadcast(broadcast_id=broadcast.pk, session_id=row.session_id)


def _over(row: LiveInput) -> None:
    broadcast = _broadcast_of(row)
    if broadcast is not None:
        archive(broadcast, ended_at=left_at(broadcast))


def _refused(row: LiveInput, code: str, message: str) -> None:
    assert row.channel_id is not None
    note_refusal(channel_id=row.channel_id, code=code, message=message, address=row.provider)


def _recorded(row: LiveInput, event: Event) -> bool:
    """The recording belongs to the last broadcast that began before it ended: another one can't have, as an
    input has one encoder at a time."""
    ended_at = event.at + timedelta(milliseconds=event.duration_ms) + timedelta(seconds=5)
    aired = Broadcast.objects.filter(channel=row.channel, provider=row.provider, started_at__lte=ended_at)
    broadcast = aired.order_by("-started_at").first()
    if broadcast is None:
        return False
    publish(HostedRecordingMade(broadcast.pk, row.provider, event.playback_id, event.duration_ms))
    return True
