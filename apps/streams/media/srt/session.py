"""One encoder's SRT connection, from its admission on."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from enum import Enum, auto
from struct import pack, unpack_from
from typing import TYPE_CHECKING, Any

from apps.streams.media.config import DoorLimits
from apps.streams.media.measures import Line
from apps.streams.media.ports import Refused
from apps.streams.media.sinks import Sink, let_go
from apps.streams.media.srt.handshake import REASONS, Reason, Wish, agreement, refusal
from apps.streams.media.srt.packets import (
    HEADER,
    SEQUENCE_MASK,
    Handshake,
    Kind,
    SrtError,
    control,
    encode_losses,
)
from apps.streams.media.srt.receiver import Receiver
from apps.streams.media.ts.demuxer import TsDemuxer

if TYPE_CHECKING:
    from apps.streams.media.srt.server import SrtServer

logger = logging.getLogger(__name__)

_MAX_LOSSES = 180
"""Ranges in one NAK, so that it fits into a packet."""
_MAX_ACKS = 64
_NAK_SECONDS = 0.02
_KEEPALIVE_SECONDS = 1.0
_PEER_SECONDS = 5.0
"""Without a word, as libsrt counts."""
_TOO_FAST = Refused(
    "TOO_FAST", "The encoder sends faster than the stream plays. Send in real time (in ffmpeg: -re)."
)


class State(Enum):
    """CLAIMING → OPEN → CLOSED; CLAIMING may go CLOSED."""

    CLAIMING = auto()
    OPEN = auto()
    CLOSED = auto()


class SrtSession:
    """Speaks the listener's side of SRT in live mode. The server calls it, and catches what it raises.

    Keys are not kept and not logged.
    """

    def __init__(
        self, server: SrtServer, peer: tuple[Any, ...], asked: Handshake, wish: Wish, limits: DoorLimits
    ) -> None:
        self.id = secrets.token_hex(8)
        self.address = str(peer[0])
        self.peer = peer
        self.socket_id = secrets.randbelow(SEQUENCE_MASK - 1) + 1
        self.asked = asked
        self.state = State.CLAIMING
        self._server = server
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._began = self._heard = self._said = self._loop.time()
        self._latency_ms = min(max(wish.latency_ms, limits.srt_latency_ms), limits.srt_max_latency_ms)
        self._its_latency_ms = wish.its_latency_ms
        self._encoder = f"SRT {wish.version >> 16 & 255}.{wish.version >> 8 & 255}.{wish.version & 255}"
        self._receiver = Receiver(
            asked.sequence & SEQUENCE_MASK,
            window=limits.srt_window,
            latency=self._latency_ms / 1000,
            deliver=self._deliver,
            on_gap=self._on_gap,
        )
        self._sink: Sink | None = None
        self._demuxer: TsDemuxer
        self._rtt, self._rtt_variance = 0.1, 0.05
        self._acks: OrderedDict[int, tuple[float, int]] = OrderedDict()
        """When each was sent, and up to where it acknowledges."""
        self._ack_number = 0
        self._acknowledged = self._confirmed = self._receiver.next
        self._ack_at = self._nak_at = 0.0
        self._published_at = self._media_at = 0.0
        self._bytes = 0
        self._told = (0, 0, 0)
        self._claim: asyncio.Task[None] | None = None

    def take_line(self) -> Line:
        """How the line was since this was last asked for."""
        receiver, before = self._receiver, self._told
        self._told = now = (receiver.received, receiver.missed, receiver.given_up)
        return Line(round(self._rtt * 1000, 1), *(a - b for a, b in zip(now, before, strict=True)))

    # Life

    def claim(self, key: str) -> None:
        """Ask the gate; the caller hears the answer."""
        self._claim = self._loop.create_task(self._ask(key))

    async def _ask(self, key: str) -> None:
        try:
            sink = await self._server.door.admit(self, key)
        except Refused as refused:
            logger.info("session %s from %s: refused: %s", self.id, self.address, refused.code)
            self._reject(REASONS.get(refused.code, Reason.FORBIDDEN))
            return
        except Exception:  # a fault of ours; the encoder must not hang
            logger.exception("session %s from %s: not admitted by a fault", self.id, self.address)
            self._reject(Reason.DOWN)
            return
        if self.state is not State.CLAIMING:
            let_go(sink, self, "lost")
            return
        self._sink = sink
        self.state = State.OPEN
        self._demuxer = TsDemuxer(self, encoder=self._encoder, max_unit=self._limits.max_message_bytes)
        self._published_at = self._media_at = self._heard = self._loop.time()
        self._server.authenticated(self)
        self._agree()

    def _agree(self) -> None:
        answer = agreement(
            self.asked,
            socket_id=self.socket_id,
            window=self._limits.srt_window,
            latency_ms=self._latency_ms,
            its_latency_ms=self._its_latency_ms,
        )
        self._send(Kind.HANDSHAKE, answer.encode())

    def _reject(self, reason: Reason) -> None:
        if self.state is State.CLAIMING:
            self._send(Kind.HANDSHAKE, refusal(self.asked, reason).encode())
            self._leave()

    def close(self, reason: str) -> None:
        """Hang up now."""
        if self.state is State.OPEN:
            self._send(Kind.SHUTDOWN, bytes(4))
        self._leave()
        sink, self._sink = self._sink, None
        let_go(sink, self, reason)

    def refuse(self, refused: Refused) -> None:
        """Hang up on an encoder whose media cannot be served; SRT has no words for it, the dashboard has."""
        logger.info("session %s from %s: refused: %s", self.id, self.address, refused.code)
        if self._sink is not None:
            self._sink.on_refused(refused)
        self.close("refused")

    def _leave(self) -> None:
        self.state = State.CLOSED
        self._server.leaves(self)

    # Packets

    def on_data(self, sequence: int, packet: bytes) -> None:
        """A data packet. Raises Refused and SrtError."""
        if self.state is not State.OPEN:
            return
        self._heard = now = self._loop.time()
        if packet[4] & 0x18:
            raise SrtError("an encrypted packet, which was not agreed on")
        self._bytes += len(packet)
        was_complete = self._receiver.is_complete
        fresh = self._receiver.take(sequence, packet[HEADER:], now)
        if fresh is not None:
            if was_complete:  # else older ones are due, perhaps
                self._nak_at = now
            self._send(Kind.NAK, encode_losses([fresh]))

    def on_control(self, kind: int, packet: bytes) -> None:
        """A control packet. Raises Refused and SrtError."""
        self._heard = self._loop.time()
        if kind == Kind.HANDSHAKE and self.state is State.OPEN:
            self._agree()  # the answer got lost
        elif kind == Kind.ACKACK:
            self._on_ackack(unpack_from(">I", packet, 4)[0])
        elif kind == Kind.DROP and len(packet) >= HEADER + 8 and self.state is State.OPEN:
            first, last = unpack_from(">II", packet, HEADER)
            self._receiver.forget(first & SEQUENCE_MASK, last & SEQUENCE_MASK)
            self._receiver.give_up(self._heard)
        elif kind == Kind.SHUTDOWN:
            self.close("closed")

    def _on_ackack(self, number: int) -> None:
        ack = self._acks.pop(number, None)
        if ack is None:
            return
        sent_at, self._confirmed = ack
        rtt = self._heard - sent_at
        self._rtt_variance += (abs(rtt - self._rtt) - self._rtt_variance) / 4
        self._rtt += (rtt - self._rtt) / 8

    # Time

    def tick(self, now: float) -> None:
        """What is due, some 50 times a second. Raises Refused."""
        if self.state is not State.OPEN:
            return
        self._receiver.give_up(now)
        self._acknowledge(now)
        if not self._receiver.is_complete and now - self._nak_at >= self._patience() / 2:
            self._nak_at = now
            self._send(Kind.NAK, encode_losses(self._receiver.losses(_MAX_LOSSES)))
        if now - self._said >= _KEEPALIVE_SECONDS:
            self._send(Kind.KEEPALIVE, b"")

    def check(self, now: float) -> None:
        """Hang up if the encoder has been too slow, or is too fast: nothing here could slow it down."""
        if self.state is not State.OPEN:
            return
        limits, elapsed = self._limits, now - self._published_at
        if now - self._heard > _PEER_SECONDS:
            self.close("lost")
        elif now - self._media_at > limits.idle_seconds:
            self.close("silent")
        elif self._bytes > limits.burst_bytes + elapsed * limits.max_bitrate / 8 or (
            limits.max_lead_seconds is not None
            and self._sink is not None
            and self._sink.media_seconds - elapsed > limits.max_lead_seconds
        ):
            self.refuse(_TOO_FAST)

    def _acknowledge(self, now: float) -> None:
        receiver = self._receiver
        if receiver.next == self._acknowledged and (
            self._confirmed == self._acknowledged or now - self._ack_at < self._patience()
        ):
            return
        self._ack_number = self._ack_number % 0xFFFFFFFF + 1
        self._acknowledged, self._ack_at = receiver.next, now
        self._acks[self._ack_number] = (now, receiver.next)
        if len(self._acks) > _MAX_ACKS:
            self._acks.popitem(last=False)
        elapsed = max(now - self._published_at, 0.001)
        body = pack(
            ">IIIIIII",
            receiver.next & SEQUENCE_MASK,
            int(self._rtt * 1e6),
            int(self._rtt_variance * 1e6),
            receiver.room,
            int(receiver.received / elapsed),
            int(self._limits.max_bitrate / 8 / 1500),
            int(self._bytes / elapsed),
        )
        self._send(Kind.ACK, body, info=self._ack_number)

    def _patience(self) -> float:
        return max(self._rtt + 4 * self._rtt_variance, 2 * _NAK_SECONDS)

    def _send(self, kind: Kind, body: bytes, *, info: int = 0) -> None:
        self._said = now = self._loop.time()
        timestamp = int((now - self._began) * 1e6)
        self._server.send(control(kind, self.asked.socket_id, timestamp, body, info=info), self.peer)

    # Media

    def _deliver(self, payload: bytes) -> None:
        if self._sink is not None:
            self._demuxer.feed(payload)

    def _on_gap(self) -> None:
        self._demuxer.lost()

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        if self._sink is not None:
            self._media_at = self._heard
            self._sink.on_video(timestamp, body)

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        if self._sink is not None:
            self._media_at = self._heard
            self._sink.on_audio(timestamp, body)

    def on_metadata(self, properties: dict[str, Any]) -> None:
        if self._sink is not None:
            self._sink.on_metadata(properties)
