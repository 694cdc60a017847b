"""An RTMP publisher: sends FLV as an encoder does. For our test picture, tests and measurements."""

from __future__ import annotations

import asyncio
import contextlib
from struct import pack, unpack_from
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from apps.streams.media import amf0
from apps.streams.media.flv import FlvReader, Tag
from apps.streams.media.rtmp import chunks, handshake
from apps.streams.media.rtmp.chunks import ChunkReader, ChunkWriter, Message

_TIMEOUT = 10.0
_READ_BYTES = 64 * 1024
_MAX_MESSAGE = 1024 * 1024
_MAX_STREAMS = 16


class PublishRefused(OSError):
    """The server said no; `code` is its onStatus or error code, the text its description."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


async def publish_flv(url: str, key: str, source: BinaryIO) -> None:
    """Publish the FLV stream that `source` yields, as fast as it yields, until it ends.

    `url` is `rtmp://host[:port]/app`. OSError when refused or cut (PublishRefused when the server says why).
    """
    publisher = await RtmpPublisher.connect(url, key)
    reader = FlvReader()
    try:
        while data := await asyncio.to_thread(source.read1, _READ_BYTES):  # type: ignore[attr-defined]
            for tag in reader.feed(data):
                publisher.send(tag)
            await publisher.drain()
        await publisher.unpublish()
    finally:
        await publisher.close()


class RtmpPublisher:
    """One publishing connection. Made by `connect`; then `send` tags and `drain` now and then."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunks = ChunkWriter()
        self._incoming = ChunkReader(max_message=_MAX_MESSAGE, max_streams=_MAX_STREAMS)
        self._answers: asyncio.Queue[list[Any] | None] = asyncio.Queue()
        self._listener: asyncio.Task[None] | None = None
        self._end: OSError | None = None

    @classmethod
    async def connect(
        cls, url: str, key: str, *, digests: bool = False, chunk_size: int = 4096
    ) -> RtmpPublisher:
        """Shake hands, connect and publish. PublishRefused, OSError or TimeoutError when it fails."""
        parts = urlsplit(url)
        async with asyncio.timeout(_TIMEOUT):
            publisher = cls(*await asyncio.open_connection(parts.hostname, parts.port or 1935))
            try:
                await publisher._shake_hands(digests=digests)
                await publisher._publish(parts.path.strip("/"), url, key, chunk_size)
            except BaseException:
                await publisher.close()
                raise
        return publisher

    def send(self, tag: Tag) -> None:
        """Send one audio, video or data tag; the socket takes it when it can."""
        kind, body = tag.kind, tag.body
        if kind == chunks.DATA_AMF0:
            body = amf0.encode("@setDataFrame") + body
        message = Message(kind, tag.timestamp, 1, body)
        self._writer.write(self._chunks.encode(message, chunk_stream=4 if kind == chunks.AUDIO else 6))

    async def drain(self) -> None:
        """Wait until the server has taken most of it; OSError when it hung up."""
        if self._end is not None:
            raise self._end
        await self._writer.drain()

    async def unpublish(self) -> None:
        """End the stream as an encoder does whose user pressed stop."""
        self._command("FCUnpublish", 6, None, "")
        self._command("deleteStream", 7, None, 1)
        await self._writer.drain()

    async def wait_closed(self) -> OSError:
        """Return why the server hung up, when it does."""
        while await self._answers.get() is not None:
            pass
        return self._end or ConnectionResetError("the server hung up")

    async def close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _shake_hands(self, *, digests: bool) -> None:
        c0c1 = handshake.ask(digests=digests)
        self._writer.write(c0c1)
        answer = await self._reader.readexactly(1 + 2 * handshake.SIZE)
        self._writer.write(handshake.confirm(answer, c0c1))

    async def _publish(self, app: str, url: str, key: str, chunk_size: int) -> None:
        self._listener = asyncio.create_task(self._listen())
        properties = {"app": app, "type": "nonprivate", "flashVer": "FMLE/3.0 (compatible)", "tcUrl": url}
        self._command("connect", 1, properties)
        await self._result(1)
        self._writer.write(self._chunks.set_chunk_size(chunk_size))
        self._command("releaseStream", 2, None, key)
        self._command("FCPublish", 3, None, key)
        self._command("createStream", 4, None)
        await self._result(4)
        self._command("publish", 5, None, key, "live", stream_id=1)
        await self._result(None)

    def _command(self, *values: Any, stream_id: int = 0) -> None:
        message = Message(chunks.COMMAND_AMF0, 0, stream_id, amf0.encode(*values))
        self._writer.write(self._chunks.encode(message, chunk_stream=3))

    async def _result(self, transaction: int | None) -> None:
        """Wait for the answer to a transaction, or for the first onStatus."""
        while True:
            answer = await self._answers.get()
            if answer is None:
                raise self._end or ConnectionResetError("the server hung up")
            name, number = answer[0], answer[1]
            if name == "onStatus" and transaction is None:
                return
            if name == "_result" and number == transaction:
                return

    async def _listen(self) -> None:
        try:
            while data := await self._reader.read(_READ_BYTES):
                for message in self._incoming.feed(data):
                    self._on_message(message)
        except (OSError, ValueError) as error:
            self._end = self._end or ConnectionResetError(str(error))
        self._end = self._end or ConnectionResetError("the server hung up")
        self._answers.put_nowait(None)

    def _on_message(self, message: Message) -> None:
        if message.kind == chunks.USER_CONTROL and unpack_from(">H", message.payload)[0] == 6:
            pong = Message(chunks.USER_CONTROL, 0, 0, pack(">H", 7) + bytes(message.payload[2:6]))
            self._writer.write(self._chunks.encode(pong, chunk_stream=2))
        elif message.kind == chunks.COMMAND_AMF0:
            values = amf0.decode_all(message.payload)
            status = values[3] if len(values) > 3 and isinstance(values[3], dict) else {}
            if values[0] == "_error" or status.get("level") == "error":
                self._end = PublishRefused(str(status.get("code")), str(status.get("description")))
                self._answers.put_nowait(None)
            else:
                self._answers.put_nowait(values)
