"""Where transcoders take a stream and bring its renditions: raw ASGI, for processes of our own.

`GET /transcoding/{grant}/{stream}/source` is the stream from its newest keyframe on, as long as it lasts and
the caller takes it: records of one line of JSON and the bytes that it announces in `size`. The first has
`video` and `audio` (decoder configurations, in hex) and the init segment; each of the others is one part.
Whoever holds this connection is the stream's one transcoder; with it go the renditions that it made.

`PUT /transcoding/{grant}/{stream}/{rendition}/init` begins a rendition; the body is its avcC record, nothing
for sound alone. `PUT …/{rendition}/{msn}-{index}` brings the rendition of that part, each in its turn. The
answer tells whether viewers are offered it: `{"offered": true}`. 409 means: begin anew; 410: it is over.

The grant is one for transcoding, its holder the transcoder's name.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from apps.streams.media import answers
from apps.streams.media.answers import NEVER, Answer, Problem, Receive, Scope, Send, Stalled
from apps.streams.media.codecs import CodecError, read_avc
from apps.streams.media.config import MediaConfig
from apps.streams.media.grants import TRANSCODING, GrantBook, GrantRefused
from apps.streams.media.renditions import OutOfStep
from apps.streams.media.window import LiveWindow, Segment

if TYPE_CHECKING:
    from apps.streams.media.stream import LiveStream

logger = logging.getLogger(__name__)

_JSON = b"application/json"
_PART = re.compile(r"(\d{1,9})-(\d{1,4})\Z", re.ASCII)


class TranscodingDoor:
    """The transcoders' door of a node. `streams` is the node's own table, `epoch` makes names for windows."""

    def __init__(
        self, streams: MutableMapping[str, LiveStream], config: MediaConfig, epoch: Callable[[], str]
    ) -> None:
        self._streams = streams
        self._config = config
        self._epoch = epoch
        self._grants = GrantBook(config.transcoding_key, purpose=TRANSCODING)
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(scope, send, self._config.stall_seconds)
        try:
            await self._route(scope, receive, answer)
        except Problem as problem:
            await answer.reply(answers.problem(problem))
        except Stalled:
            return  # with half an answer: the server hangs up

    async def _route(self, scope: Scope, receive: Receive, answer: Answer) -> None:
        pieces = scope["path"].split("/")[2:]
        if len(pieces) not in (3, 4):
            raise Problem(404, "no such file")
        grant, stream_id, *what = pieces
        try:
            transcoder = self._grants.viewer(stream_id, grant)
        except GrantRefused as refusal:
            raise Problem(403, f"this grant is {refusal}") from None
        stream = self._streams.get(stream_id)
        if stream is None or not stream.window.playable or self.closing:
            raise Problem(503, "this stream is not here")
        if stream.window.ended:
            raise Problem(410, "this stream has ended")
        if scope["method"] == "GET" and what == ["source"]:
            return await self._source(stream, transcoder, receive, answer)
        if scope["method"] != "PUT" or len(what) != 2:
            raise Problem(404, "no such file")
        body = await _body(receive, self._config.rendition_max_bytes)
        if stream.window.ended:
            raise Problem(410, "this stream has ended")
        if stream.ladder.transcoder != transcoder:
            raise Problem(409, "this transcoder does not have the stream")
        offered = self._take(stream, what[0], what[1], body)
        await answer.reply(answers.whole(json.dumps({"offered": offered}).encode(), _JSON, NEVER))

    def _take(self, stream: LiveStream, name: str, what: str, body: bytes) -> bool:
        if what == "init":
            return self._begin(stream, name, body)
        match = _PART.match(what)
        rendition = stream.ladder.renditions.get(name)
        if match is None or rendition is None or not body:
            raise Problem(409 if match else 404, "no such rendition, or no such part")
        try:
            rendition.add_part(int(match[1]), int(match[2]), body)
        except OutOfStep as error:
            raise Problem(409, str(error)) from None
        return rendition.is_offered

    def _begin(self, stream: LiveStream, name: str, record: bytes) -> bool:
        window = stream.window
        try:
            video = read_avc(record) if record else None
            stream.ladder.begin(
                name, epoch=self._epoch(), video=video, audio=window.inits[window.segments[-1].init].audio
            )
        except (CodecError, ValueError) as error:
            raise Problem(400, str(error)) from None
        return False

    async def _source(self, stream: LiveStream, transcoder: str, receive: Receive, answer: Answer) -> None:
        window = stream.window
        source = _Source(window)
        with stream.ladder.held_by(transcoder) as leaving:
            watcher = asyncio.create_task(_watch(receive, leaving, window))
            logger.info("stream %s: taken by transcoder %s", stream.stream_id, transcoder)
            try:
                await answer.begin(200, b"application/octet-stream")
                await answer.piece(source.head())
                # Not playable any more: another node has the stream, and nothing will change here.
                while window.playable and not (
                    leaving.is_set() or window.ended or self.closing or source.is_broken
                ):
                    for record in source.news():
                        await answer.piece(record)
                    await window.next_change()
                await answer.finish()
            finally:
                watcher.cancel()


class _Source:
    """One transcoder's way through the source's window."""

    def __init__(self, window: LiveWindow) -> None:
        self._window = window
        first = next((s for s in reversed(window.segments) if s.independent), None)
        if first is None:
            raise Problem(503, "there is no keyframe to begin with")
        self._init = first.init
        self._msn, self._index = first.msn, 0
        self.is_broken = False
        """The transcoder fell out of the window, or the encoder came back with other settings."""

    def head(self) -> bytes:
        init = self._window.inits[self._init]
        assert init.video is not None
        about: dict[str, Any] = {"video": init.video.record.hex(), "audio": init.audio.record.hex()}
        return _record(about, init.data)

    def news(self) -> Iterator[bytes]:
        """A record for each part that was not told yet."""
        while (segment := self._window.find(self._msn)) is not None:
            if segment.init != self._init:
                break
            yield from self._parts(segment)
            if self._index < len(segment.parts):
                continue  # more came while these were taken
            if not segment.complete:
                return
            self._msn, self._index = self._msn + 1, 0
        self.is_broken = segment is not None or self._msn < self._window.next_msn

    def _parts(self, segment: Segment) -> Iterator[bytes]:
        start_ms = segment.start_ms + sum(part.duration_ms for part in segment.parts[: self._index])
        for index in range(self._index, len(segment.parts)):
            part = segment.parts[index]
            place: dict[str, Any] = {
                "msn": segment.msn,
                "index": index,
                "start": start_ms,
                "duration": part.duration_ms,
            }
            self._index = index + 1
            start_ms += part.duration_ms
            yield _record(place | {"keyframe": part.independent}, part.data)


def _record(about: dict[str, Any], data: bytes) -> bytes:
    return json.dumps(about | {"size": len(data)}).encode() + b"\n" + data


async def _watch(receive: Receive, leaving: asyncio.Event, window: LiveWindow) -> None:
    """A transcoder that hangs up is gone at once, not at the next part."""
    while (await receive())["type"] != "http.disconnect":
        pass
    leaving.set()
    window.wake()


async def _body(receive: Receive, most: int) -> bytes:
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem(400, "the body is cut off")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise Problem(413, f"a part of a rendition has at most {most} bytes")
        if not message.get("more_body"):
            return b"".join(chunks)
