"""RTMP chunk streams (specification 5.3): messages cut into chunks, and put together again.

Both sides are free of sockets. The reader accepts what encoders really send, not only what the specification
allows:

* a chunk stream that begins with a relative header (type 1 or 2);
* a type 3 chunk that starts a new message, which adds the last delta once more;
* extended timestamps missing from type 3 chunks (OBS before 2024): the four bytes are taken only if they
repeat the value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import pack, unpack_from

SET_CHUNK_SIZE = 1
ABORT = 2
ACKNOWLEDGEMENT = 3
USER_CONTROL = 4
WINDOW_ACK_SIZE = 5
SET_PEER_BANDWIDTH = 6
AUDIO = 8
VIDEO = 9
DATA_AMF3 = 15
COMMAND_AMF3 = 17
DATA_AMF0 = 18
COMMAND_AMF0 = 20

DEFAULT_CHUNK_SIZE = 128
_EXTENDED = 0xFFFFFF
_HEADER_BYTES = (11, 7, 3, 0)
_LONGEST_RUN = 64
"""Chunks that are looked at together: looking is in vain where chunk streams alternate."""


class ChunkError(ValueError):
    """The peer broke the chunk protocol or one of our limits; the connection cannot go on."""


@dataclass(slots=True)
class Message:
    """One whole RTMP message; `timestamp` is milliseconds modulo 2**32."""

    kind: int
    timestamp: int
    stream_id: int
    payload: bytes | bytearray


class _ChunkStream:
    """What the next chunk of one chunk stream inherits."""

    __slots__ = (
        "continuation",
        "extended",
        "field",
        "kind",
        "length",
        "payload",
        "stream_id",
        "timestamp",
    )

    def __init__(self, number: int) -> None:
        # The whole header of a type 3 chunk, where it is a single byte.
        self.continuation = bytes((0xC0 | number,)) if number < 64 else b""
        self.timestamp = 0
        self.field = 0
        self.extended = False
        self.length = 0
        self.kind = 0
        self.stream_id = 0
        self.payload: bytearray | None = None


class ChunkReader:
    """Turns received bytes into messages. `max_message` may be raised once a peer is trusted with more."""

    def __init__(self, *, max_message: int, max_streams: int) -> None:
        self.max_message = max_message
        self.max_streams = max_streams
        self.chunk_size = DEFAULT_CHUNK_SIZE
        self._streams: dict[int, _ChunkStream] = {}
        self._rest = b""
        self._current: _ChunkStream | None = None
        self._wanted = 0
        self._unfinished = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """Every message that `data` completes. Consume it wholly; ChunkError ends the connection."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        position, end = 0, len(data)
        while position < end:
            stream = self._current
            if stream is None:
                begun = self._begin_chunk(data, position, end)
                if begun is None:
                    self._rest = data[position:]
                    return
                position, stream = begun
            position = self._fill(stream, data, position, end)
            if self._wanted:
                return
            self._current = None
            payload = stream.payload
            assert payload is not None
            if len(payload) == stream.length:
                stream.payload = None
                self._unfinished -= stream.length
                message = Message(stream.kind, stream.timestamp, stream.stream_id, payload)
                if message.kind <= ABORT:
                    self._obey(message)
                else:
                    yield message

    def _fill(self, stream: _ChunkStream, data: bytes, position: int, end: int) -> int:
        """Move what `data` has of the chunk at hand into its message; where reading goes on.

        Nine of ten chunks only continue their message, behind a header of one byte: a run of them is taken at
        once, and their headers, which lie at equal distances, are cut out of it.
        """
        payload, wanted, step = stream.payload, self._wanted, self.chunk_size + 1
        assert payload is not None
        start, left = len(payload), stream.length - len(payload)
        stop, headers = min(position + wanted, end), 0
        if wanted < left and not stream.extended:
            further = min(-(-(left - wanted) // self.chunk_size), _LONGEST_RUN)
            run = min(position + wanted + further * step, position + left + further, end)
            seen = data[position + wanted : run : step]
            if seen == stream.continuation * len(seen):
                stop, headers = run, len(seen)
        payload += memoryview(data)[position:stop]
        if headers:
            del payload[start + wanted :: step]
        self._unfinished += len(payload) - start
        if self._unfinished > 2 * self.max_message:
            raise ChunkError("too many unfinished messages")
        self._wanted = min(position + wanted + headers * step - stop, stream.length - len(payload))
        return stop

    def _begin_chunk(self, data: bytes, position: int, end: int) -> tuple[int, _ChunkStream] | None:
        """Read one chunk header; None when it is not here wholly yet (then nothing has changed)."""
        first = data[position]
        layout, number = first >> 6, first & 0x3F
        position += 1
        if number < 2:
            position += number + 1
            if position > end:
                return None
            number = (
                data[position - 1] + 64
                if number == 0
                else data[position - 2] + (data[position - 1] << 8) + 64
            )
        stream = self._streams.get(number)
        fresh = stream is None
        if stream is None:
            if len(self._streams) >= self.max_streams:
                raise ChunkError("too many chunk streams")
            stream = _ChunkStream(number)
        header = position
        position += _HEADER_BYTES[layout]
        if position > end:
            return None
        if layout == 3:
            return self._continue(data, position, end, number, stream, fresh)
        field = (data[header] << 16) | (data[header + 1] << 8) | data[header + 2]
        extended = field == _EXTENDED
        if extended:
            if position + 4 > end:
                return None
            (field,) = unpack_from(">I", data, position)
            position += 4
        if stream.payload is not None:
            raise ChunkError("a message begins inside another one of its chunk stream")
        if layout < 2:
            stream.length = (data[header + 3] << 16) | (data[header + 4] << 8) | data[header + 5]
            stream.kind = data[header + 6]
        if layout == 0:
            (stream.stream_id,) = unpack_from("<I", data, header + 7)
            stream.timestamp = field
        else:
            stream.timestamp = (stream.timestamp + field) & 0xFFFFFFFF
        stream.field, stream.extended = field, extended
        self._streams[number] = stream
        self._open_message(stream)
        return position, stream

    def _continue(
        self, data: bytes, position: int, end: int, number: int, stream: _ChunkStream, fresh: bool
    ) -> tuple[int, _ChunkStream] | None:
        if fresh:
            raise ChunkError("a chunk stream begins without a header")
        if stream.extended:
            if position + 4 > end:
                # The shortest message tail that could follow instead is part of a chunk; more is on its way
                # either way, except at the very end of a message shorter than four bytes, which media
                # messages never are.
                return None
            if unpack_from(">I", data, position)[0] == stream.field:
                position += 4
        if stream.payload is None:
            stream.timestamp = (stream.timestamp + stream.field) & 0xFFFFFFFF
            self._open_message(stream)
        else:
            self._wanted = min(self.chunk_size, stream.length - len(stream.payload))
            self._current = stream
        return position, stream

    def _open_message(self, stream: _ChunkStream) -> None:
        if stream.length > self.max_message:
            raise ChunkError(f"a message of {stream.length} bytes is too large")
        stream.payload = bytearray()
        self._wanted = min(self.chunk_size, stream.length)
        self._current = stream

    def _obey(self, message: Message) -> None:
        """Messages about the chunk protocol itself: they change how the very next byte is read."""
        if len(message.payload) < 4:
            raise ChunkError("a protocol control message is cut off")
        (value,) = unpack_from(">I", message.payload)
        if message.kind == SET_CHUNK_SIZE:
            if not 1 <= value <= 0x7FFFFFFF:
                raise ChunkError(f"a chunk size of {value} is impossible")
            self.chunk_size = value
        elif message.kind == ABORT:
            stream = self._streams.get(value)
            if stream is not None and stream.payload is not None:
                self._unfinished -= len(stream.payload)
                stream.payload = None


class ChunkWriter:
    """Turns messages into bytes: full headers, chunks of `chunk_size`."""

    def __init__(self) -> None:
        self.chunk_size = DEFAULT_CHUNK_SIZE

    def encode(self, message: Message, *, chunk_stream: int) -> bytes:
        """`message` on chunk stream 2 to 63."""
        timestamp = message.timestamp & 0xFFFFFFFF
        extended = pack(">I", timestamp) if timestamp >= _EXTENDED else b""
        field = min(timestamp, _EXTENDED)
        size = len(message.payload)
        out: list[bytes | memoryview] = [
            bytes((chunk_stream,)),
            field.to_bytes(3, "big"),
            size.to_bytes(3, "big"),
            bytes((message.kind,)),
            pack("<I", message.stream_id),
            extended,
        ]
        again = bytes((0xC0 | chunk_stream,)) + extended
        view = memoryview(message.payload)
        for start in range(0, size, self.chunk_size):
            if start:
                out.append(again)
            out.append(view[start : start + self.chunk_size])
        return b"".join(out)

    def set_chunk_size(self, size: int) -> bytes:
        """Announce and use chunks of `size` from the next message on."""
        announcement = self.encode(Message(SET_CHUNK_SIZE, 0, 0, pack(">I", size)), chunk_stream=2)
        self.chunk_size = size
        return announcement
