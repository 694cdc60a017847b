"""How a caller asks to come in: the cookie, what it wants, and what it is refused for (the draft, 4.3)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import IntEnum
from struct import pack, unpack_from

from apps.streams.media.srt.packets import Extension, Handshake, SrtError, text_of

VERSION = 0x00010500
"""Of SRT, as in libsrt 1.5: what it does not send us to does not matter to a receiver."""
MAGIC = 0x4A17
_FLAGS_ASKED = 1
_COOKIE_SECONDS = 60
_MAX_STREAM_ID = 512
_MIN_MTU, _MTU = 76, 1500

_TSBPD_SENDER, _TSBPD_RECEIVER, _TOO_LATE_DROP, _PERIODIC_NAK, _REXMIT_FLAG, _STREAM = 1, 2, 8, 16, 32, 64
_OUR_FLAGS = _TSBPD_SENDER | _TSBPD_RECEIVER | _TOO_LATE_DROP | _PERIODIC_NAK | _REXMIT_FLAG


class Reason(IntEnum):
    """Why a caller is refused: the protocol's reasons (3.2.1), from 1400 on those of access control."""

    ROGUE = 4
    VERSION = 8
    UNSECURE = 11
    MESSAGE_API = 12
    CONGESTION = 13
    FILTER = 14
    GROUP = 15
    BAD_REQUEST = 1400
    UNAUTHORIZED = 1401
    OVERLOAD = 1402
    FORBIDDEN = 1403
    BAD_MODE = 1405
    CONFLICT = 1409
    DOWN = 1503


# What the gate's refusals are in the words of SRT; all others are FORBIDDEN.
REASONS = {
    "KEY_UNKNOWN": Reason.UNAUTHORIZED,
    "KEY_ROTATED": Reason.UNAUTHORIZED,
    "ALREADY_PUBLISHING": Reason.CONFLICT,
    "UNAVAILABLE": Reason.DOWN,
}


class Rejected(Exception):
    """The caller may not come in."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Wish:
    """What an acceptable caller asks for; latencies in milliseconds."""

    key: str
    version: int
    latency_ms: int
    """How long it wants us to wait for what is missing."""
    its_latency_ms: int


class Cookies:
    """Proofs that a caller receives what is sent to its address; nothing is kept meanwhile."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def make(self, address: tuple[object, ...], now: float) -> int:
        """The cookie for an address, good for one to two minutes."""
        return self._at(address, int(now // _COOKIE_SECONDS))

    def is_good(self, cookie: int, address: tuple[object, ...], now: float) -> bool:
        minute = int(now // _COOKIE_SECONDS)
        given = cookie.to_bytes(4, "big")
        good = (self._at(address, each).to_bytes(4, "big") for each in (minute, minute - 1))
        return any(hmac.compare_digest(given, each) for each in good)

    def _at(self, address: tuple[object, ...], minute: int) -> int:
        digest = hmac.digest(self._secret, repr((address[0], address[1], minute)).encode(), "sha256")
        return int.from_bytes(digest[:4], "big")


def read_wish(asked: Handshake) -> Wish:
    """Judge a caller's conclusion. Rejected for what is not offered here, SrtError for a damaged one."""
    if asked.version != 5 or Extension.HSREQ not in asked.extensions:
        raise Rejected(Reason.VERSION, "a version of SRT before 1.3")
    if asked.encryption or Extension.KMREQ in asked.extensions:
        raise Rejected(Reason.UNSECURE, "encryption, which is not offered")
    if asked.extensions.get(Extension.CONGESTION, b"evil") not in (b"evil", b"live"):
        raise Rejected(Reason.CONGESTION, "the mode for files")
    if Extension.FILTER in asked.extensions:
        raise Rejected(Reason.FILTER, "a packet filter")
    if Extension.GROUP in asked.extensions:
        raise Rejected(Reason.GROUP, "bonded connections")
    hello = asked.extensions[Extension.HSREQ]
    if len(hello) < 12 or not _MIN_MTU <= asked.mtu <= 0xFFFF:
        raise SrtError("a damaged handshake")
    version, flags, receiver_ms, sender_ms = unpack_from(">IIHH", hello)
    if flags & _STREAM:
        raise Rejected(Reason.MESSAGE_API, "the mode for files")
    stream_id = asked.extensions.get(Extension.STREAM_ID, b"")
    if len(stream_id) > _MAX_STREAM_ID:
        raise SrtError("a stream id that is too long")
    return Wish(read_key(text_of(stream_id)), version, sender_ms, receiver_ms)


def read_key(stream_id: str) -> str:
    """The stream key: all of the stream id, or its `r` in the form `#!::r=KEY,m=publish` (Access Control)."""
    if not stream_id.startswith("#!::"):
        key = stream_id
    else:
        fields = dict(field.partition("=")[::2] for field in stream_id[4:].split(","))
        if fields.get("m", "publish") != "publish":
            raise Rejected(Reason.BAD_MODE, "to play; players fetch HLS")
        key = fields.get("r", "")
    if not key:
        raise Rejected(Reason.BAD_REQUEST, "to publish without a stream key as the stream id")
    return key


def induction(asked: Handshake, cookie: int) -> Handshake:
    """The answer to a caller's first packet."""
    return Handshake(5, 0, MAGIC, asked.sequence, _MTU, asked.window, asked.step, 0, cookie, {})


def agreement(
    asked: Handshake, *, socket_id: int, window: int, latency_ms: int, its_latency_ms: int
) -> Handshake:
    """The answer to a caller that comes in."""
    hello = pack(">IIHH", VERSION, _OUR_FLAGS, latency_ms, its_latency_ms)
    mtu = min(asked.mtu, _MTU)
    return Handshake(
        5, 0, _FLAGS_ASKED, asked.sequence, mtu, window, asked.step, socket_id, asked.cookie,
        {Extension.HSRSP: hello},
    )  # fmt: skip


def refusal(asked: Handshake, reason: Reason) -> Handshake:
    """The answer to a caller that does not."""
    return Handshake(5, 0, 0, asked.sequence, _MTU, asked.window, 1000 + reason, 0, asked.cookie, {})
