"""One live stream on this node: its window, its cutter, its recording, and the session that feeds it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Protocol

from apps.streams.media import grants, playlists
from apps.streams.media.config import MediaConfig
from apps.streams.media.listing import Listing
from apps.streams.media.measures import Line, Sample
from apps.streams.media.packager import Packager
from apps.streams.media.ports import Clock, Resume, StreamInfo, Target
from apps.streams.media.publisher import Publisher
from apps.streams.media.reading import RecordingReader
from apps.streams.media.recording import Recording
from apps.streams.media.relay import Headers, Relay
from apps.streams.media.renditions import Ladder
from apps.streams.media.sinks import Session
from apps.streams.media.watchers import Watchers
from apps.streams.media.window import LiveWindow, Segment

_UNSEEN = Line(0.0, 0, 0, 0)


class State(Enum):
    """STARTING → LIVE ⇄ INTERRUPTED → ENDED; every state may end."""

    STARTING = "starting"
    LIVE = "live"
    INTERRUPTED = "interrupted"
    ENDED = "ended"


class Feed(Session, Protocol):
    """An encoder that may be on air."""

    publisher: Publisher

    @property
    def is_backup(self) -> bool:
        """It is the channel's second one."""

    def stand_by(self) -> None:
        """Another one is on air instead."""


