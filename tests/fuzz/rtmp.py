"""RTMP connections, from the first byte of the handshake to the last of the media."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

from apps.streams.media import DoorLimits, Refused, amf0
from apps.streams.media.rtmp import chunks, handshake
from apps.streams.media.rtmp.chunks import ChunkWriter, Message
from apps.streams.media.rtmp.server import RtmpServer
from apps.streams.media.rtmp.session import RtmpSession, State
from tests.fuzz.mutation import mutated, pieces
from tests.fuzz.stage import Stage, tags

_HELLO = handshake.ask(digests=False), handshake.ask(digests=True)
_LIMITS = DoorLimits(max_message_bytes=100_000)
_KINDS = (1, 2, 3, 4, 5, 6, 8, 9, 15, 17, 18, 20, 22, 99)


class Wire:
    """A transport that leads nowhere."""

    def __init__(self) -> None:
        self.written = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def get_extra_info(self, name: str) -> Any:
        return ("192.0.2.1", 1) if name == "peername" else None

    def close(self) -> None:
        self.closed = True

    abort = write_eof = pause_reading = resume_reading = lambda self: None

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def get_write_buffer_size(self) -> int:
        return 0


class Door:
    """Admits all but some."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []

    async def admit(self, session: RtmpSession, key: str) -> Stage:
        if key == "wrong":
            raise Refused("KEY_UNKNOWN", "No.")
        self.stages.append(Stage())
        return self.stages[-1]


async def run(random: Random) -> None:
    """One connection. Whatever it sends, it alone is over, and nothing of it is left."""
    door, wire = Door(), Wire()
    server = RtmpServer(door, _LIMITS)
    session = RtmpSession(server, _LIMITS)
    session.connection_made(wire)  # type: ignore[arg-type]
    sent = 0
    for message in _conversation(random):
        for piece in pieces(random, message):
            session.data_received(piece)
            sent += len(piece)
        if session.state is State.CLAIMING:
            await asyncio.sleep(0)  # the gate thinks
    session.connection_lost(None)
    await asyncio.sleep(0)
    assert server.connections == 0
    assert wire.written <= 8192 + 40 * sent, "answers are in proportion"
    assert all(stage.goodbyes == 1 for stage in door.stages)


def _conversation(random: Random) -> list[bytes]:
    writer = ChunkWriter()
    said = [random.choice(_HELLO), bytes(handshake.SIZE)]
    for values in _commands(random):
        said.append(_message(random, writer, 20, 0, amf0.encode(*values)))
    if random.random() < 0.5:
        said.append(writer.set_chunk_size(random.choice((1, 64, 128, 4096, 0xFFFFFF))))
    for tag in tags(random):
        said.append(_message(random, writer, tag.kind, tag.timestamp, tag.body))
    said.append(_message(random, writer, 20, 0, amf0.encode("deleteStream", 0, None, 1)))
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        at = random.randrange(len(said))
        said[at] = mutated(random, said[at])
    if random.random() < 0.1:
        random.shuffle(said)
    return said


def _commands(random: Random) -> list[list[Any]]:
    commands: list[list[Any]] = [
        [
            "connect",
            1,
            {"app": random.choice(("live", "live", "live/x?y", "other")), "tcUrl": "rtmp://x/live"},
        ],
        ["createStream", 2, None],
        ["publish", 3, None, random.choice(("key", "key", "key", "wrong", "")), "live"],
    ]
    if random.random() < 0.3:
        name = random.choice(("releaseStream", "FCPublish", "_checkbw", "play", "pause", "FCUnpublish"))
        commands.insert(random.randrange(4), [name, random.choice((0, 4)), None, "key"])
    if random.random() < 0.2:
        commands.append(["@setDataFrame", "onMetaData", {"framerate": random.choice((30.0, "x", None))}])
    return commands


def _message(random: Random, writer: ChunkWriter, kind: int, time: int, body: bytes) -> bytes:
    if random.random() < 0.05:
        kind = random.choice(_KINDS)
    if random.random() < 0.1:
        body = mutated(random, body)
    stream = {chunks.AUDIO: 4, chunks.VIDEO: 6}.get(kind, 3)
    return writer.encode(Message(kind, time, 1, body), chunk_stream=stream)
