"""One encoder's RTMP connection, from the first byte to the last."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from enum import Enum, auto
from struct import pack, unpack_from
from typing import TYPE_CHECKING, Any, cast

from apps.streams.media import amf0
from apps.streams.media.config import DoorLimits
from apps.streams.media.ports import Refused
from apps.streams.media.rtmp import chunks, handshake
from apps.streams.media.rtmp.chunks import ChunkError, ChunkReader, ChunkWriter, Message
from apps.streams.media.rtmp.pace import Pace
from apps.streams.media.sinks import Sink, let_go

if TYPE_CHECKING:
    from apps.streams.media.rtmp.server import RtmpServer

logger = logging.getLogger(__name__)

APP = "live"
_OUR_CHUNK_SIZE = 4096
_WINDOW = 2_500_000
_STREAM_ID = 1
_MAX_UNSENT = 64 * 1024
_PING_REQUEST, _PING_RESPONSE, _STREAM_BEGIN = 6, 7, 0


class State(Enum):
    """HANDSHAKE → CONFIRMING → CONNECTED → CLAIMING → PUBLISHING; any may go LEAVING and CLOSED."""

    HANDSHAKE = auto()
    CONFIRMING = auto()
    CONNECTED = auto()
    CLAIMING = auto()
    PUBLISHING = auto()
    LEAVING = auto()
    CLOSED = auto()


class RtmpSession(asyncio.Protocol):
    """Speaks the server's side of RTMP publishing; never lets an exception or a byte too many out.

    Keys are not kept and not logged.
    """

    def __init__(self, server: RtmpServer, limits: DoorLimits) -> None:
        self.id = secrets.token_hex(8)
        self.address = ""
        self.state = State.HANDSHAKE
        self._server = server
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._opened = self._loop.time()
        self._deadline = self._opened + limits.handshake_seconds
        self._transport: asyncio.Transport
        self._pace: Pace
        self._reader = ChunkReader(max_message=limits.max_command_bytes, max_streams=limits.max_chunk_streams)
        self._writer = ChunkWriter()
        self._early = b""
        self._received = 0
        self._acknowledged = 0
        self._window = _WINDOW
        self._sink: Sink | None = None
        self._backlog: list[Message] = []
        self._claim: asyncio.Task[None] | None = None

    # asyncio calls these

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio.Transport, they only behave like it.
        self._transport = cast(asyncio.Transport, transport)
        self._pace = Pace(self._transport, self._limits)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if peer else "local"
        if not self._server.joins(self):
            self.state = State.CLOSED
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._server.leaves(self)
        self._gone("lost")

    def data_received(self, data: bytes) -> None:
        if self.state in (State.LEAVING, State.CLOSED):
            return
        self._received += len(data)
        try:
            if self.state in (State.HANDSHAKE, State.CONFIRMING):
                data = self._shake_hands(data)
            if data:
                self._take(data)
        except Refused as refusal:
            self._refuse(refusal)
        except (ChunkError, handshake.HandshakeError, amf0.AmfError) as error:
            logger.info("session %s from %s: closed: %s", self.id, self.address, error)
            self.close("malformed")
        except Exception:  # a fault of ours in one session must stay in that session
            logger.exception("session %s from %s: closed by a fault", self.id, self.address)
            self.close("fault")

    # The server calls these

    def check(self, now: float) -> None:
        """Hang up if the encoder has been too slow."""
        if self.state is State.PUBLISHING:
            heard_at = max(self._deadline, self._pace.resumed_at)
            overdue = now - heard_at > self._limits.idle_seconds
            self._pace.gather(self._received)
        else:
            overdue = now > self._deadline
        if overdue and self.state is State.LEAVING:
            self._transport.abort()
        elif overdue and self.state is not State.CLOSED:
            logger.info(
                "session %s from %s: closed: too slow while %s", self.id, self.address, self.state.name
            )
            self.close("silent" if self.state is State.PUBLISHING else "slow")

    def close(self, reason: str) -> None:
        """Hang up now."""
        self._gone(reason)
        self._transport.close()
        if self._transport.get_write_buffer_size():
            self._loop.call_later(self._limits.goodbye_seconds, self._transport.abort)

    def take_line(self) -> None:
        """What happens to packets is TCP's secret."""

    # Bytes

    def _shake_hands(self, data: bytes) -> bytes:
        """Take the handshake's part of `data`; what is left belongs to chunks."""
        self._early += data
        if self.state is State.HANDSHAKE:
            if self._early[0] != handshake.VERSION:
                raise handshake.HandshakeError("not RTMP")
            if len(self._early) < 1 + handshake.SIZE:
                return b""
            self._transport.write(handshake.answer(self._early[: 1 + handshake.SIZE]))
            self._early = self._early[1 + handshake.SIZE :]
            self.state = State.CONFIRMING
        if len(self._early) < handshake.SIZE:
            return b""
        # C2 proves nothing, and encoders in use fill it with anything.
        rest, self._early = self._early[handshake.SIZE :], b""
        self.state = State.CONNECTED
        self._deadline = self._opened + self._limits.publish_seconds
        return rest

    def _take(self, data: bytes) -> None:
        for message in self._reader.feed(data):
            self._on_message(message)
            if self.state in (State.LEAVING, State.CLOSED):
                return
        if self._received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._received
            self._send(Message(chunks.ACKNOWLEDGEMENT, 0, 0, pack(">I", self._received & 0xFFFFFFFF)))
        if self.state is State.PUBLISHING:
            self._pace.took(len(data), self._sink.media_seconds if self._sink is not None else 0.0)
        elif self._received > self._limits.max_unpublished_bytes:
            raise ChunkError("too much before a publish")

    def _send(self, message: Message, *, chunk_stream: int = 2) -> None:
        self._transport.write(self._writer.encode(message, chunk_stream=chunk_stream))
        if self._transport.get_write_buffer_size() > _MAX_UNSENT:
            raise ChunkError("the encoder does not read its answers")

    def _reply(self, *values: Any, stream_id: int = 0) -> None:
        self._send(Message(chunks.COMMAND_AMF0, 0, stream_id, amf0.encode(*values)), chunk_stream=3)

    # Messages

    def _on_message(self, message: Message) -> None:
        if self.state is State.CLAIMING:
            # Reading is paused: no more can come than what was read together with the publish.
            self._backlog.append(message)
        elif message.kind in (chunks.VIDEO, chunks.AUDIO):
            self._on_media(message)
        elif message.kind in (chunks.COMMAND_AMF0, chunks.COMMAND_AMF3):
            self._on_command(message)
        elif message.kind in (chunks.DATA_AMF0, chunks.DATA_AMF3):
            self._on_data(message)
        elif message.kind == chunks.USER_CONTROL:
            self._on_user_control(message.payload)
        elif message.kind == chunks.WINDOW_ACK_SIZE and len(message.payload) >= 4:
            self._window = max(unpack_from(">I", message.payload)[0], 4096)

    def _on_media(self, message: Message) -> None:
        if self._sink is None:
            raise ChunkError("media before a publish")
        self._deadline = self._loop.time()
        if message.kind == chunks.VIDEO:
            self._sink.on_video(message.timestamp, message.payload)
        else:
            self._sink.on_audio(message.timestamp, message.payload)

    def _on_data(self, message: Message) -> None:
        if self._sink is None or len(message.payload) > self._limits.max_command_bytes:
            return
        values = amf0.decode_all(_without_amf3_byte(message, chunks.DATA_AMF3))
        if values[:1] == ["@setDataFrame"]:
            del values[0]
        if len(values) > 1 and values[0] == "onMetaData" and isinstance(values[1], dict):
            self._sink.on_metadata(values[1])

    def _on_user_control(self, payload: bytes | bytearray) -> None:
        if len(payload) >= 6 and unpack_from(">H", payload)[0] == _PING_REQUEST:
            self._send(Message(chunks.USER_CONTROL, 0, 0, pack(">H", _PING_RESPONSE) + bytes(payload[2:6])))

    def _on_command(self, message: Message) -> None:
        if len(message.payload) > self._limits.max_command_bytes:
            raise ChunkError("a command is too large")
        values = amf0.decode_all(_without_amf3_byte(message, chunks.COMMAND_AMF3))
        if len(values) < 2 or not isinstance(values[0], str) or not isinstance(values[1], float):
            raise amf0.AmfError("a command without name and transaction")
        name, transaction, arguments = values[0], values[1], values[3:]
        if name == "connect":
            self._on_connect(transaction, values[2] if len(values) > 2 else None)
        elif name == "createStream":
            self._reply("_result", transaction, None, _STREAM_ID)
        elif name in ("releaseStream", "FCPublish", "_checkbw"):
            # Answered because encoders wait for it; it authorises nothing.
            self._reply("_result", transaction, None, None)
        elif name == "publish":
            self._on_publish(arguments)
        elif name in ("deleteStream", "closeStream", "FCUnpublish"):
            self._on_unpublish(name)
        elif transaction:
            self._reply(
                "_error",
                transaction,
                None,
                _status("error", "NetConnection.Call.Failed", f"{name[:40]} is not offered here."),
            )

    def _on_connect(self, transaction: float, properties: Any) -> None:
        app = properties.get("app") if isinstance(properties, dict) else None
        if not isinstance(app, str) or app.split("?")[0].strip("/").split("/")[0] != APP:
            text = (
                "Connect to /live: the server address ends in /live, the stream key has a field of its own."
            )
            self._reply("_error", transaction, None, _status("error", "NetConnection.Connect.Rejected", text))
            self._leave("refused")
            return
        self._send(Message(chunks.WINDOW_ACK_SIZE, 0, 0, pack(">I", _WINDOW)))
        self._send(Message(chunks.SET_PEER_BANDWIDTH, 0, 0, pack(">IB", _WINDOW, 2)))
        self._transport.write(self._writer.set_chunk_size(_OUR_CHUNK_SIZE))
        success = _status("status", "NetConnection.Connect.Success", "Connected.")
        self._reply(
            "_result",
            transaction,
            {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31},
            {**success, "objectEncoding": 0},
        )

    def _on_publish(self, arguments: list[Any]) -> None:
        if self.state is not State.CONNECTED:
            raise ChunkError("a second publish")
        key = arguments[0] if arguments and isinstance(arguments[0], str) else ""
        self.state = State.CLAIMING
        # Some encoders send their first picture along; all of what is not admitted yet is bounded in sum.
        self._reader.max_message = self._limits.max_message_bytes
        self._deadline = self._loop.time() + 2 * self._limits.claim_seconds + 1
        self._pace.hold()
        self._claim = self._loop.create_task(self._ask(key.split("?")[0]))

    async def _ask(self, key: str) -> None:
        try:
            sink = await self._server.door.admit(self, key)
        except Refused as refusal:
            if self.state is State.CLAIMING:
                self._pace.go_on()
                self._refuse(refusal)
            return
        except Exception:  # a fault of ours; the encoder must not hang
            logger.exception("session %s from %s: not admitted by a fault", self.id, self.address)
            self.close("fault")
            return
        if self.state is not State.CLAIMING:
            let_go(sink, self, "lost")
            return
        self._begin(sink)

    def _begin(self, sink: Sink) -> None:
        self._sink = sink
        self.state = State.PUBLISHING
        self._deadline = self._loop.time()
        self._pace.begin()
        self._server.authenticated(self)
        try:
            self._send(Message(chunks.USER_CONTROL, 0, 0, pack(">HI", _STREAM_BEGIN, _STREAM_ID)))
            start = _status("status", "NetStream.Publish.Start", "You are on the air.")
            self._reply("onStatus", 0, None, start, stream_id=_STREAM_ID)
            backlog, self._backlog = self._backlog, []
            for message in backlog:
                self._on_message(message)
        except Refused as refusal:
            self._refuse(refusal)
        except (ChunkError, amf0.AmfError) as error:
            logger.info("session %s from %s: closed: %s", self.id, self.address, error)
            self.close("malformed")
        self._pace.go_on()

    def _on_unpublish(self, name: str) -> None:
        if self.state is not State.PUBLISHING:
            return
        if name == "FCUnpublish":
            return  # deleteStream or the end of the connection follows
        status = _status("status", "NetStream.Unpublish.Success", "You are off the air.")
        self._reply("onStatus", 0, None, status, stream_id=_STREAM_ID)
        self._leave("closed")

    # Ends

    def _refuse(self, refusal: Refused) -> None:
        logger.info("session %s from %s: refused: %s", self.id, self.address, refusal.code)
        if self._sink is not None:
            self._sink.on_refused(refusal)
        code = "NetStream.Publish.Rejected" if self._sink is not None else "NetStream.Publish.BadName"
        with contextlib.suppress(ChunkError):  # it does not read; it will not read this either
            self._reply("onStatus", 0, None, _status("error", code, refusal.message), stream_id=_STREAM_ID)
        self._leave("refused")

    def _leave(self, reason: str) -> None:
        """Say goodbye; closing at once would take the last answer with it while the encoder sends."""
        self._gone(reason)
        self.state = State.LEAVING
        self._deadline = self._loop.time() + self._limits.goodbye_seconds
        if self._transport.can_write_eof():  # TLS has no such thing; the deadline ends it
            with contextlib.suppress(OSError):  # it may have hung up already
                self._transport.write_eof()

    def _gone(self, reason: str) -> None:
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._pace.stop()
        self._backlog = []
        sink, self._sink = self._sink, None
        let_go(sink, self, reason)


def _status(level: str, code: str, description: str) -> dict[str, Any]:
    return {"level": level, "code": code, "description": description}


def _without_amf3_byte(message: Message, amf3_kind: int) -> bytes | bytearray:
    """Commands and data in "AMF3" messages are AMF0 behind a zero byte, from every encoder that sends
    them."""
    return (
        message.payload[1:]
        if message.kind == amf3_kind and message.payload[:1] == b"\x00"
        else message.payload
    )