class LiveStream:
    """Everything about one stream id. Belongs to the node's event loop."""

    def __init__(
        self,
        stream_id: str,
        channel_id: str,
        *,
        epoch: str,
        config: MediaConfig,
        clock: Clock,
        recording: Recording | None,
        resume: Resume | None,
        reader: RecordingReader | None = None,
    ) -> None:
        self.stream_id = stream_id
        self.channel_id = channel_id
        self.config = config
        self.clock = clock
        self.recording = recording
        self.state = State.STARTING
        self.session: Feed | None = None
        self.publisher: Publisher | None = None
        self.interrupted_at: float | None = None
        self.relays: dict[str, Relay] = {}
        rewinds = recording is not None and reader is not None
        self.window = LiveWindow(config, epoch, resume=resume, rewinds=rewinds)
        self.packager = Packager(
            self.window, config, self._record, start_ms=resume.next_time_ms if resume else 0
        )
        self.listing = Listing(self.window, reader=reader, prefix=recording.prefix if recording else "")
        self.ladder = Ladder(self.window, config)
        self.watchers = Watchers(clock.monotonic)
        self._plain: tuple[int, bytes | None] = (-1, None)
        self._parts_needed = 0

    # The encoder's side

    def attach(self, session: Feed) -> Feed | None:
        """`session` feeds the stream from now on; the one that did so far."""
        older, self.session = self.session, session
        if older is not None:
            self.packager.finish()
        self.publisher = session.publisher
        new = 1 if self.window.part_count else self.config.parts_before_live
        self._parts_needed = self.window.part_count + new
        for relay in self.relays.values():
            relay.on_encoder()
        session.publisher.go_on_air(self.packager)
        return older

    def detach(self) -> None:
        """The encoder is gone; what it sent is complete, the next one continues."""
        self.session = None
        self.packager.finish()
        if self.state is not State.ENDED:
            self.state = State.INTERRUPTED
            self.interrupted_at = self.clock.monotonic()
            self.window.set_interrupted(True)
            self.ladder.set_interrupted(True)

    def became_live(self) -> bool:
        """True once per session: when what it sends can be played."""
        if self.session is None or not self._parts_needed or self.window.part_count < self._parts_needed:
            return False
        self._parts_needed = 0
        self.state = State.LIVE
        self.interrupted_at = None
        self.window.interrupted = False
        self.ladder.set_interrupted(False)
        return True

    def end(self) -> None:
        """Nothing will follow."""
        self.state = State.ENDED
        self.packager.finish()
        self.window.end()
        self.ladder.end()

    def forward(self, targets: Sequence[Target]) -> list[asyncio.Task[None]]:
        """Forward to these targets and to no others; what is left to be done to hang up on others."""
        wanted = {target.id: target for target in targets}
        leaving = [id for id, relay in self.relays.items() if relay.target != wanted.get(id)]
        tasks = [self.relays.pop(id).stop() for id in leaving]
        for target in targets:
            if target.id not in self.relays:
                self.relays[target.id] = Relay(
                    target,
                    self._headers,
                    self.config.egress,
                    clock=self.clock,
                    limits=self.config.relays,
                )
        return tasks

    def _headers(self) -> Headers | None:
        """What a target is told of the stream before its first frame."""
        publisher = self.publisher
        if publisher is None or publisher.video is None:
            return None
        video, audio = publisher.video, publisher.audio
        metadata: dict[str, Any] = {
            "width": float(video.width),
            "height": float(video.height),
            "framerate": float(publisher.frame_rate),
            "videocodecid": 7.0,
        }
        if audio is not None:
            metadata |= {
                "audiocodecid": 10.0,
                "audiosamplerate": float(audio.sample_rate),
                "audiochannels": float(audio.channels),
                "stereo": audio.channels > 1,
            }
        return Headers(metadata, video.record, audio.record if audio is not None else None)

    @property
    def silent_for(self) -> float | None:
        """Seconds since the current session sent media; None without one."""
        return self.session.publisher.silent_for if self.session is not None else None

    def _record(self, segment: Segment) -> None:
        if self.recording is not None:
            init = self.window.inits[segment.init]
            self.recording.add(segment, self.window.recorded(segment), init.data)

    # The viewers' side

    def plain_playlist(self) -> bytes | None:
        """Also rendered once per change; None until a segment is whole."""
        if self._plain[0] != self.window.version:
            self._plain = (self.window.version, playlists.plain(self.window, self._shared_folder))
        return self._plain[1]

    def _shared_folder(self, at: float) -> str:
        """As seen from a playlist below a viewer's own grant."""
        return f"../../{grants.share(self.config.grant_key, self.stream_id, at)}/{self.stream_id}/"

    def multivariant(self) -> bytes:
        rate = self.publisher.frame_rate if self.publisher is not None else 0.0
        return playlists.multivariant(self.window, self.ladder.offered(), frame_rate=rate)

    def info(self) -> StreamInfo:
        """This moment, for dashboards."""
        publisher, recording, session = self.publisher, self.recording, self.session
        video = publisher.video if publisher else None
        audio = publisher.audio if publisher else None
        now = self.clock.monotonic()
        return StreamInfo(
            stream_id=self.stream_id,
            channel_id=self.channel_id,
            session_id=session.id if session else None,
            state=self.state.value,
            address=session.address if session else None,
            encoder=publisher.encoder if publisher else "",
            width=video.width if video else 0,
            height=video.height if video else 0,
            frame_rate=round(publisher.frame_rate, 3) if publisher else 0.0,
            video_codec=video.codec if video else "",
            audio_codec=audio.codec if audio else "",
            audio_sample_rate=audio.sample_rate if audio else 0,
            audio_channels=audio.channels if audio else 0,
            video_bitrate=publisher.video_meter.bitrate(now) if publisher else 0,
            audio_bitrate=publisher.audio_meter.bitrate(now) if publisher else 0,
            keyframe_interval=publisher.measures.keyframe_interval_ms / 1000 if publisher else 0.0,
            media_at=publisher.media_at if publisher else None,
            silent_seconds=self.silent_for,
            on_backup=session is not None and session.is_backup,
            media_ms=self.packager.end_ms,
            delay_ms=self._delay_ms(),
            msn=self.window.next_part[0],
            parts=self.window.part_count,
            window_bytes=self.window.size,
            viewers=len(set().union(*self.watchers.now())),
            recorded_segments=recording.segments if recording else 0,
            recorded_bytes=recording.bytes if recording else 0,
            recording_lost=recording.lost if recording else 0,
            renditions=tuple(rendition.name for rendition in self.ladder.offered()),
        )

    def sample(self, lag_ms: int) -> Sample:
        """What came since this was last asked for; `lag_ms` is how late the node was meanwhile."""
        publisher, now = self.publisher, self.clock.time()
        lost = self.recording.lost if self.recording is not None else 0
        if publisher is None or self.session is None:
            return Sample(now, 1.0, None, lag_ms=lag_ms, recording_lost=lost)
        video, line = publisher.video, self.session.take_line() or _UNSEEN
        return replace(
            publisher.sample(self.session.id),
            packets=line.received,
            packets_missed=line.missed,
            packets_lost=line.lost,
            rtt_ms=line.rtt_ms,
            width=video.width if video else 0,
            height=video.height if video else 0,
            video_codec=video.codec if video else "",
            frame_rate=round(publisher.frame_rate, 3),
            has_sound=publisher.audio is not None,
            on_backup=self.session.is_backup,
            delay_ms=self._delay_ms(),
            lag_ms=lag_ms,
            recording_lost=lost,
        )

    def _delay_ms(self) -> int:
        if not self.window.segments:
            return 0
        segment = self.window.segments[-1]
        return max(round(self.clock.time() * 1000) - segment.wall_ms - segment.duration_ms, 0)
