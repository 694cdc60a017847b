"""The encoder's side: who may publish, and what the ingest node reports.

The node asks and reports; the database row decides. `publisher_session` names the one RTMP session that
owns a broadcast, so that any number of nodes agree on who is cut.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.channels.models import Channel
from apps.core.events import publish
from apps.streams.facts import (
    BroadcastEdited,
    BroadcastInterrupted,
    BroadcastResumed,
    BroadcastStarted,
    EncoderRefused,
)
from apps.streams.media.ports import Refused, SilentFor, Target
from apps.streams.models import (
    Broadcast,
    IngestRefusal,
    Rehearsal,
    SimulcastTarget,
    Status,
    StreamKey,
    grace,
)
from apps.streams.providers import site_provider

from . import lineup
from .broadcasts import archive, archive_if_over, broadcast_of, left_at, locked
from .keys import recognise
from .orders import Orders, Publishing
from .rehearsals import begin_rehearsal
from .showing import put_on
from .simulcast import wanted_targets
from .takeover import ended_here, is_sent_away, keep_away, sends_elsewhere

log = logging.getLogger(__name__)

# A node reports once a second; this many seconds without a report mean that it is gone.
NODE_SILENT = timedelta(seconds=10)
KEPT_REFUSALS = 20
_LINEUP = ("publisher_session", "node", "media_at", "on_backup", "standby_session", "standby_at")


def claim_publish(
    *,
    key: str,
    session_id: str,
    node: str,
    address: str,
    silent_for: SilentFor,
) -> Broadcast | Rehearsal:
    """Give the channel's broadcast to this session, or let it stand by where the channel's other encoder has
    it; or give a private rehearsal to one with the test key; or raise Refused.

    A second encoder with one key is refused while the first sends; one that was silent for
    PUBLISHER_SILENT_SECONDS gives way. `silent_for(session)` answers in seconds for encoders of this node and
    None for those of others, whose silence is read from their last report.
    """
    row = recognise(key)
    if row is None:
        log.warning("publish from %s refused: unknown stream key", address)
        raise Refused("KEY_UNKNOWN", "This stream key is not known. Copy it again from your dashboard.")
    channel = row.channel
    try:
        if row.retired_at is not None:
            raise Refused(
                "KEY_ROTATED", "This stream key was replaced. Copy the new one from your dashboard."
            )
        if not channel.owner.is_active:
            raise Refused("ACCOUNT_CLOSED", "The account of this channel is closed.")
        with transaction.atomic():
            if Channel.objects.select_for_update().get(pk=channel.pk).suspended_at is not None:
                raise Refused("CHANNEL_SUSPENDED", "This channel is suspended and can't go live.")
            # Read again under the lock: the key may have been rotated since, or its broadcast ended.
            row.refresh_from_db(fields=["retired_at", "quiet_until", "show"])
            if row.retired_at is not None:
                raise Refused("KEY_ROTATED", "This stream key was replaced. Copy the new one.")
            if row.kind == StreamKey.Kind.REHEARSAL:
                return begin_rehearsal(channel, session_id=session_id, node=node, silent_for=silent_for)
            if (host := site_provider()) is not None:
                raise sends_elsewhere(host.title)
            if is_sent_away(row):
                raise ended_here()
            return admit(
                channel,
                session_id=session_id,
                node=node,
                silent_for=silent_for,
                key=row,
            )
    except Refused as refusal:
        if is_sent_away(row):
            keep_away(row)
        note_refusal(channel_id=channel.pk, code=refusal.code, message=refusal.message, address=address)
        raise


def admit(
    channel: Channel,
    *,
    session_id: str,
    node: str,
    silent_for: SilentFor,
    key: StreamKey | None = None,
    provider: str = "",
    playback_id: str = "",
) -> Broadcast:
    """The channel's broadcast, given to this session, or with it standing by; raises Refused while another
    one sends with the same key. A show's key begins a broadcast of that show where none is on air, or another
    one that nobody sends any more. The caller holds the channel's row."""
    is_backup = key is not None and key.kind == StreamKey.Kind.BACKUP
    show = key.show if key is not None else None
    broadcast = broadcast_of(channel)
    is_over = archive_if_over(broadcast)
    if not is_over and show and broadcast.is_live and broadcast.show_id != show.pk:
        is_over = not lineup.is_sent(broadcast, node=node, silent_for=silent_for)
        if is_over:
            archive(broadcast, ended_at=left_at(broadcast))
    if is_over:
        broadcast = broadcast_of(channel)
    if show and broadcast.started_at is None and broadcast.show_id != show.pk:
        put_on(broadcast, show)
        publish(BroadcastEdited(broadcast.pk, channel.pk))
    lineup.admit(broadcast, is_backup=is_backup, session_id=session_id, node=node, silent_for=silent_for)
    if not is_backup:
        broadcast.main_key = key
    if broadcast.publisher_session == session_id:
        broadcast.provider, broadcast.playback_id = provider, playback_id
    broadcast.save()
    return broadcast


