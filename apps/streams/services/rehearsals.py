"""The pre-flight: an encoder publishes with the test key, for the channel's crew alone.

Nothing of it is public: no broadcast, no recording, no notice, no count. Every connection is a rehearsal of
its own, which replaces the one before and leaves nothing but its verdict.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core.errors import Conflict
from apps.core.events import publish
from apps.streams.facts import RehearsalMoved
from apps.streams.media import grants
from apps.streams.media.ports import SilentFor
from apps.streams.models import Rehearsal

from .orders import Orders, Publishing
from .playback import grant_key
from .takeover import already_publishing, still_sends

if TYPE_CHECKING:
    from apps.accounts.models import Actor

_PREFIX = "rehearsal-"


def stream_id_of(rehearsal: Rehearsal) -> str:
    """What ingest nodes and playback addresses call it."""
    return f"{_PREFIX}{rehearsal.pk.hex}"


def rehearsal_id(stream_id: str) -> uuid.UUID | None:
    """The rehearsal that a node's stream is; None for a broadcast's."""
    return uuid.UUID(stream_id.removeprefix(_PREFIX)) if stream_id.startswith(_PREFIX) else None


def begin_rehearsal(channel: Channel, *, session_id: str, node: str, silent_for: SilentFor) -> Rehearsal:
    """A new rehearsal for this session; raises Refused while another encoder sends. The caller holds the
    channel's row."""
    before = Rehearsal.objects.select_for_update().filter(channel=channel).first()
    if before is not None:
        session, on, heard_at = before.publisher_session, before.node, before.media_at
        if not before.is_over and still_sends(
            session, on=on, heard_at=heard_at, node=node, silent_for=silent_for
        ):
            raise already_publishing()
        before.delete()
    rehearsal = Rehearsal.objects.create(
        channel=channel,
        publisher_session=session_id,
        node=node,
        media_base=settings.MEDIA_URL_BASE,
        media_at=timezone.now(),
    )
    publish(RehearsalMoved(channel.pk))
    return rehearsal


def show_rehearsal(*, rehearsal_id: uuid.UUID, session_id: str) -> None:
    """Its picture can be played."""
    with transaction.atomic():
        mine = Rehearsal.objects.filter(pk=rehearsal_id, publisher_session=session_id, playable_at=None)
        if mine.update(playable_at=timezone.now()):
            publish(RehearsalMoved(Rehearsal.objects.get(pk=rehearsal_id).channel_id))


def note_verdict(*, rehearsal_id: uuid.UUID, verdict: dict[str, Any]) -> None:
    """Keep what is to be said of the encoder so far."""
    with transaction.atomic():
        running = Rehearsal.objects.filter(pk=rehearsal_id, ended_at=None)
        if running.update(verdict=verdict):
            publish(RehearsalMoved(Rehearsal.objects.get(pk=rehearsal_id).channel_id))


def end_rehearsal(*, rehearsal_id: uuid.UUID, session_id: str) -> None:
    """The encoder is gone."""
    with transaction.atomic():
        mine = Rehearsal.objects.filter(pk=rehearsal_id, publisher_session=session_id, ended_at=None)
        if mine.update(ended_at=timezone.now()):
            publish(RehearsalMoved(Rehearsal.objects.get(pk=rehearsal_id).channel_id))


def revoke_rehearsal(channel_id: uuid.UUID) -> None:
    """The channel's encoder may not rehearse any more: it is over, and the node's next report is answered
    with that. Part of the caller's transaction."""
    running = Rehearsal.objects.filter(channel=channel_id, ended_at=None)
    if running.update(publisher_session="", ended_at=timezone.now()):
        publish(RehearsalMoved(channel_id))


def report_rehearsals(streams: Iterable[Publishing]) -> Orders:
    """As `report` for broadcasts: which are over, and whose encoder lost its right."""
    streams = list(streams)
    orders = Orders()
    asked = Rehearsal.objects.filter(pk__in=[one.broadcast_id for one in streams])
    rows = {row.pk: row for row in asked.select_related("channel")}
    sending: list[uuid.UUID] = []
    for stream in streams:
        row = rows.get(stream.broadcast_id)
        # Not by `is_over`: that a report comes late does not end what still sends.
        if row is None or row.ended_at or row.began_at < timezone.now() - Rehearsal.MOST:
            orders.end.append(stream.broadcast_id)
        elif row.channel.suspended_at is not None:
            with transaction.atomic():
                revoke_rehearsal(row.channel_id)
            orders.end.append(stream.broadcast_id)
        elif stream.session_id and row.publisher_session != stream.session_id:
            orders.cut.append((stream.broadcast_id, stream.session_id))
        elif stream.is_sending:
            sending.append(stream.broadcast_id)
    if sending:
        Rehearsal.objects.filter(pk__in=sending).update(media_at=timezone.now())
    return orders


def rehearsal_of(*, actor: Actor, channel: Channel) -> Rehearsal | None:
    """The channel's last rehearsal, for its crew."""
    policies.require(actor, Power.VIEW_DASHBOARD, channel)
    rehearsal = Rehearsal.objects.filter(channel=channel).first()
    if rehearsal is not None:
        rehearsal.channel = channel
    return rehearsal


def rehearsal_url(*, actor: Actor, rehearsal: Rehearsal) -> str:
    """The private playlist, for the channel's crew; Conflict NOT_LIVE when there is nothing to play."""
    policies.require(actor, Power.VIEW_DASHBOARD, rehearsal.channel)
    if rehearsal.state != "running":
        raise Conflict("No encoder is sending with the test key.", code="NOT_LIVE")
    stream_id = stream_id_of(rehearsal)
    expires = int(time.time()) + settings.PLAYBACK_GRANT_SECONDS
    grant = grants.sign(grant_key(), stream_id, grants.UNCOUNTED, expires)
    return f"{rehearsal.media_base}/live/{grant}/{stream_id}/index.m3u8"
