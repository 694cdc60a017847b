"""Where doors deliver what encoders send, as messages of RTMP whichever door it was."""

from __future__ import annotations

from typing import Any, Protocol

from apps.streams.media.ports import Refused


class MediaSink(Protocol):
    """Takes audio and video messages (FLV tag bodies); raises Refused for what cannot be served."""

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None: ...

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None: ...

    def on_metadata(self, properties: dict[str, Any]) -> None: ...


class Sink(MediaSink, Protocol):
    """Where an admitted session's messages go."""

    def on_refused(self, refusal: Refused) -> None: ...

    def on_gone(self, reason: str) -> None: ...

    @property
    def media_seconds(self) -> float: ...
