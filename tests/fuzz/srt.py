"""SRT datagrams: callers, connections, and the transport streams inside."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from struct import pack
from typing import Any

from apps.streams.media import DoorLimits, Refused
from apps.streams.media.srt.packets import (
    HEADER,
    SEQUENCE_MASK,
    Extension,
    Handshake,
    Kind,
    SrtError,
    Step,
    control,
    read_handshake,
)
from apps.streams.media.srt.server import SrtServer
from apps.streams.media.srt.session import SrtSession
from apps.streams.media.turnstile import Turnstile
from tests.fuzz import ts
from tests.fuzz.mutation import mutated
from tests.fuzz.stage import Stage

_PEER = ("192.0.2.1", 1)
_LIMITS = DoorLimits(max_message_bytes=100_000, srt_window=512)
_HELLO = pack(">IIHH", 0x00010501, 0xBF, 120, 120)
_KEYS = (b"\0yek", b"\0yek", b"\0yek", b"nrow\0\0\0g", b"::!#ek=r\0\0\0y", b"")


class Wire:
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendto(self, packet: bytes, peer: tuple[Any, ...]) -> None:
        assert peer == _PEER
        self.sent.append(packet)

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    close = lambda self: None  # noqa: E731


class Door:
    def __init__(self) -> None:
        self.stages: list[Stage] = []

    async def admit(self, session: SrtSession, key: str) -> Stage:
        if key == "wrong":
            raise Refused("KEY_UNKNOWN", "No.")
        self.stages.append(Stage())
        return self.stages[-1]


async def run(random: Random) -> None:
    """One caller. Whatever it sends, it alone is over, and nothing of it is left."""
    door, wire, turnstile = Door(), Wire(), Turnstile(_LIMITS)
    server = SrtServer(door, _LIMITS, turnstile)
    server.connection_made(wire)  # type: ignore[arg-type]
    first = random.choice((0, 1000, SEQUENCE_MASK - 3))
    peer_id = await _knock(random, server, wire, first)
    loop = asyncio.get_running_loop()
    for number, packet in enumerate(_packets(random, peer_id, first)):
        server.datagram_received(packet, _PEER)
        if random.random() < 0.2:
            for session in list(server._sessions.values()):
                assert len(session._receiver._early) <= _LIMITS.srt_window
                assert len(session._receiver._missing) <= _LIMITS.srt_window
                _wait(server, session, loop.time() + number * random.choice((0.01, 0.1)))
        assert len(wire.sent) <= 40 + 4 * number, "answers are in proportion"
    server.stop()
    assert (server.connections, turnstile.guests) == (0, 0)
    assert all(stage.goodbyes == 1 for stage in door.stages)


def _wait(server: SrtServer, session: SrtSession, until: float) -> None:
    """What the server does when its time has come."""
    try:
        session.tick(until)
        session.check(until)
    except (Refused, SrtError) as error:
        server._end(session, error)


async def _knock(random: Random, server: SrtServer, wire: Wire, first: int) -> int:
    """Come in, or try to; the id of the socket, when there is one."""
    induction = Handshake(4, 0, 2, first, 1500, 8192, Step.INDUCTION, 7, 0, {})
    _hand_in(random, server, wire, induction, fault=0.05)
    cookie = read_handshake(wire.sent[-1]).cookie if wire.sent else 0
    extensions: dict[int, bytes] = {Extension.HSREQ: _HELLO, Extension.STREAM_ID: random.choice(_KEYS)}
    if random.random() < 0.1:
        extensions[random.choice(list(Extension))] = random.randbytes(4 * random.randrange(6))
    asked = replace(induction, version=5, step=Step.CONCLUSION, cookie=cookie, extensions=extensions)
    for _ in range(random.choice((1, 1, 2))):
        _hand_in(random, server, wire, asked, fault=0.2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return read_handshake(wire.sent[-1]).socket_id if wire.sent else 0


def _hand_in(random: Random, server: SrtServer, wire: Wire, asked: Handshake, *, fault: float) -> None:
    packet = control(Kind.HANDSHAKE, 0, 0, asked.encode())
    if random.random() < fault:
        packet = mutated(random, packet)
    before = len(wire.sent)
    server.datagram_received(packet, _PEER)
    assert all(len(answer) <= len(packet) for answer in wire.sent[before:]), "nothing is amplified"


def _packets(random: Random, peer_id: int, first: int) -> list[bytes]:
    stream = ts.stream(random)
    made = []
    sequence = first
    for at in range(0, len(stream), 1316):
        sequence += random.choice((1, 1, 1, 1, 0, 2, -2, 300, 600)) if random.random() < 0.2 else 1
        flags = 0xC0000001 if random.random() < 0.98 else random.getrandbits(32)
        head = pack(">IIII", (sequence - 1) & SEQUENCE_MASK, flags, 0, peer_id)
        made.append(head + stream[at : at + 1316])
        if random.random() < 0.3:
            kind = random.choice(list(Kind))
            body = random.randbytes(random.choice((0, 4, 8, 28, 48, 60)))
            if kind != Kind.SHUTDOWN or random.random() < 0.1:
                made.append(control(kind, peer_id, 0, body, info=random.randrange(4)))
    for _ in range(random.choice((0, 0, 1, 3))):
        if made:
            at = random.randrange(len(made))
            # Most keep their header: without it they would not reach the session.
            packet = made[at]
            keep = HEADER if random.random() < 0.7 else 0
            made[at] = packet[:keep] + mutated(random, packet[keep:])
    return made
