"""The ingest node: RTMP in, a live window in memory, low-latency HLS out, recordings written on the side."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Iterable, Sequence

from apps.streams.media.answers import Header, Receive, Reply, Scope, Send
from apps.streams.media.config import MediaConfig
from apps.streams.media.errands import Errands
from apps.streams.media.hls import HlsApp
from apps.streams.media.listeners import Listeners
from apps.streams.media.measures import LoopLag, Sample
from apps.streams.media.ports import (
    Admission,
    Archive,
    Clock,
    PublishGate,
    Refused,
    RelayInfo,
    Resume,
    StandbyInfo,
    StreamInfo,
    Target,
)
from apps.streams.media.published import Published
from apps.streams.media.reading import RecordingReader
from apps.streams.media.recording import Recorder, resume_point
from apps.streams.media.reserve import Reserve
from apps.streams.media.sinks import Session
from apps.streams.media.stream import LiveStream, State
from apps.streams.media.transcoding_door import TranscodingDoor
from apps.streams.media.watchers import Watching

logger = logging.getLogger(__name__)

VIEWERS, TRANSCODING = PATHS = ("/live/", "/transcoding/")

_STREAM_ID = re.compile(r"[0-9A-Za-z_-]{1,64}\Z")
_TICK_SECONDS = 1.0
_STOP_SECONDS = 5.0
_UNAVAILABLE = Refused(
    "UNAVAILABLE", "The platform cannot check stream keys right now. Try again in a moment."
)


class IngestNode:
    """Ties the live edge together, on one event loop; `app` is the ASGI callable for all below `PATHS`."""

    def __init__(
        self, gate: PublishGate, config: MediaConfig, *, archive: Archive | None = None, clock: Clock = time
    ) -> None:
        self.gate = gate
        self.config = config
        self.clock = clock
        self._streams: dict[str, LiveStream] = {}
        self._recorder = (
            Recorder(archive, threads=config.recorder_threads, max_bytes=config.recorder_max_bytes)
            if archive is not None
            else None
        )
        self._reader = (
            RecordingReader(
                archive,
                threads=config.reader_threads,
                max_reads=config.reader_max_reads,
                cache_bytes=config.reader_cache_bytes,
                seconds=config.reader_seconds,
            )
            if archive is not None
            else None
        )
        self.listeners = Listeners(self, config)
        self._errands = Errands()
        self.reserve = Reserve(self._streams, self._stream_for, self._errands.run)
        self._lag = LoopLag()
        self._watching: list[asyncio.Task[None]] = []
        self._viewers = HlsApp(self._streams, config)
        self._transcoders = TranscodingDoor(self._streams, config, lambda: _epoch(clock))

    @property
    def express(self) -> Callable[[bytes, Iterable[Header], Callable[[Reply], None]], bool]:
        """The short way to what every viewer asks for all the time, for a server that knows one."""
        return self._viewers.express

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Viewers at `/live/`, transcoders of our own at `/transcoding/`."""
        if scope["type"] != "http":
            raise RuntimeError(f"the live edge does not speak {scope['type']}")
        door = self._transcoders if scope["path"].startswith(TRANSCODING) else self._viewers
        await door(scope, receive, send)

    # Life

    async def start(self) -> None:
        """Open the doors; OSError when a port is taken or the certificate cannot be used."""
        await self.listeners.start()
        self._watching = [asyncio.create_task(self._tick()), asyncio.create_task(self._lag.watch())]

    async def stop(self) -> None:
        """Hang up on all encoders and bring to the archive what is finished; at most some seconds.

        Streams are interrupted, not ended: after a restart their encoders continue them.
        """
        for task in self._watching:
            task.cancel()
        self.let_go()
        await self.listeners.stop()
        for stream in self._streams.values():
            self._forward(stream, [])
        waiting = {
            *self._errands.running,
            *(task for stream in self._streams.values() for task in _pending(stream)),
        }
        if waiting:
            await asyncio.wait(waiting, timeout=_STOP_SECONDS)
        if self._recorder is not None:
            self._recorder.close()
        self.config.egress.close()
        if self._reader is not None:
            self._reader.close()

    def let_go(self) -> None:
        """Answer everybody with 503, at once, those who wait too: the HTTP server is about to stop."""
        self._viewers.closing = self._transcoders.closing = True
        for stream in self._streams.values():
            stream.window.wake()
            stream.ladder.settle()

    # What the outside may ask

    @property
    def streams(self) -> dict[str, StreamInfo]:
        """Every stream of this node at this moment, ended ones as long as they linger."""
        return {stream_id: stream.info() for stream_id, stream in self._streams.items()}

    def take_samples(self) -> dict[str, Sample]:
        """What came of every stream that has not ended since this was last called; for one caller, once a
        second."""
        lag_ms = self._lag.take()
        return {
            stream_id: stream.sample(lag_ms)
            for stream_id, stream in self._streams.items()
            if stream.state is not State.ENDED
        }

    def watching(self, stream_id: str) -> Watching:
        """Who watched the stream within the last 10 s, here or through edges."""
        stream = self._streams.get(stream_id)
        return stream.watchers.now() if stream is not None else Watching(set(), set())

    @property
    def standing_by(self) -> dict[str, StandbyInfo]:
        """The encoders that stand by here, by their streams, which may be other nodes'."""
        return self.reserve.infos

    def silent_for(self, session_id: str) -> float | None:
        """Seconds since this node's encoder of that session sent media; None when there is none."""
        feeds = [stream.session for stream in self._streams.values() if stream.session is not None]
        for feed in (*feeds, *self.reserve.values()):
            if feed.id == session_id:
                return feed.publisher.silent_for
        return None

    def cut(self, stream_id: str, session_id: str, reason: str) -> bool:
        """Hang up on one of the stream's encoders; it may come back if the gate lets it. False: none here."""
        stream = self._streams.get(stream_id)
        for feed in (stream.session if stream is not None else None, self.reserve.get(stream_id)):
            if feed is not None and feed.id == session_id:
                feed.close(reason)
                return True
        return False

    def end(self, stream_id: str) -> bool:
        """End the stream: viewers get ENDLIST, its encoders are cut. False: not here, or ended already."""
        ready = self.reserve.dismiss(stream_id)
        stream = self._streams.get(stream_id)
        if stream is None or stream.state is State.ENDED:
            return ready
        session, stream.session = stream.session, None
        self._forward(stream, [])
        stream.end()
        if session is not None:
            session.close("ended")
        asyncio.get_running_loop().call_later(self.config.linger_seconds, self._forget, stream)
        self._errands.run(self._finish(stream))
        return True

    def leave(self, stream_id: str) -> None:
        """Another node has the stream: it is not here any more, and an encoder that fed it here stands by."""
        stream = self._streams.get(stream_id)
        if stream is None or stream.state is State.ENDED:
            return
        feed = stream.session
        self._forward(stream, [])
        stream.detach()
        self._forget(stream)
        if feed is not None:
            feed.stand_by()

    def forward(self, stream_id: str, targets: Sequence[Target]) -> None:
        """Forward the stream to these targets and to no others; nothing happens where it is not running."""
        stream = self._streams.get(stream_id)
        if stream is not None and stream.state is not State.ENDED:
            self._forward(stream, targets)

    def relays(self, stream_id: str) -> list[tuple[Target, RelayInfo]]:
        """What the stream is forwarded to, and how that is going."""
        stream = self._streams.get(stream_id)
        relays = stream.relays.values() if stream is not None else ()
        return [(relay.target, relay.info()) for relay in relays]

    # What sessions ask

    async def admit(self, session: Session, key: str) -> Published:
        """Let the gate decide about the key; the session then feeds its stream. Raises Refused."""
        limit = self.config.limits.claim_seconds
        try:
            admission = await asyncio.wait_for(
                self.gate.claim(key, session.id, session.address, self.silent_for), limit
            )
        except Refused:
            raise
        except Exception as error:  # whatever a gate may raise, the encoder gets an answer and may retry
            logger.exception("session %s: the gate failed", session.id)
            raise _UNAVAILABLE from error
        if not _STREAM_ID.match(admission.stream_id):
            raise ValueError(f"{admission.stream_id!r} cannot be part of a URL")
        published = Published(self, admission, session, key)
        if admission.stands_by:
            self.reserve.keep(published)
        else:
            stream = await self._stream_for(admission)
            if stream.state is State.ENDED:
                raise Refused("STREAM_ENDED", "This broadcast has ended. Start a new one.")
            published.go_on_air(stream)
        doing = "stands by for" if admission.stands_by else "publishes"
        logger.info(
            "session %s: %s stream %s from %s", session.id, doing, admission.stream_id, session.address
        )
        return published

    async def _stream_for(self, admission: Admission) -> LiveStream:
        stream_id = admission.stream_id
        if stream_id in self._streams:
            return self._streams[stream_id]
        resume = admission.resume or await self._resume(admission.recording)
        recording = None
        if self._recorder is not None and admission.recording is not None:
            recording = self._recorder.open(admission.recording)
        # Another session may have been faster while the archive was asked.
        return self._streams.setdefault(
            stream_id,
            LiveStream(
                stream_id,
                admission.channel_id,
                epoch=_epoch(self.clock),
                config=self.config,
                clock=self.clock,
                recording=recording,
                resume=resume,
                reader=self._reader,
            ),
        )

    async def _resume(self, prefix: str | None) -> Resume | None:
        if self._recorder is None or prefix is None:
            return None
        loop = asyncio.get_running_loop()
        try:
            asking = loop.run_in_executor(self._recorder.pool, resume_point, self._recorder.archive, prefix)
            return await asyncio.wait_for(asking, self.config.limits.claim_seconds)
        except Exception:  # a broken archive must not keep anybody from going live
            logger.exception("the archive does not tell what it holds of %s", prefix)
            return None

    # What happens by itself

    def announce(self, stream: LiveStream, published: Published) -> None:
        self._errands.tell(stream.stream_id, self.gate.live(stream.stream_id, published.id, stream.info()))

    def lost(self, published: Published, reason: str) -> None:
        """A session is over; it matters only if it feeds its stream or stands by for it."""
        stream_id = published.stream_id
        stream = self._streams.get(stream_id)
        if stream is not None and stream.session is published:
            stream.detach()
            self.reserve.hurry(stream_id)
        elif not self.reserve.forget(published):
            return
        logger.info("session %s: gone from stream %s: %s", published.id, stream_id, reason)
        self._errands.tell(stream_id, self._interrupted(stream_id, published, reason))

    async def _interrupted(self, stream_id: str, published: Published, reason: str) -> None:
        heir = await self.gate.interrupted(stream_id, published.id, reason)
        if heir is not None:
            self.reserve.put_on_air(stream_id, heir)

    def turned_away(self, published: Published, key: str, refusal: Refused) -> None:
        self._errands.tell(
            published.stream_id, self.gate.refused(key, published.address, refusal.code, refusal.message)
        )

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = self.clock.monotonic()
            for stream in list(self._streams.values()):
                stream.window.settle()
                stream.window.wake()
                stream.ladder.settle()
                if (
                    stream.state is not State.ENDED
                    and stream.interrupted_at is not None
                    and now - stream.interrupted_at > self.config.grace_seconds
                ):
                    logger.warning("stream %s: nobody came back and nobody ended it", stream.stream_id)
                    self.end(stream.stream_id)

    async def _finish(self, stream: LiveStream) -> None:
        recorded = None
        if stream.recording is not None:
            recorded = await stream.recording.finish(seconds=self.config.recorder_finish_seconds)
        self._errands.tell(stream.stream_id, self.gate.ended(stream.stream_id, recorded))

    def _forward(self, stream: LiveStream, targets: Sequence[Target]) -> None:
        for task in stream.forward(targets):
            self._errands.keep(task)

    def _forget(self, stream: LiveStream) -> None:
        stream.window.drop()
        stream.ladder.drop()
        if self._streams.get(stream.stream_id) is stream:
            del self._streams[stream.stream_id]


def _pending(stream: LiveStream) -> set[asyncio.Future[None]]:
    return stream.recording.pending if stream.recording is not None else set()


def _epoch(clock: Clock) -> str:
    """Different for every start of a stream on any node; letters and digits only."""
    value, digits = round(clock.time() * 1000), ""
    while value:
        value, digit = divmod(value, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits
