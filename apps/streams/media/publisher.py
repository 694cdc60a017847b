"""One encoder's session as the stream sees it: settings, pictures, sound, and its health."""

from __future__ import annotations

from collections import deque
from typing import Any

from apps.streams.media.codecs import AacConfig, AvcConfig, CodecError, read_aac, read_avc
from apps.streams.media.flv import AudioBody, Packet, VideoBody, read_audio, read_video
from apps.streams.media.packager import Packager, too_large
from apps.streams.media.ports import Clock, Refused

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
        self._total = 0

    def add(self, size: int, now: float) -> None:
        self._total += size
        if not self._marks or now - self._marks[-1][0] >= 0.5:
            self._marks.append((now, self._total))
            while now - self._marks[0][0] > _METER_SECONDS:
                self._marks.popleft()

    def bitrate(self, now: float) -> int:
        """Bits a second; 0 when nothing has come for a while."""
        if not self._marks or now - self._marks[-1][0] > _METER_SECONDS:
            return 0
        since, before = self._marks[0]
        return round((self._total - before) * 8 / max(now - since, 0.5))


class Publisher:
    """Feeds one encoder's messages to a packager; raises Refused for an encoder that cannot be served."""

    def __init__(self, packager: Packager, clock: Clock) -> None:
        self.packager = packager
        self.clock = clock
        self.video: AvcConfig | None = None
        self.audio: AacConfig | None = None
        self.encoder = ""
        self.declared_frame_rate = 0.0
        self.keyframe_interval_ms = 0
        self.media_at: float | None = None
        self.last_media = clock.monotonic()
        self.pictures = 0
        self.media_ms = 0
        self.video_meter, self.audio_meter = Meter(), Meter()
        self._running = False
        self._promised_sound: bool | None = None
        self._early_pictures: list[tuple[int, VideoBody, int]] = []
        self._early_sound: deque[tuple[int, memoryview]] = deque(maxlen=500)
        self._first_sound: int | None = None
        self._last_keyframe_ms: int | None = None
        self._last_picture: int | None = None

    @property
    def frame_rate(self) -> float:
        """What the encoder declares, or else what was measured so far."""
        if self.video is not None and 0 < self.video.frame_rate <= 300:
            return self.video.frame_rate
        if 0 < self.declared_frame_rate <= 300:
            return self.declared_frame_rate
        return self.pictures * 1000 / self.media_ms if self.media_ms else 0.0

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
        now = self._note(len(body), self.video_meter)
        if picture.packet is Packet.CONFIG:
            self._configure_video(bytes(picture.data))
        elif picture.packet is Packet.FRAME and self.video is not None and picture.data:
            self._measure(timestamp, picture.keyframe)
            wall_ms = int(now * 1000)
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
            self._push_sound(timestamp, sound)

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
        if self._last_picture is None and (timestamp - self._first_sound) & 0xFFFFFFFF > _PICTURE_PATIENCE_MS:
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

    def _note(self, size: int, meter: Meter) -> float:
        self.last_media = self.clock.monotonic()
        meter.add(size, self.last_media)
        self.media_at = self.clock.time()
        return self.media_at

    def _measure(self, timestamp: int, keyframe: bool) -> None:
        if self._last_picture is not None:
            step = (timestamp - self._last_picture) & 0xFFFFFFFF
            if step < 2000:
                self.media_ms += step
                self.pictures += 1
        self._last_picture = timestamp
        if keyframe:
            if self._last_keyframe_ms is not None:
                self.keyframe_interval_ms = self.media_ms - self._last_keyframe_ms
            self._last_keyframe_ms = self.media_ms