def start_broadcast(
    *, broadcast_id: uuid.UUID, session_id: str, video: dict[str, Any], since: datetime | None = None
) -> bool:
    """The picture can be played, from now on or `since` a moment ago: LIVE. False when this session no longer
    owns the broadcast."""
    with transaction.atomic():
        broadcast = _owned(broadcast_id, session_id)
        if broadcast is None:
            return False
        broadcast.video = video
        broadcast.media_at = timezone.now()
        if broadcast.status == Status.LIVE:
            broadcast.save(update_fields=["video", "media_at"])
            return True
        came_back = broadcast.status == Status.ENDING
        broadcast.advance(Status.LIVE)
        broadcast.ends_at = None
        broadcast.started_at = broadcast.started_at or min(since or timezone.now(), timezone.now())
        broadcast.save()
        Channel.objects.filter(pk=broadcast.channel_id).update(is_live=True)
        fact = BroadcastResumed if came_back else BroadcastStarted
        publish(fact(broadcast.pk, broadcast.channel_id))
    return True


def interrupt_broadcast(*, broadcast_id: uuid.UUID, session_id: str, node: str = "") -> str | None:
    """This session's encoder is gone from this node. The other one has the broadcast if it stands by: its
    session, if it is on this node and to be put on air. Else they have RECONNECT_GRACE_SECONDS to come back.
    """
    with transaction.atomic():
        broadcast = locked(broadcast_id)
        if broadcast is None or broadcast.status == Status.ARCHIVED or not session_id:
            return None
        heir = None
        if session_id == broadcast.standby_session:
            broadcast.standby_session = ""
        elif session_id != broadcast.publisher_session:
            return None
        elif not lineup.has_standby(broadcast):
            _interrupt(broadcast)
        else:
            broadcast.publisher_session = ""
            if broadcast.standby_node == node:
                lineup.replace(broadcast)
                heir = broadcast.publisher_session
        broadcast.save()
    return heir


def interrupt_silent() -> int:
    """Do the same for live broadcasts whose node does not report any more; how many."""
    # A provider reports no media: whether it still has an encoder, it is asked (services.hosted).
    silent = Broadcast.objects.filter(
        status=Status.LIVE, provider="", media_at__lt=timezone.now() - NODE_SILENT
    )
    count = 0
    for pk in silent.values_list("pk", flat=True):
        with transaction.atomic():
            locked(pk)
            # Read again under the lock: a report may have come since.
            broadcast = silent.filter(pk=pk).first()
            if broadcast is not None:
                log.warning("broadcast %s: no report from node %s", pk, broadcast.node)
                _interrupt(broadcast, since=broadcast.media_at)
                broadcast.save()
                count += 1
    return count


