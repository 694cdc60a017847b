"""The encoders of a node that stand by, one for each stream, and how they come on air."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from apps.streams.media.ports import Admission, StandbyInfo
from apps.streams.media.published import Published
from apps.streams.media.stream import LiveStream, State

logger = logging.getLogger(__name__)

_SENDING_SECONDS = 1.0
"""An encoder on air that is silent for longer is not waited for."""


class Reserve:
    """`streams` are the node's own, by their ids; those that others stand by for may be other nodes'."""

    def __init__(
        self,
        streams: Mapping[str, LiveStream],
        open_stream: Callable[[Admission], Coroutine[Any, Any, LiveStream]],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self._streams = streams
        self._open_stream = open_stream
        self._spawn = spawn
        self._ready: dict[str, Published] = {}

    @property
    def infos(self) -> dict[str, StandbyInfo]:
        return {stream_id: published.standby_info() for stream_id, published in self._ready.items()}

    def get(self, stream_id: str) -> Published | None:
        return self._ready.get(stream_id)

    def values(self) -> Iterable[Published]:
        return self._ready.values()

    def keep(self, published: Published) -> None:
        """It stands by; one that did so far is over."""
        older = self._ready.get(published.stream_id)
        self._ready[published.stream_id] = published
        if older is not None and older is not published:
            older.close("superseded")

    def forget(self, published: Published) -> bool:
        """It is gone. False: it did not stand by."""
        is_here = self._ready.get(published.stream_id) is published
        if is_here:
            del self._ready[published.stream_id]
        return is_here

    def dismiss(self, stream_id: str) -> bool:
        """Hang up on who stands by for the stream. False: nobody does."""
        ready = self._ready.pop(stream_id, None)
        if ready is not None:
            ready.close("ended")
        return ready is not None

    def put_on_air(self, stream_id: str, session_id: str) -> None:
        """Let the encoder that stands by feed the stream: from its next keyframe on while another one sends,
        else at once."""
        ready = self._ready.get(stream_id)
        if ready is not None and ready.id == session_id:
            ready.is_due = True
            self.hurry(stream_id)

    def hold(self, stream_id: str) -> None:
        """Whoever waits for its keyframe to come on air is not wanted any more."""
        ready = self._ready.get(stream_id)
        if ready is not None:
            ready.is_due = False

    def hurry(self, stream_id: str) -> None:
        """Who waits for its keyframe to come on air need not, if nobody else sends."""
        ready, stream = self._ready.get(stream_id), self._streams.get(stream_id)
        silence = stream.silent_for if stream is not None else None
        if ready is not None and ready.is_due and (silence is None or silence > _SENDING_SECONDS):
            self._spawn(self._begin(ready))

    def take_turns(self, published: Published) -> None:
        """Put the one that stands by on air, now."""
        stream_id = published.stream_id
        stream = self._streams.get(stream_id)
        if stream is None or stream.state is State.ENDED or self._ready.get(stream_id) is not published:
            return
        del self._ready[stream_id]
        published.go_on_air(stream)
        logger.info("session %s: is on air in stream %s", published.id, stream_id)

    async def _begin(self, published: Published) -> None:
        await self._open_stream(published.admission)
        self.take_turns(published)
