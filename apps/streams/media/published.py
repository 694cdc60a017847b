"""An admitted encoder's way into its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.streams.media.measures import Line
from apps.streams.media.ports import Admission, Refused, StandbyInfo
from apps.streams.media.publisher import Publisher
from apps.streams.media.sinks import Session
from apps.streams.media.stream import LiveStream

if TYPE_CHECKING:
    from apps.streams.media.node import IngestNode


class Published:
    """An admitted session's hold on its stream: where the session delivers messages and says goodbye.

    It stands by until it is put on air, and again when another one is. While it `is_due` it waits for its
    next keyframe, so that nobody sees the change.
    """

    def __init__(self, node: IngestNode, admission: Admission, session: Session, key: str) -> None:
        self.id, self.address = session.id, session.address
        self.admission = admission
        self.publisher = Publisher(node.config, node.clock)
        self.is_due = False
        self._stream: LiveStream | None = None
        self._node = node
        self._session = session
        self._key = key

    @property
    def stream_id(self) -> str:
        return self.admission.stream_id

    @property
    def is_backup(self) -> bool:
        return self.admission.is_backup

    def go_on_air(self, stream: LiveStream) -> None:
        """Feed `stream`; who did so far stands by, or is over if it had the same key."""
        self.is_due, self._stream = False, stream
        older = stream.attach(self)
        if older is None:
            return
        if older.is_backup == self.is_backup:
            older.close("superseded")
        else:
            older.stand_by()

    def stand_by(self) -> None:
        self._stream = None
        self.publisher.stand_by()
        self._node.reserve.keep(self)

    def close(self, reason: str) -> None:
        """Hang up on the encoder; the reason is for the log."""
        self._session.close(reason)

    def take_line(self) -> Line | None:
        return self._session.take_line()

    def standby_info(self) -> StandbyInfo:
        publisher = self.publisher
        return StandbyInfo(self.id, publisher.silent_for, publisher.standby.steady_seconds)

    # Sessions say

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        self.publisher.on_video(timestamp, body)
        if self.is_due and self.publisher.standby.at_keyframe:
            self._node.reserve.take_turns(self)
        stream = self._stream
        if stream is None:
            return
        if stream.relays:
            for relay in stream.relays.values():
                relay.on_video(timestamp, body)
        if stream.ladder.renditions:
            stream.ladder.judge()
        if stream.became_live():
            self._node.announce(stream, self)

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        self.publisher.on_audio(timestamp, body)
        if self._stream is not None and self._stream.relays:
            for relay in self._stream.relays.values():
                relay.on_audio(timestamp, body)

    def on_metadata(self, properties: dict[str, Any]) -> None:
        self.publisher.on_metadata(properties)

    def on_refused(self, refusal: Refused) -> None:
        self._node.turned_away(self, self._key, refusal)

    def on_gone(self, reason: str) -> None:
        self._node.lost(self, reason)

    @property
    def media_seconds(self) -> float:
        """How much media time this session has sent."""
        return self.publisher.measures.media_ms / 1000
