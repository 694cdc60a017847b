"""A caller that speaks SRT as far as a test tells it to, and a line between caller and listener that loses
packets."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from struct import pack, unpack_from

from apps.streams.media.srt.packets import (
    CONTROL,
    HEADER,
    Extension,
    Handshake,
    Kind,
    Step,
    control,
    read_handshake,
)
from tests.streams.media.edge import Edge

SOCKET_ID = 77
HELLO = pack(">IIHH", 0x00010501, 0xBF, 120, 120)
FIRST = 0x7FFFFFF0
"""The first sequence number: it wraps soon."""


class SrtCaller:
    """One UDP socket; what it hears it returns, and answers nothing by itself."""

    def __init__(self, edge: Edge) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(("127.0.0.1", edge.node.listeners.srt_port))
        self.socket.settimeout(5)
        self.peer_id = 0
        self.sequence = FIRST
        self.cookie = 0

    def __enter__(self) -> SrtCaller:
        return self

    def __exit__(self, *error: object) -> None:
        self.socket.close()

    def hear(self, kind: Kind) -> bytes:
        """The next packet of this kind; TimeoutError when none comes."""
        while True:
            packet = self.socket.recv(2048)
            if unpack_from(">I", packet)[0] == CONTROL | kind << 16:
                return packet

    def say(self, kind: Kind, body: bytes = b"", *, info: int = 0) -> None:
        self.socket.send(control(kind, self.peer_id, 0, body, info=info))

    def induce(self) -> Handshake:
        self.say(
            Kind.HANDSHAKE, Handshake(4, 0, 2, FIRST, 1500, 8192, Step.INDUCTION, SOCKET_ID, 0, {}).encode()
        )
        answer = read_handshake(self.hear(Kind.HANDSHAKE))
        self.cookie = answer.cookie
        return answer

    def conclude(self, stream_id: str, **change: object) -> Handshake:
        """The conclusion with this stream id; `change` replaces fields of it."""
        data = stream_id.encode()
        data += bytes(-len(data) % 4)
        words = b"".join(data[at : at + 4][::-1] for at in range(0, len(data), 4))
        extensions = {int(Extension.HSREQ): HELLO}
        if words:
            extensions[int(Extension.STREAM_ID)] = words
        asked = Handshake(5, 0, 5, FIRST, 1500, 8192, Step.CONCLUSION, SOCKET_ID, self.cookie, extensions)
        self.say(Kind.HANDSHAKE, replace(asked, **change).encode())  # type: ignore[arg-type]
        answer = read_handshake(self.hear(Kind.HANDSHAKE))
        self.peer_id = answer.socket_id
        return answer

    def connect(self, stream_id: str = "key", **change: object) -> Handshake:
        self.induce()
        return self.conclude(stream_id, **change)

    def send(self, payload: bytes, *, sequence: int | None = None, flags: int = 0xC0000001) -> None:
        """A data packet; without a sequence number the next."""
        if sequence is None:
            sequence, self.sequence = self.sequence, (self.sequence + 1) & 0x7FFFFFFF
        self.socket.send(pack(">IIII", sequence, flags, 0, self.peer_id) + payload)


@contextmanager
def lossy_line(
    edge: Edge, lose: Callable[[bytes, random.Random], bool], *, seed: int = 1
) -> Iterator[tuple[int, list[int]]]:
    """A UDP port that hands on to the edge's SRT door and back, except what `lose` says is lost on the way
    there; yields the port and, growing, one number a lost packet."""
    outside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    outside.bind(("127.0.0.1", 0))
    inside.connect(("127.0.0.1", edge.node.listeners.srt_port))
    callers: list[object] = []
    lost: list[int] = []
    chance = random.Random(seed)

    def there() -> None:
        while True:
            try:
                packet, caller = outside.recvfrom(2048)
                if not packet:  # shut down
                    return
                callers[:] = [caller]
                if lose(packet, chance):
                    lost.append(unpack_from(">I", packet)[0])
                else:
                    inside.send(packet)
            except OSError:
                return

    def back() -> None:
        while True:
            try:
                packet = inside.recv(2048)
                if not packet:
                    return
                outside.sendto(packet, callers[0])  # type: ignore[arg-type]
            except OSError:
                return

    threads = [threading.Thread(target=each, daemon=True) for each in (there, back)]
    for thread in threads:
        thread.start()
    try:
        yield outside.getsockname()[1], lost
    finally:
        for each in (outside, inside):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def is_data(packet: bytes) -> bool:
    return len(packet) > HEADER and not packet[0] & 0x80
