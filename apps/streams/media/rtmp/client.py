"""An RTMP publisher: sends what an encoder sends, to our own door or to another platform's."""

from __future__ import annotations

import asyncio
import contextlib
from struct import pack
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from apps.streams.media import amf0
from apps.streams.media.egress import Egress
from apps.streams.media.flv import FlvReader, Tag
from apps.streams.media.rtmp import chunks, handshake
from apps.streams.media.rtmp.chunks import ChunkReader, ChunkWriter, Message

_TIMEOUT = 10.0
_READ_BYTES = 64 * 1024
_MAX_MESSAGE = 1024 * 1024
_MAX_STREAMS = 16
_GOODBYE_SECONDS = 2.0
# A server has next to nothing to say to a publisher; who floods us is left.
_HEAR_BYTES = 8 * 1024
_MAX_HEARD, _MAX_HEARD_A_SECOND = 64 * 1024, 4 * 1024
_PORTS = {"rtmp": 1935, "rtmps": 443}


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
    """One publishing connection. Made by `connect`; then `send` tags and `drain` now and then.

    Who must not wait writes without draining and looks at `unsent`.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunks = ChunkWriter()
        self._incoming = ChunkReader(max_message=_MAX_MESSAGE, max_streams=_MAX_STREAMS)
        self._answers: asyncio.Queue[list[Any] | None] = asyncio.Queue()
        self._listener: asyncio.Task[None] | None = None
        self._end: OSError | None = None
        self._written = 0
        self._stream_id = 1

    @classmethod
    async def connect(
        cls,
        url: str,
        key: str,
        *,
        digests: bool = False,
        chunk_size: int = 4096,
        egress: Egress | None = None,
    ) -> RtmpPublisher:
        """Shake hands, connect and publish. PublishRefused, OSError or TimeoutError when it fails.

        Without an `egress` any address will do.
        """
        parts = urlsplit(url)
        egress = egress or Egress(allow_private=True)
        port = parts.port or _PORTS[parts.scheme]
        async with asyncio.timeout(_TIMEOUT):
            connection = await egress.open(parts.hostname or "", port, tls=parts.scheme == "rtmps")
            publisher = cls(*connection)
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
        self.write(kind, tag.timestamp, body)

    def write(self, kind: int, timestamp: int, body: bytes | bytearray) -> None:
        """Send one message of the stream; never waits."""
        data = self._chunks.encode(
            Message(kind, timestamp, self._stream_id, body), chunk_stream=4 if kind == chunks.AUDIO else 6
        )
        self._written += len(data)
        self._writer.write(data)

    @property
    def unsent(self) -> int:
        """Bytes that the other side has not made room for yet."""
        return self._writer.transport.get_write_buffer_size()

    @property
    def taken(self) -> int:
        """Bytes of the stream that have left."""
        return self._written - self.unsent

    @property
    def is_open(self) -> bool:
        return self._end is None and not self._writer.is_closing()

    async def drain(self) -> None:
        """Wait until the server has taken most of it; OSError when it hung up."""
        if self._end is not None:
            raise self._end
        await self._writer.drain()

    async def unpublish(self) -> None:
        """End the stream as an encoder does whose user pressed stop."""
        self.write_end()
        await self._writer.drain()

    def write_end(self) -> None:
        """The same without waiting."""
        self._command("FCUnpublish", 6, None, "")
        self._command("deleteStream", 7, None, self._stream_id)

    async def wait_closed(self) -> OSError:
        """Return why the server hung up, when it does."""
        while await self._answers.get() is not None:
            pass
        return self._end or ConnectionResetError("the server hung up")

    async def close(self) -> None:
        """Hang up, and let what is on its way go out first if the other side takes it soon."""
        if self._listener is not None:
            self._listener.cancel()
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS):
                await self._writer.wait_closed()
        self._writer.transport.abort()

    async def _shake_hands(self, *, digests: bool) -> None:
        c0c1 = handshake.ask(digests=digests)
        self._writer.write(c0c1)
        try:
            answer = await self._reader.readexactly(1 + 2 * handshake.SIZE)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the server hung up in the handshake") from None
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
        created = await self._result(4)
        if len(created) > 3 and isinstance(created[3], float):
            self._stream_id = int(created[3])
        self._command("publish", 5, None, key, "live", stream_id=self._stream_id)
        await self._result(None)

    def _command(self, *values: Any, stream_id: int = 0) -> None:
        message = Message(chunks.COMMAND_AMF0, 0, stream_id, amf0.encode(*values))
        self._writer.write(self._chunks.encode(message, chunk_stream=3))

    async def _result(self, transaction: int | None) -> list[Any]:
        """Wait for the answer to a transaction, or for the first onStatus."""
        while True:
            answer = await self._answers.get()
            if answer is None:
                raise self._end or ConnectionResetError("the server hung up")
            name, number = answer[0], answer[1]
            if name == "onStatus" and transaction is None:
                return answer
            if name == "_result" and number == transaction:
                return answer

    async def _listen(self) -> None:
        loop, heard = asyncio.get_running_loop(), 0
        began = loop.time()
        try:
            while data := await self._reader.read(_HEAR_BYTES):
                heard += len(data)
                if heard > _MAX_HEARD + (loop.time() - began) * _MAX_HEARD_A_SECOND:
                    raise ValueError("the server talks too much")
                for message in self._incoming.feed(data):
                    self._on_message(message)
        except (OSError, ValueError) as error:
            self._end = self._end or ConnectionResetError(str(error))
        self._end = self._end or ConnectionResetError("the server hung up")
        self._answers.put_nowait(None)

    def _on_message(self, message: Message) -> None:
        if message.kind == chunks.USER_CONTROL and message.payload[:2] == b"\x00\x06":
            pong = Message(chunks.USER_CONTROL, 0, 0, pack(">H", 7) + bytes(message.payload[2:6]))
            self._writer.write(self._chunks.encode(pong, chunk_stream=2))
        elif message.kind == chunks.COMMAND_AMF0:
            values = amf0.decode_all(message.payload)
            if len(values) < 2:
                return  # onFCPublish, from some servers: it answers nothing that we wait for
            status = values[3] if len(values) > 3 and isinstance(values[3], dict) else {}
            if values[0] == "_error" and values[1] in (2, 3):
                return  # many servers know no releaseStream and no FCPublish, and nobody needs them
            if values[0] == "_error" or status.get("level") == "error":
                self._end = PublishRefused(str(status.get("code")), str(status.get("description")))
                self._answers.put_nowait(None)
            else:
                self._answers.put_nowait(values)
