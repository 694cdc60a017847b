"""The ingest node's link to the database: who may publish, what became of it, what to cut.

Everything here runs in the node's event loop; verbs run in threads. The node keeps serving when the database
is away: a report that fails is logged and the next one catches up.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils import timezone

from apps.core import presence

from . import services
from .archive import recordings_archive
from .doors import own_hosts
from .media import (
    Admission,
    Certificate,
    DoorLimits,
    Egress,
    IngestNode,
    MediaConfig,
    Recorded,
    StreamInfo,
)
from .media.ports import SilentFor, StandbyInfo
from .media.watchers import Watching
from .models import Node, Rehearsal
from .monitors import Monitors, described
from .relays import RelayNews
from .services.rehearsals import rehearsal_id, stream_id_of

log = logging.getLogger(__name__)

REPORT_SECONDS = 1.0
HEALTH_EVERY = 2  # reports
VIEWERS_EVERY = 5
BEAT_EVERY = round(Node.BEAT.total_seconds() / REPORT_SECONDS)
SENDING_WITHIN = 1.5  # seconds since the last media


class DatabaseGate:
    """`PublishGate` on our tables, for the node of this name."""

    def __init__(self, node_name: str) -> None:
        self._node_name = node_name

    async def claim(self, key: str, session_id: str, address: str, silent_for: SilentFor) -> Admission:
        claimed = await _in_thread(services.claim_publish)(
            key=key, session_id=session_id, node=self._node_name, address=address, silent_for=silent_for
        )
        if isinstance(claimed, Rehearsal):
            return Admission(stream_id_of(claimed), claimed.channel_id.hex)
        stream_id = claimed.pk.hex
        stands_by = claimed.standby_session == session_id
        return Admission(
            stream_id=stream_id,
            channel_id=claimed.channel_id.hex,
            recording=stream_id,
            is_backup=claimed.on_backup != stands_by,
            stands_by=stands_by,
        )

    async def live(self, stream_id: str, session_id: str, info: StreamInfo) -> None:
        if (test := rehearsal_id(stream_id)) is not None:
            return await _in_thread(services.show_rehearsal)(rehearsal_id=test, session_id=session_id)
        await _in_thread(services.start_broadcast)(
            broadcast_id=uuid.UUID(stream_id), session_id=session_id, video=described(info)
        )

    async def interrupted(self, stream_id: str, session_id: str, reason: str) -> str | None:
        if (test := rehearsal_id(stream_id)) is not None:
            await _in_thread(services.end_rehearsal)(rehearsal_id=test, session_id=session_id)
            return None
        heir: str | None = await _in_thread(services.interrupt_broadcast)(
            broadcast_id=uuid.UUID(stream_id), session_id=session_id, node=self._node_name
        )
        return heir

    async def refused(self, key: str, address: str, code: str, message: str) -> None:
        await _in_thread(services.refuse_encoder)(key=key, address=address, code=code, message=message)

    async def ended(self, stream_id: str, recorded: Recorded | None) -> None:
        if recorded is not None and recorded.lost:
            log.error("stream %s: %d segments are missing in its recording", stream_id, recorded.lost)


def make_node(*, host: str = settings.BIND_HOST, rtmp_port: int = settings.RTMP_PORT) -> IngestNode:
    """The node as the settings want it, not started yet."""
    # Two nodes of one name would take over each other's encoders; a restarted one is the same. What tells
    # machines with long names apart stands at their end, and a row has room for 64 characters.
    name = settings.NODE_ID or f"{socket.gethostname()[-58:]}-{rtmp_port}"
    config = MediaConfig(
        grant_key=services.grant_key(),
        transcoding_key=services.transcoding_key(),
        name=name,
        rtmp_host=host,
        rtmp_port=rtmp_port,
        rtmps_port=settings.RTMPS_PORT,
        certificate=_certificate(),
        srt_port=settings.SRT_PORT or None,
        part_ms=settings.PART_MS,
        window_seconds=float(settings.LIVE_WINDOW_SECONDS),
        rewind_seconds=float(settings.REWIND_SECONDS),
        grace_seconds=settings.RECONNECT_GRACE_SECONDS + 30.0,
        limits=DoorLimits(max_connections_per_address=settings.RTMP_PER_ADDRESS),
        cached_in_front=settings.TRUSTED_PROXIES > 0,
        egress=Egress(allow_private=settings.SIMULCAST_ALLOW_PRIVATE, own_hosts=own_hosts()),
    )
    return IngestNode(DatabaseGate(name), config, archive=recordings_archive())


def _certificate() -> Certificate | None:
    if not settings.RTMPS_CERTIFICATE:
        return None
    return Certificate(Path(settings.RTMPS_CERTIFICATE), Path(settings.RTMPS_KEY))


async def report_forever(node: IngestNode, *, host: str, port: int) -> None:
    """Once a second: report the node's streams, carry out the answer, pass on health, relays and viewers.

    `host` and `port` are where its HTTP listens: what it tells edges, unless NODE_URL says it better.
    """
    monitors, relays = Monitors(), RelayNews()
    url, started_at = own_url(host, port), timezone.now()
    turn = 0
    while True:
        started = time.monotonic()
        turn += 1
        monitors.take(node.take_samples())
        try:
            if turn % BEAT_EVERY == 1:
                await _in_thread(services.register_node)(_heartbeat(node, url, started_at))
            await _report(node, monitors, relays, turn)
        except Exception:
            # Database or Redis away: viewers keep watching, and the next report says it all again.
            log.exception("the report to the database failed")
        await asyncio.sleep(max(0.1, REPORT_SECONDS - (time.monotonic() - started)))


def own_url(host: str, port: int) -> str:
    """Where other machines reach this process's HTTP; if it listens everywhere, by this machine's name."""
    if settings.NODE_URL:
        return str(settings.NODE_URL)
    name = socket.gethostname() if host in ("", "0.0.0.0", "::") else host  # noqa: S104
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _heartbeat(node: IngestNode, url: str, started_at: datetime) -> services.Heartbeat:
    running = [info for info in node.streams.values() if info.state != "ended"]
    return services.Heartbeat(
        name=node.config.name,
        url=url,
        media_base=settings.MEDIA_URL_BASE,
        started_at=started_at,
        streams=len(running),
        viewers=sum(info.viewers for info in running),
    )


async def _report(node: IngestNode, monitors: Monitors, relays: RelayNews, turn: int) -> None:
    streams = {stream_id: info for stream_id, info in node.streams.items() if info.state != "ended"}
    ready = node.standing_by
    if not streams and not ready and not relays.told:
        return
    broadcasts = {stream_id: info for stream_id, info in streams.items() if rehearsal_id(stream_id) is None}
    standbys: set[uuid.UUID] = set()
    if known := broadcasts.keys() | ready.keys():
        reports = [_publishing(node, name, broadcasts.get(name), ready.get(name)) for name in known]
        orders = await _in_thread(services.report)(reports, node=node.config.name)
        _obey(node, {stream_id: uuid.UUID(stream_id) for stream_id in known}, orders)
        standbys = orders.has_standby
    if tests := {name: pk for name in streams if (pk := rehearsal_id(name)) is not None}:
        reports = [_publishing(node, name, streams[name], None) for name in tests]
        orders = await _in_thread(services.report_rehearsals)(reports)
        _obey(node, tests, orders)
    told = {info.channel_id: [relay for _, relay in node.relays(id)] for id, info in broadcasts.items()}
    if relays.told or any(told.values()):
        await _in_thread(relays.pass_on)(told, keep=turn % HEALTH_EVERY == 0)
    if turn % HEALTH_EVERY == 0:
        await _in_thread(monitors.tell)(list(streams.values()), standbys)
    if turn % VIEWERS_EVERY == 0:
        await _in_thread(_pass_on_viewers)(
            {info.channel_id: node.watching(stream_id) for stream_id, info in broadcasts.items()}
        )


def _obey(node: IngestNode, names: dict[str, uuid.UUID], orders: services.Orders) -> None:
    """Carry the answer out; `names` maps the node's stream ids to what the database calls them."""
    of = {pk: stream_id for stream_id, pk in names.items()}
    for pk in orders.end:
        node.end(of[pk])
    for pk, session_id in orders.cut:
        # Meanwhile a newer encoder may have taken over here; only the one that was reported goes.
        node.cut(of[pk], session_id, "replaced")
    for pk in orders.leave:
        node.leave(of[pk])
    for pk, stream_id in of.items():
        if pk in orders.on_air:
            node.reserve.put_on_air(stream_id, orders.on_air[pk])
        else:
            node.reserve.hold(stream_id)
    for pk, targets in orders.forward.items():
        node.forward(of[pk], targets)


def _publishing(
    node: IngestNode, stream_id: str, info: StreamInfo | None, standby: StandbyInfo | None
) -> services.Publishing:
    """What is to be told of a stream; without `info` there is nothing of it here but who stands by."""
    silence = info.silent_seconds if info is not None else None
    return services.Publishing(
        broadcast_id=rehearsal_id(stream_id) or uuid.UUID(stream_id),
        targets=[target for target, _ in node.relays(stream_id)],
        session_id=info.session_id if info is not None else None,
        is_sending=silence is not None and silence < SENDING_WITHIN,
        silent_seconds=silence,
        standby=standby,
    )


def _pass_on_viewers(watching: dict[str, Watching]) -> None:
    for channel_id, viewers in watching.items():
        presence.prove(uuid.UUID(channel_id), viewers.fetching)
        presence.touch(uuid.UUID(channel_id), viewers.following)


def _in_thread(verb: Any) -> Any:
    """Run a verb in a thread with a database connection that is cared for."""
    return database_sync_to_async(verb, thread_sensitive=False)
