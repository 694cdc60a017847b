"""The link between an encoder's session and its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apps.streams.media.ports import Refused
from apps.streams.media.publisher import Publisher
from apps.streams.media.stream import LiveStream, Session

if TYPE_CHECKING:
    from apps.streams.media.node import IngestNode


class Published:
    """An admitted session's hold on its stream: where the session delivers messages and says goodbye."""

    def __init__(
        self, node: IngestNode, stream: LiveStream, publisher: Publisher, session: Session, key: str
    ) -> None:
        self._node = node
        self._stream = stream
        self._publisher = publisher
        self._session = session
        self._key = key

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        self._publisher.on_video(timestamp, body)
        if self._stream.relays:
            for relay in self._stream.relays.values():
                relay.on_video(timestamp, body)
        if self._stream.ladder.renditions:
            self._stream.ladder.judge()
        if self._stream.became_live():
            self._node.announce(self._stream, self._session)

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        self._publisher.on_audio(timestamp, body)
        if self._stream.relays:
            for relay in self._stream.relays.values():
                relay.on_audio(timestamp, body)

    def on_metadata(self, properties: dict[str, Any]) -> None:
        self._publisher.on_metadata(properties)

    def on_refused(self, refusal: Refused) -> None:
        self._node.turned_away(self._stream, self._session, self._key, refusal)

    def on_gone(self, reason: str) -> None:
        self._node.lost(self._stream, self._session, reason)

    @property
    def media_seconds(self) -> float:
        """How much media time this session has sent."""
        return self._publisher.measures.media_ms / 1000
