"""Forwards one stream to one foreign RTMP server, and never makes anybody wait.

Whole messages go out as they came in: nothing is decoded, and nothing is kept but what the connection has
not taken yet. A target that is too slow misses everything up to a keyframe; one that takes nothing is left.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from apps.streams.media import amf0
from apps.streams.media.config import RelayLimits
from apps.streams.media.egress import Egress, Forbidden
from apps.streams.media.ports import Clock, RelayInfo, Target
from apps.streams.media.rtmp import chunks
from apps.streams.media.rtmp.client import PublishRefused, RtmpPublisher

logger = logging.getLogger(__name__)

_CHUNK_SIZE = 60_000  # what ffmpeg publishes with, so every server takes it; most frames are one chunk
_CHECK_SECONDS = 1.0
_CLOCK_JUMP_MS = 10_000
_MASK = 0xFFFFFFFF

_FAULT = "Forwarding failed. Switch it off and on to try again."

_SEQUENCE_HEADER_AVC = bytes((0x17, 0, 0, 0, 0))
_SEQUENCE_HEADER_AAC = bytes((0xAF, 0))


class RelayState(Enum):
    """WAITING → CONNECTING → LIVE → RETRYING → CONNECTING …; FAILED until somebody changes something."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    LIVE = "live"
    RETRYING = "retrying"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Headers:
    """What a decoder must know first, as the encoder last said it."""

    metadata: dict[str, Any]
    avc: bytes
    aac: bytes | None


