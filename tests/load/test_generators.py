"""The generators count what there is to count: every message on every socket, every page, every byte."""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import websockets

from tests.load import recording
from tests.load.processes import compiled
from tests.streams.media.conftest import FlvMaker, ffmpeg, make_flv  # noqa: F401
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder

VIEWERS, SENDERS = 12, 3


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder to compile into. Without a compiler the test is skipped, and fails where CI is set."""
    if shutil.which("cc") is None:
        missing = "cc is not installed (Debian: apt install gcc)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return tmp_path


class Room:
    """A chat room with our frames: what is said goes to all, two at a time, after a history of old lines."""

    def __init__(self) -> None:
        self.people: set[websockets.ServerConnection] = set()
        self.waiting: list[str] = []

    async def join(self, connection: websockets.ServerConnection) -> None:
        old = {"type": "chat:message", "payload": {"content": "Qzzaaaaaaaaaaaaaaab from long ago"}}
        self.people.add(connection)
        await connection.send(json.dumps({"type": "chat:history", "payload": {"messages": [old] * 300}}))
        async for text in connection:
            payload = json.loads(text)["payload"]
            await connection.send(
                json.dumps(
                    {"type": "chat:ack", "payload": {"nonce": payload["nonce"]}}, separators=(",", ":")
                )
            )
            self.waiting.append(json.dumps({"type": "chat:message", "payload": payload}))
            if len(self.waiting) == 2:
                frame = f"[{','.join(self.waiting)}]"
                self.waiting.clear()
                await asyncio.gather(*(person.send(frame) for person in self.people))


def converse(binary: Path, port: int) -> list[dict[str, float]]:
    """What the generator tells of a room at `port`: how it was filled, a steady phase, a full one."""
    command = [str(binary), "aethex", str(port), "/ws/channels/x", str(VIEWERS), str(SENDERS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as generator:
        assert generator.stdin and generator.stdout
        told = [json.loads(generator.stdout.readline())]
        for line in ("rate 100 0.5\n", "window 20 0.5\n"):
            generator.stdin.write(line)
            generator.stdin.flush()
            told.append(json.loads(generator.stdout.readline()))
        generator.stdin.write("quit\n")
    return told


def test_every_message_is_counted_on_every_socket_and_history_is_not(tools: Path) -> None:
    async def story() -> list[dict[str, float]]:
        room = Room()
        async with websockets.serve(room.join, "127.0.0.1", 0) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            return await asyncio.to_thread(converse, compiled("ws_load.c", tools), port)

    joined, steady, full = asyncio.run(story())
    assert (joined["ready"], joined["failures"]) == (VIEWERS, 0)
    assert 45 <= steady["sent"] <= 51
    shown = steady["sent"] // 2 * 2  # the room shows pairs: an odd last message waits for the next phase
    assert steady["delivered"] == shown * VIEWERS
    assert steady["least"] == steady["most"] == shown
    assert steady["acks"] == steady["sent"]
    assert 0 < steady["p50"] <= steady["p99"] < 500
    assert full["sent"] > steady["sent"]


class Page(http.server.BaseHTTPRequestHandler):
    """Answers with 5,000 bytes; every fourth time in chunks."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self) -> None:
        Page.asked += 1
        self.send_response(200)
        if Page.asked % 4:
            self.send_header("Content-Length", "5000")
            self.end_headers()
            self.wfile.write(b"x" * 5000)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"1388\r\n" + b"x" * 5000 + b"\r\n0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def test_every_answer_is_counted_once(tools: Path, web: int) -> None:
    command = [str(compiled("http_load.c", tools)), str(web), "/", "4", "0.5"]
    told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)
    assert told["refused"] == told["reopened"] == 0
    assert told["answers"] <= Page.asked <= told["answers"] + 4
    assert told["answers"] > 10


def test_viewers_follow_a_stream_part_by_part(tools: Path, make_flv: FlvMaker) -> None:  # noqa: F811
    with Edge() as edge:
        encoder = LiveEncoder(edge, make_flv(seconds=12, size="160x90"))
        eventually(lambda: edge.gate.lives)
        address = f"127.0.0.1:{edge.http_port}{edge.path()}"
        command = [str(compiled("hls_load.c", tools)), "2", "6", address, address]
        told = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=20).stdout)
        encoder.stop()
    assert told["refused"] == told["lost"] == 0
    assert 24 < told["rate"] < 33, "six viewers, five parts a second"
    assert 0 < told["p50"] <= told["p99"] < 150 and told["in_time"] > 0.9


def take(peer: socket.socket, wanted: int) -> bytes:
    """Exactly `wanted` bytes, or all until the other side hangs up."""
    data = b""
    while len(data) < wanted and (piece := peer.recv(wanted - len(data))):
        data += piece
    return data


def test_an_encoder_shakes_hands_and_sends_its_records_in_order(tools: Path) -> None:
    (tools / "hello").write_bytes(recording.hello(1935, "key"))
    records = [(0, b"first"), (40, b"second"), (80, b"third")]
    tape = b"".join(struct.pack(">II", at, len(data)) + data for at, data in records)
    (tools / "tape").write_bytes(tape)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = [
            str(compiled("rtmp_load.c", tools)),
            str(port),
            str(tools / "tape"),
            "0.3",
            str(tools / "hello"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as encoder:
            peer, _ = server.accept()
            with peer:
                assert take(peer, 1537)[0] == 3
                peer.sendall(bytes(3073))
                commands = take(peer, len(recording.hello(1935, "key")) - 1537)
                assert b"FCPublish" in commands and b"publish" in commands
                assert take(peer, 100) == b"firstsecondthird"
            told = json.loads(encoder.communicate(timeout=10)[0])
    assert told["open"] == 1


def test_a_message_is_cut_into_chunks_of_the_agreed_size() -> None:
    chunks = recording.message(recording.VIDEO, 5, b"\xaa" * 9000, 1)
    assert len(chunks) == 12 + 9000 + 2
    assert chunks[12 + 4096] == chunks[12 + 4096 * 2 + 1] == 0xC0 | 6


def test_flv_tags_are_read_with_their_full_time() -> None:
    tag = bytes([9, 0, 0, 3, 0x00, 0x00, 0x10, 0x01, 0, 0, 0]) + b"\x17\x01z" + struct.pack(">I", 14)
    flv = b"FLV\x01\x05" + struct.pack(">I", 9) + struct.pack(">I", 0) + tag
    assert list(recording.tags(flv)) == [recording.Tag(9, 0x01000010, b"\x17\x01z")]
