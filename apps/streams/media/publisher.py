"""One encoder's session as the stream sees it: settings, pictures, sound, and its health."""

from __future__ import annotations

from collections import deque
from typing import Any

from apps.streams.media.codecs import AacConfig, AvcConfig, CodecError, read_aac, read_avc
from apps.streams.media.config import MediaConfig
from apps.streams.media.flv import AudioBody, Packet, VideoBody, read_audio, read_video
from apps.streams.media.measures import Measures, Sample
from apps.streams.media.packager import Packager, too_large
from apps.streams.media.ports import Clock, Refused
from apps.streams.media.standby import Standby

_SOUND_PATIENCE_MS = 500
"""A picture waits so long for the sound's configuration before the stream begins without sound."""
_MAX_EARLY_PICTURES = 200
_PICTURE_PATIENCE_MS = 5000
_METER_SECONDS = 5.0
_TEXT_LIMIT = 100


class Meter:
    """Bytes over the last few seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()
        self.total = 0

    def add(self, size: int, now: float) -> None:
        self.total += size
        if not self._marks or now - self._marks[-1][0] >= 0.5:
            self._marks.append((now, self.total))
            while now - self._marks[0][0] > _METER_SECONDS:
                self._marks.popleft()

    def bitrate(self, now: float) -> int:
        """Bits a second; 0 when nothing has come for a while."""
        if not self._marks or now - self._marks[-1][0] > _METER_SECONDS:
            return 0
        since, before = self._marks[0]
        return round((self.total - before) * 8 / max(now - since, 0.5))


class Publisher:
    """Reads one encoder's messages; raises Refused for an encoder that cannot be served.

    It stands by until it is put on air, and then feeds the packager of its stream.
    """

    def __init__(self, config: MediaConfig, clock: Clock) -> None:
        self.standby = Standby(config, clock)
        self.packager: Packager | Standby = self.standby
        self.clock = clock
        self.video: AvcConfig | None = None
        self.audio: AacConfig | None = None
        self.encoder = ""
        self.declared_frame_rate = 0.0
        self.last_media = clock.monotonic()
        self.measures = Measures(self.last_media)
        self.video_meter, self.audio_meter = Meter(), Meter()
        self._running = False
        self._promised_sound: bool | None = None
        self._early_pictures: list[tuple[int, VideoBody, int]] = []
        self._early_sound: deque[tuple[int, memoryview]] = deque(maxlen=500)
        self._first_sound: int | None = None
        self._has_picture = False

    @property
    def frame_rate(self) -> float:
        """What the encoder declares, or else what was measured so far."""
        if self.video is not None and 0 < self.video.frame_rate <= 300:
            return self.video.frame_rate
        if 0 < self.declared_frame_rate <= 300:
            return self.declared_frame_rate
        measures = self.measures
        return measures.pictures * 1000 / measures.media_ms if measures.media_ms else 0.0

    def on_metadata(self, properties: dict[str, Any]) -> None:
        """onMetaData: hints only, everything that matters is read from the media itself."""
        self.encoder = str(properties.get("encoder") or "")[:_TEXT_LIMIT]
        rate = properties.get("framerate") or properties.get("videoframerate")
        self.declared_frame_rate = float(rate) if isinstance(rate, (int, float)) else 0.0
        self._promised_sound = (
            properties.get("audiocodecid") is not None or properties.get("hasAudio") is True
        )

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        picture = read_video(body)
        if picture is None:
            return
        self._note(len(body), self.video_meter)
        if picture.packet is Packet.CONFIG:
            self._configure_video(bytes(picture.data))
        elif picture.packet is Packet.FRAME and self.video is not None and picture.data:
            self._has_picture = True
            self.measures.picture(timestamp, picture.keyframe, picture.composition_ms, self.last_media)
            wall_ms = int(self.clock.time() * 1000)
            if self._running:
                self.packager.push_picture(
                    timestamp, picture.composition_ms, picture.keyframe, picture.data, wall_ms
                )
            elif picture.keyframe or self._early_pictures:
                self._keep_early(timestamp, picture, wall_ms)
                self._begin_if_ready(timestamp)

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        sound = read_audio(body)
        if sound is None:
            return
        self._note(len(body), self.audio_meter)
        if sound.packet is Packet.CONFIG:
            self._configure_audio(bytes(sound.data))
        elif self.audio is not None and sound.data:
            self.measures.sound(sound.data)
            self._push_sound(timestamp, sound)

    @property
    def silent_for(self) -> float:
        """Seconds since it sent media."""
        return self.clock.monotonic() - self.last_media

    @property
    def media_at(self) -> float | None:
        """When it sent media last, in seconds since the epoch; None before it did."""
        has_sent = self.video_meter.total or self.audio_meter.total
        return self.clock.time() - self.silent_for if has_sent else None

    def go_on_air(self, packager: Packager) -> None:
        """Feed `packager` from now on, beginning with the newest keyframe."""
        self.packager = packager
        if self._running:
            self._running = self.standby.hand_over(packager)

    def stand_by(self) -> None:
        """Feed nobody any more; the stream goes on with another."""
        self.packager = self.standby
        if self._running and self.video is not None:
            self.standby.begin(self.video, self.audio, wall_ms=0)

    def sample(self, session_id: str) -> Sample:
        """What came since this was last asked for."""
        return self.measures.take(
            at=self.clock.time(),
            now=self.clock.monotonic(),
            session_id=session_id,
            video_bytes=self.video_meter.total,
            audio_bytes=self.audio_meter.total,
            last_media=self.last_media,
        )

    def _keep_early(self, timestamp: int, picture: VideoBody, wall_ms: int) -> None:
        self._early_pictures.append((timestamp, picture, wall_ms))
        size = sum(len(early.data) for _, early, _ in self._early_pictures)
        if size > self.packager.config.pending_max_bytes:
            raise too_large()

    def _push_sound(self, timestamp: int, sound: AudioBody) -> None:
        if self._running:
            self.packager.push_sound(timestamp, sound.data)
            return
        self._early_sound.append((timestamp, sound.data))
        if self._first_sound is None:
            self._first_sound = timestamp
        if not self._has_picture and (timestamp - self._first_sound) & 0xFFFFFFFF > _PICTURE_PATIENCE_MS:
            raise Refused(
                "NO_VIDEO",
                "The encoder sends sound without a picture. Add a video source and an H.264 encoder.",
            )

    def _configure_video(self, record: bytes) -> None:
        if self.video is not None and self.video.record == record:
            return
        try:
            self.video = read_avc(record)
        except CodecError as error:
            raise Refused("MALFORMED_MEDIA", f"The encoder's settings cannot be used: {error}.") from error
        self._early_pictures.clear()
        self._stop_until_keyframe()

    def _configure_audio(self, record: bytes) -> None:
        if self.audio is not None and self.audio.record == record:
            return
        try:
            self.audio = read_aac(record)
        except CodecError as error:
            raise Refused("MALFORMED_MEDIA", f"The encoder's settings cannot be used: {error}.") from error
        self._stop_until_keyframe()

    def _stop_until_keyframe(self) -> None:
        """New settings hold from the next keyframe on; nobody could decode pictures before it."""
        if self._running:
            self._running = False
            self.packager.finish()

    def _begin_if_ready(self, timestamp: int) -> None:
        first, _, wall_ms = self._early_pictures[0]
        waited = (timestamp - first) & 0xFFFFFFFF
        may_come = self.audio is None and self._promised_sound is not False
        if may_come and waited < _SOUND_PATIENCE_MS and len(self._early_pictures) < _MAX_EARLY_PICTURES:
            return
        assert self.video is not None
        self.packager.begin(self.video, self.audio, wall_ms=wall_ms)
        self._running = True
        pictures, self._early_pictures = self._early_pictures, []
        for sound_timestamp, sound in self._early_sound:
            self.packager.push_sound(sound_timestamp, sound)
        self._early_sound.clear()
        for picture_timestamp, picture, came in pictures:
            self.packager.push_picture(
                picture_timestamp, picture.composition_ms, picture.keyframe, picture.data, came
            )

    def _note(self, size: int, meter: Meter) -> None:
        self.last_media = self.clock.monotonic()
        meter.add(size, self.last_media)