def report(streams: Iterable[Publishing], *, node: str) -> Orders:
    """Take this node's report and answer which streams are over, whose encoders lost their right, who is on
    air, and where to forward.

    A node reports once a second: an end, a rotated key, a takeover and a switched target reach the encoder
    within that time, whichever process they happened in.
    """
    streams = list(streams)
    orders = Orders()
    goes_on = Exists(SimulcastTarget.objects.filter(channel=OuterRef("channel"), is_on=True))
    asked = Broadcast.objects.filter(pk__in=[s.broadcast_id for s in streams]).annotate(goes_on=goes_on)
    rows = {row.pk: row for row in asked.only(*_LINEUP, "status", "channel_id")}
    wanted = _wanted(streams, [row.channel_id for row in rows.values() if row.goes_on])
    sending: list[uuid.UUID] = []
    ready: list[uuid.UUID] = []
    for stream in streams:
        found = rows.get(stream.broadcast_id)
        if found is None or found.status == Status.ARCHIVED:
            orders.end.append(stream.broadcast_id)
            continue
        row = lineup.replace_if_due(found, stream)
        # Of two nodes that know a stream, the one forwards it that admitted the last encoder. Not by its
        # session: while one comes or goes, node and row know another one for a moment.
        orders.forward[row.pk] = wanted.get(row.channel_id, []) if row.node == node else []
        _line_up(row, stream, node, orders)
        if lineup.is_sending(row, stream):
            sending.append(row.pk)
        is_ready = lineup.is_ready(row, stream)
        if is_ready:
            ready.append(row.pk)
        if is_ready or lineup.has_standby(row):
            orders.has_standby.add(row.pk)
    if sending:
        Broadcast.objects.filter(pk__in=sending).update(media_at=timezone.now())
    if ready:
        Broadcast.objects.filter(pk__in=ready).update(standby_at=timezone.now())
    return orders


def _line_up(row: Broadcast, stream: Publishing, node: str, orders: Orders) -> None:
    """What the node does with its one or two encoders of this broadcast."""
    standby_id = stream.standby.session_id if stream.standby is not None else None
    for session_id in (stream.session_id, standby_id):
        if session_id and session_id not in (row.publisher_session, row.standby_session):
            orders.cut.append((row.pk, session_id))
    if standby_id and standby_id == row.publisher_session:
        orders.on_air[row.pk] = standby_id
    elif row.node != node and stream.session_id in (None, row.standby_session):
        orders.leave.append(row.pk)


def _wanted(streams: list[Publishing], channels: list[uuid.UUID]) -> dict[uuid.UUID, list[Target]]:
    """Where these channels go on to; most have nowhere, which costs no query."""
    if not channels:
        return {}
    return wanted_targets(channels, {target.id: target for each in streams for target in each.targets})


def refuse_encoder(*, key: str, address: str, code: str, message: str) -> None:
    """An admitted encoder sent what we can't take; keep the reason for its creator."""
    row = recognise(key)
    if row is not None:
        note_refusal(channel_id=row.channel_id, code=code, message=message, address=address)


def note_refusal(*, channel_id: uuid.UUID, code: str, message: str, address: str) -> None:
    """Keep the reason for the dashboard; only the last few are of use."""
    log.warning("publish from %s to channel %s refused: %s", address, channel_id, code)
    with transaction.atomic():
        IngestRefusal.objects.create(
            channel_id=channel_id, code=code, message=message[:300], address=address[:64]
        )
        kept = IngestRefusal.objects.filter(channel_id=channel_id).values_list("pk", flat=True)[
            :KEPT_REFUSALS
        ]
        IngestRefusal.objects.filter(channel_id=channel_id).exclude(pk__in=list(kept)).delete()
        publish(EncoderRefused(channel_id, code, message))


def _owned(broadcast_id: uuid.UUID, session_id: str) -> Broadcast | None:
    """The open broadcast, locked, if it is still this session's."""
    broadcast = locked(broadcast_id)
    if broadcast is None or broadcast.status == Status.ARCHIVED:
        return None
    return broadcast if broadcast.publisher_session == session_id else None


def _interrupt(broadcast: Broadcast, since: datetime | None = None) -> None:
    broadcast.publisher_session = ""
    if broadcast.status == Status.LIVE:
        broadcast.advance(Status.ENDING)
        broadcast.ends_at = (since or timezone.now()) + grace()
        publish(BroadcastInterrupted(broadcast.pk, broadcast.channel_id))
