"""Where doors deliver what encoders send, as messages of RTMP whichever door it was."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from apps.streams.media.measures import Line
from apps.streams.media.ports import Refused

logger = logging.getLogger(__name__)


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


class Session(Protocol):
    """The connection of an encoder, whichever protocol it speaks."""

    id: str
    address: str

    def close(self, reason: str) -> None:
        """Hang up; the reason is for the log."""

    def take_line(self) -> Line | None:
        """How the line was since this was last asked for; None where it cannot be seen."""


class Door(Protocol):
    """Decides about encoders."""

    async def admit(self, session: Session, key: str) -> Sink:
        """Where the session's media goes; raises Refused."""


def let_go(sink: Sink | None, session: Session, reason: str) -> None:
    """`session` is over, whether or not it has a sink yet; never raises."""
    if sink is None:
        return
    try:
        sink.on_gone(reason)
    except Exception:  # a fault of ours; the caller may be closing other sessions too
        logger.exception("session %s from %s: not let go by a fault", session.id, session.address)