class Relay:
    """One target of one stream. Belongs to the node's loop; `headers()` is asked at every beginning."""

    def __init__(
        self,
        target: Target,
        headers: Callable[[], Headers | None],
        egress: Egress,
        *,
        clock: Clock,
        limits: RelayLimits,
    ) -> None:
        self.target = target
        self.state = RelayState.WAITING
        self.reason = ""
        self.next_attempt_at: float | None = None
        self.dropped = 0
        self._headers = headers
        self._egress = egress
        self._clock = clock
        self._limits = limits
        self._publisher: RtmpPublisher | None = None
        self._heard_at = 0.0
        self._awaited: asyncio.Event | None = None
        self._flows = False
        self._origin: int | None = None
        self._last_sent = 0
        self._last_sent_at = 0.0
        self._task = asyncio.get_running_loop().create_task(self._run())

    def info(self) -> RelayInfo:
        return RelayInfo(
            self.target.id,
            self.target.revision,
            self.state.value,
            self.reason,
            self.next_attempt_at,
            self.dropped,
        )

    def stop(self) -> asyncio.Task[None]:
        """Say goodbye and hang up; the task ends within seconds."""
        self._publisher, publisher = None, self._publisher
        if publisher is not None and publisher.is_open:
            publisher.write_end()
        self._task.cancel()
        return self._task

    # The stream's side: called for every message, and may do nothing that takes time. The encoder's session
    # calls: a fault here must not reach it.

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        try:
            self._on_video(timestamp, body)
        except Exception:
            self._break()

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        try:
            self._on_audio(timestamp, body)
        except Exception:
            self._break()

    def on_encoder(self) -> None:
        """Another encoder's messages follow, with a clock of their own."""
        self._flows = False
        self._origin = None

    def _break(self) -> None:
        """A fault of ours in one relay ends that relay, and nothing else."""
        logger.exception("relay %s: stopped by a fault", self.target.id)
        self._publisher = None
        self._task.cancel()
        self._set(RelayState.FAILED, _FAULT)

    def _on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        self._hear()
        publisher = self._publisher
        if publisher is None or not publisher.is_open or len(body) < 2:
            return
        if not self._flows:
            is_keyframe = body[0] >> 4 == 1 and body[1] == 1
            if not is_keyframe or publisher.unsent > self._limits.unsent_bytes // 4:
                self.dropped += 1
                return
            if not self._begin(publisher, timestamp):
                return
        self._send(publisher, chunks.VIDEO, timestamp, body)

    def _on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        self._hear()
        if self._flows and self._publisher is not None:
            self._send(self._publisher, chunks.AUDIO, timestamp, body)

    def _hear(self) -> None:
        self._heard_at = self._clock.monotonic()
        if self._awaited is not None:
            self._awaited.set()

    def _begin(self, publisher: RtmpPublisher, timestamp: int) -> bool:
        """From this keyframe on the target can decode everything; False when nobody can yet."""
        headers = self._headers()
        if headers is None:
            return False
        if self._origin is None:
            self._set_clock(timestamp)
        at = self._time(timestamp)
        publisher.write(chunks.DATA_AMF0, at, amf0.encode("@setDataFrame", "onMetaData", headers.metadata))
        publisher.write(chunks.VIDEO, at, _SEQUENCE_HEADER_AVC + headers.avc)
        if headers.aac is not None:
            publisher.write(chunks.AUDIO, at, _SEQUENCE_HEADER_AAC + headers.aac)
        self._flows = True
        return True

    def _send(self, publisher: RtmpPublisher, kind: int, timestamp: int, body: bytes | bytearray) -> None:
        if not publisher.is_open or publisher.unsent > self._limits.unsent_bytes:
            self._flows = False
            self.dropped += 1
            return
        at = self._time(timestamp)
        if abs(at - self._last_sent) > _CLOCK_JUMP_MS:
            self._set_clock(timestamp)
            at = self._time(timestamp)
        if at < 0:
            return  # sound from before the first picture
        self._last_sent, self._last_sent_at = at, self._heard_at
        publisher.write(kind, at & _MASK, body)

    def _time(self, timestamp: int) -> int:
        """Milliseconds since the target's beginning, below zero before it; timestamps run over every 49 days,
        so of the moments that one may mean it is the nearest to what was sent last."""
        ahead = (timestamp - (self._origin or 0) - self._last_sent) & _MASK
        return self._last_sent + (ahead if ahead < 1 << 31 else ahead - (1 << 32))

    def _set_clock(self, timestamp: int) -> None:
        """`timestamp` is now: the target's clock goes on as real time did, whatever the encoder's does."""
        passed = 0
        if self._last_sent_at:
            passed = self._last_sent + max(1, round((self._heard_at - self._last_sent_at) * 1000))
        self._origin = (timestamp - passed) & _MASK

    # The target's side

    async def _run(self) -> None:
        attempts = refusals = 0
        while True:
            await self._encoder()
            self._set(RelayState.CONNECTING)
            began = self._clock.monotonic()
            try:
                await self._forward()
                attempts = refusals = 0
                continue
            except Forbidden as error:
                logger.warning("relay %s: not allowed: %s", self.target.id, error)
                return self._set(RelayState.FAILED, "This address is not on the public internet.")
            except PublishRefused as refusal:
                refusals += 1
                reason = self._refusal(refusal)
                if refusals >= self._limits.refusals:
                    logger.info("relay %s: refused for good", self.target.id)
                    return self._set(RelayState.FAILED, reason)
            except (OSError, EOFError, ValueError) as error:
                reason = _in_words(error)
            except Exception:
                return self._break()
            if self._clock.monotonic() - began > self._limits.steady_seconds:
                attempts = refusals = 0
            attempts += 1
            await self._pause(attempts, reason)

    async def _encoder(self) -> None:
        """Return when the encoder sends."""
        if self._clock.monotonic() - self._heard_at > _CHECK_SECONDS:
            self._set(RelayState.WAITING)
            self._awaited = asyncio.Event()
            await self._awaited.wait()
        self._awaited = None

    async def _forward(self) -> None:
        """One connection, until the encoder has been away for long. Raises what ended it otherwise."""
        publisher = await RtmpPublisher.connect(
            self.target.url, self.target.key, chunk_size=_CHUNK_SIZE, egress=self._egress
        )
        try:
            self._flows, self._origin, self._last_sent_at, self._last_sent = False, None, 0.0, 0
            self._publisher = publisher
            self._set(RelayState.LIVE)
            logger.info("relay %s: live", self.target.id)
            await self._watch(publisher)
            if publisher.is_open:
                publisher.write_end()
        finally:
            self._publisher, self._flows = None, False
            await publisher.close()

    async def _watch(self, publisher: RtmpPublisher) -> None:
        """Return when the encoder is away; raise when the target is, or takes nothing."""
        moved_at, taken = self._clock.monotonic(), 0
        while True:
            try:
                async with asyncio.timeout(_CHECK_SECONDS):
                    raise await publisher.wait_closed()
            except TimeoutError:
                pass
            now = self._clock.monotonic()
            if publisher.taken != taken or not publisher.unsent:
                moved_at, taken = now, publisher.taken
            if now - moved_at > self._limits.stuck_seconds:
                raise _Stuck
            if now - self._heard_at > self._limits.idle_seconds:
                return

    async def _pause(self, attempts: int, reason: str) -> None:
        limits = self._limits
        seconds = min(limits.first_retry_seconds * 2.0 ** min(attempts - 1, 16), limits.most_retry_seconds)
        seconds *= 0.8 + 0.4 * random.random()  # noqa: S311  spreads those that were cut together
        self.next_attempt_at = self._clock.time() + seconds
        self._set(RelayState.RETRYING, reason)
        logger.info("relay %s: %s Trying again in %.0f s", self.target.id, reason, seconds)
        await asyncio.sleep(seconds)

    def _set(self, state: RelayState, reason: str = "") -> None:
        self.state, self.reason = state, reason
        if state is not RelayState.RETRYING:
            self.next_attempt_at = None

    def _refusal(self, refusal: PublishRefused) -> str:
        """What the server says, without the key that it may have said back."""
        said = (refusal.description or refusal.code).replace(self.target.key, "…")
        return f"The server refuses the stream. Check the key. It says: {said[:120]}"


class _Stuck(OSError):
    """The target takes nothing."""


def _in_words(error: Exception) -> str:
    """Why it did not work, for the person who can change it."""
    match error:
        case _Stuck():
            return "The server does not take the stream. Its connection or yours is too slow."
        case TimeoutError():
            return "The server does not answer."
        case socket.gaierror():
            return "No server has this name."
        case ssl.SSLError():
            return "The server's certificate is not valid."
        case ConnectionRefusedError():
            return "Nothing listens at this address."
        case ConnectionError() | EOFError():
            return "The server hung up. If it does so at once, check the key."
        case ValueError():
            return "The server does not speak RTMP."
    return "The server can't be reached."
