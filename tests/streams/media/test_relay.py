"""C12: forwarding to other RTMP servers, good ones and bad ones, while the stream itself goes on as ever."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.streams.media import Certificate, Egress, RelayInfo, RelayLimits, Target, amf0, egress
from apps.streams.media.egress import Forbidden
from apps.streams.media.flv import Tag
from apps.streams.media.relay import Headers, Relay
from apps.streams.media.rtmp import handshake
from apps.streams.media.rtmp.chunks import COMMAND_AMF0, ChunkWriter, Message
from tests.stack.services import free_port
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.studio import AUDIO, VIDEO, HandClock

QUICK = RelayLimits(first_retry_seconds=0.1, most_retry_seconds=1.0, stuck_seconds=2.0, idle_seconds=3.0)
SECRET = "the-secret-key"


def target(url: str, key: str = "key", id: str = "target", revision: int = 1) -> Target:
    return Target(id, revision, url, key)


@contextmanager
def source(**options: Any) -> Iterator[Edge]:
    """The platform that forwards; targets may be on this machine."""
    options = {"egress": Egress(allow_private=True), "relays": QUICK} | options
    with Edge(**options) as edge:
        yield edge


@pytest.fixture
def footage(make_flv: FlvMaker) -> list[Tag]:
    return make_flv(seconds=60, gop=30)


@pytest.fixture
def ours(footage: list[Tag]) -> Iterator[Edge]:
    """A platform whose channel is live."""
    with source() as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        yield edge
        encoder.stop()


@pytest.fixture
def theirs() -> Iterator[Edge]:
    """Another platform, that takes the key "key"."""
    with Edge() as edge:
        yield edge


def forward(edge: Edge, *targets: Target) -> None:
    edge.call(edge.node.forward, "stream", targets)


def state(edge: Edge, id: str = "target") -> RelayInfo:
    relays = {each.id: info for each, info in edge.call(edge.node.relays, "stream")}
    found: RelayInfo = relays[id]
    return found


def await_state(edge: Edge, wanted: str, id: str = "target", seconds: float = 30) -> RelayInfo:
    info: RelayInfo = eventually(
        lambda: info if (info := state(edge, id)).state == wanted else None, seconds=seconds
    )
    return info


@contextmanager
def on_time(edge: Edge) -> Iterator[None]:
    """The stream's own parts come regularly while the block runs."""
    stop, gaps = threading.Event(), [0.0]

    def look() -> None:
        seen, at = edge.streams["stream"].parts, time.monotonic()
        while not stop.wait(0.05):
            if (parts := edge.streams["stream"].parts) != seen:
                gaps.append(time.monotonic() - at)
                seen, at = parts, time.monotonic()

    looking = threading.Thread(target=look)
    looking.start()
    yield
    stop.set()
    looking.join()
    assert len(gaps) > 3
    assert max(gaps) < 1.5, f"a part came {max(gaps):.2f} s after the one before"


# Good targets


def test_a_stream_appears_elsewhere_as_it_came(
    ours: Edge, theirs: Edge, probe: Callable[..., str], footage: list[Tag]
) -> None:
    forward(ours, target(theirs.rtmp_url))
    eventually(lambda: theirs.gate.lives)
    info = theirs.streams["stream"]
    assert (info.width, info.height, info.audio_codec) == (320, 180, "mp4a.40.2")
    assert '"codec_name": "h264"' in probe(theirs.url(), "-show_streams", "-of", "json")
    assert await_state(ours, "live").reason == ""
    # Not a byte of a picture has changed.
    theirs.call(theirs.node.end, "stream")
    media = b"".join(
        part.data
        for segment in theirs.call(lambda: list(theirs.node._streams["stream"].window.segments))
        for part in segment.parts
    )
    pictures = [tag.body[5:] for tag in footage if tag.kind == VIDEO and tag.body[1] == 1]
    assert sum(picture in media for picture in pictures) > 20


def test_ffmpeg_listens_and_records(ours: Edge, ffmpeg: str, tmp_path: Path) -> None:
    port, file = free_port(), tmp_path / "theirs.mp4"
    command = [ffmpeg, "-loglevel", "error", "-y", "-listen", "1", "-i", f"rtmp://127.0.0.1:{port}/app/key"]
    listener = subprocess.Popen([*command, "-t", "4", "-c", "copy", str(file)], stderr=subprocess.PIPE)
    try:
        forward(ours, target(f"rtmp://127.0.0.1:{port}/app"))
        assert listener.wait(60) == 0
    finally:
        listener.kill()
        complaints = listener.communicate()[1]
    done = subprocess.run([ffmpeg, "-v", "error", "-i", str(file), "-f", "null", "-"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b""), complaints
    shown = subprocess.run([ffmpeg, "-i", str(file)], capture_output=True, text=True).stderr
    assert "h264" in shown
    assert "aac" in shown


def test_a_target_switched_off_is_told_goodbye_and_the_others_stay(ours: Edge, theirs: Edge) -> None:
    theirs.gate.keys["second"] = "another"
    one, other = target(theirs.rtmp_url), target(theirs.rtmp_url, "second", id="other")
    forward(ours, one, other)
    eventually(lambda: len(theirs.gate.lives) == 2)
    forward(ours, other)
    stream_id, _, reason = eventually(lambda: theirs.gate.interruptions)[0]
    assert (stream_id, reason) == ("stream", "closed")
    assert await_state(ours, "live", "other")
    assert len(ours.call(ours.node.relays, "stream")) == 1


def test_changed_settings_connect_anew(ours: Edge, theirs: Edge) -> None:
    theirs.gate.keys["second"] = "another"
    forward(ours, target(theirs.rtmp_url))
    eventually(lambda: theirs.gate.lives)
    forward(ours, target(theirs.rtmp_url, "second", revision=2))
    eventually(lambda: "another" in theirs.streams)
    assert await_state(ours, "live").revision == 2


def test_an_encoder_that_comes_back_goes_on_at_the_target(theirs: Edge, footage: list[Tag]) -> None:
    with source() as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        forward(edge, target(theirs.rtmp_url))
        eventually(lambda: theirs.gate.lives)
        encoder.stop()
        eventually(lambda: edge.gate.interruptions)
        before = theirs.streams["stream"].media_ms
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: theirs.streams["stream"].media_ms > before + 2000)
        assert theirs.gate.interruptions == []
        encoder.stop()
        # Away for long: the target is told, and waits.
        eventually(lambda: theirs.gate.interruptions, seconds=20)
        assert await_state(edge, "waiting")


def test_an_end_here_is_an_end_there(ours: Edge, theirs: Edge) -> None:
    forward(ours, target(theirs.rtmp_url))
    eventually(lambda: theirs.gate.lives)
    ours.call(ours.node.end, "stream")
    assert eventually(lambda: theirs.gate.interruptions)[0][2] == "closed"
    assert ours.call(ours.node.relays, "stream") == []


# Bad targets


def test_a_target_that_dies_is_tried_again_until_it_returns(ours: Edge) -> None:
    port = free_port()
    with Edge(rtmp_port=port) as first:
        forward(ours, target(first.rtmp_url))
        eventually(lambda: first.gate.lives)
    with on_time(ours):
        info = await_state(ours, "retrying")
        assert info.reason
        assert info.next_attempt_at is not None
        time.sleep(2)
    with Edge(rtmp_port=port) as second:
        eventually(lambda: second.gate.lives, seconds=30)
        assert await_state(ours, "live").next_attempt_at is None


def test_a_wrong_key_fails_for_good_and_is_told_to_nobody(
    ours: Edge, theirs: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        forward(ours, target(theirs.rtmp_url, SECRET))
        info = await_state(ours, "failed")
    assert "refuses the stream" in info.reason
    assert info.next_attempt_at is None
    assert SECRET not in info.reason
    assert SECRET not in caplog.text
    assert SECRET not in repr(target(theirs.rtmp_url, SECRET))
    forward(ours, target(theirs.rtmp_url, "key", revision=2))
    eventually(lambda: theirs.gate.lives)


class Talker:
    """An RTMP server that says yes to everything at once, then does as it is told."""

    def __init__(self, then: Callable[[socket.socket], None], *, room: int = 0, answers: bool = True) -> None:
        self.listener = socket.socket()
        if room:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen()
        self.accepted: list[socket.socket] = []
        self._then, self._answers = then, answers
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Talker:
        return self

    def __exit__(self, *error: object) -> None:
        self.listener.close()
        for connection in self.accepted:
            connection.close()

    @property
    def url(self) -> str:
        return f"rtmp://127.0.0.1:{self.listener.getsockname()[1]}/app"

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.accepted.append(connection)
                with suppress(OSError):
                    if self._answers:
                        self._say_yes(connection)
                    self._then(connection)

    def _say_yes(self, connection: socket.socket) -> None:
        asked = b""
        while len(asked) < 1 + handshake.SIZE:
            asked += connection.recv(4096)
        connection.sendall(handshake.answer(asked))
        started = {"level": "status", "code": "NetStream.Publish.Start", "description": ""}
        for values in (("_result", 1, None), ("_result", 4, None, 1), ("onStatus", 0, None, started)):
            message = Message(COMMAND_AMF0, 0, 0, amf0.encode(*values))
            connection.sendall(ChunkWriter().encode(message, chunk_stream=3))


def test_a_target_that_never_reads_is_left_and_nobody_else_notices(theirs: Edge, make_flv: FlvMaker) -> None:
    heavy = make_flv(
        seconds=40, gop=30, size="640x360", video="-c:v libx264 -preset ultrafast -qp 4 -pix_fmt yuv420p"
    )
    limits = RelayLimits(unsent_bytes=500_000, stuck_seconds=3, first_retry_seconds=0.5)
    with source(relays=limits) as edge, Talker(lambda connection: None, room=4096) as deaf:
        encoder = LiveEncoder(edge, heavy)
        eventually(lambda: edge.gate.lives)
        forward(edge, target(deaf.url, id="deaf"), target(theirs.rtmp_url))
        await_state(edge, "live", "deaf")
        relay = edge.call(lambda: edge.node._streams["stream"].relays["deaf"])
        unsent = []
        with on_time(edge):

            def left() -> bool:
                if (publisher := relay._publisher) is not None:
                    unsent.append(publisher.unsent)
                return state(edge, "deaf").state == "retrying"

            eventually(left, seconds=40)
        assert "does not take the stream" in state(edge, "deaf").reason
        assert state(edge, "deaf").dropped > 10
        assert max(unsent) < 1_500_000, "one frame may come on top, no more"
        assert state(edge).state == "live"
        assert state(edge).dropped < 60, "only what came before its first keyframe"
        assert theirs.gate.interruptions == []
        encoder.stop()


def test_a_target_that_never_answers_is_tried_again(ours: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.streams.media.rtmp.client._TIMEOUT", 1.0)
    with Talker(lambda connection: None, answers=False) as mute:
        forward(ours, target(mute.url))
        with on_time(ours):
            assert await_state(ours, "retrying").reason == "The server does not answer."
            time.sleep(1)


def test_a_target_that_floods_us_is_left(ours: Edge) -> None:
    def flood(connection: socket.socket) -> None:
        ping = ChunkWriter().encode(Message(4, 0, 0, b"\x00\x06\x00\x00\x00\x00"), chunk_stream=2)
        while True:
            connection.sendall(ping * 1000)

    with Talker(flood) as loud:
        forward(ours, target(loud.url))
        with on_time(ours):
            await_state(ours, "retrying")
            time.sleep(2)


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n" * 200, b"\x03" + bytes(3072) + b"\xff" * 500, b""],
    ids=["HTTP", "noise", "nothing"],
)
def test_a_target_that_is_no_rtmp_server_is_told_so(ours: Edge, said: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(said)
        connection.close()

    with Talker(speak, answers=False) as strange:
        forward(ours, target(strange.url))
        assert await_state(ours, "retrying").reason


@pytest.mark.parametrize(
    "payload", [b"", b"\x00", amf0.encode("_result"), amf0.encode(1.0, None), b"\xff\xff"], ids=repr
)
def test_broken_answers_end_in_a_retry_and_not_in_a_hang(ours: Edge, payload: bytes) -> None:
    def speak(connection: socket.socket) -> None:
        for kind in (4, COMMAND_AMF0):
            connection.sendall(ChunkWriter().encode(Message(kind, 0, 0, payload), chunk_stream=3))
        time.sleep(0.2)
        connection.close()

    with Talker(speak) as strange:
        forward(ours, target(strange.url))
        await_state(ours, "retrying")


def test_a_fault_in_one_relay_is_nobody_elses(ours: Edge, theirs: Edge) -> None:
    theirs.gate.keys["second"] = "another"
    forward(ours, target(theirs.rtmp_url), target(theirs.rtmp_url, "second", id="other"))
    eventually(lambda: len(theirs.gate.lives) == 2)

    def fail(*_: object) -> None:
        raise RuntimeError("unable to perform operation on a closed transport")

    with on_time(ours):
        ours.call(lambda: setattr(ours.node._streams["stream"].relays["target"], "_send", fail))
        assert "Switch it off and on" in await_state(ours, "failed").reason
        eventually(lambda: theirs.gate.interruptions)
        time.sleep(1)
    assert state(ours, "other").state == "live"
    assert ours.gate.interruptions == [], "its encoder goes on"
    forward(ours, target(theirs.rtmp_url, revision=2), target(theirs.rtmp_url, "second", id="other"))
    await_state(ours, "live")


# Where nothing may be forwarded to

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::",
    "2002:c0a8:101::1", "2001:0:0a00:1::1", "nonsense", "",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "151.101.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_this_address_is_not_public(address: str) -> None:
    assert not egress.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_this_address_is_public(address: str) -> None:
    assert egress.is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::]"])
def test_a_target_on_this_machine_is_not_forwarded_to(footage: list[Tag], host: str) -> None:
    with Talker(lambda connection: None) as here, source(egress=Egress()) as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        forward(edge, target(here.url.replace("127.0.0.1", host)))
        assert await_state(edge, "failed").reason == "This address is not on the public internet."
        assert here.accepted == []
        encoder.stop()


def opened(egress_: Egress, host: str, port: int = 1935) -> str:
    """Whom a connection goes to."""

    async def run() -> str:
        _, writer = await egress_.open(host, port, tls=False)
        return str(writer)

    return asyncio.run(run())


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were connected to; nothing leaves this machine."""
    addresses: list[str] = []

    class Writer:
        def get_extra_info(self, name: str) -> tuple[str, int]:
            return ("8.8.8.8", 1) if name == "sockname" else (addresses[-1], 1)

    async def connect(address: str, *_: object, **__: object) -> tuple[None, Writer]:
        addresses.append(address)
        return None, Writer()

    monkeypatch.setattr(egress.asyncio, "open_connection", connect)
    return addresses


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str], **others: list[str]) -> None:
    """What the name service says: `answers` in turn, for any name but `others`."""
    turns = iter(answers)
    monkeypatch.setattr(egress, "_look_up", lambda host, port: others.get(host) or next(turns))


def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to(monkeypatch, connections) -> None:
    names(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    gate = Egress()
    opened(gate, "rebinding.example")
    assert connections == ["1.1.1.1"]
    with pytest.raises(Forbidden):
        opened(gate, "rebinding.example")
    assert connections == ["1.1.1.1"]


@pytest.mark.parametrize("address", PRIVATE[:-2])
def test_a_name_with_one_private_address_is_refused(monkeypatch, connections, address) -> None:
    names(monkeypatch, ["1.1.1.1", address])
    with pytest.raises(Forbidden):
        opened(Egress(), "both.example")
    assert connections == []


def test_a_name_that_nobody_answers_for_keeps_one_thread(monkeypatch, connections) -> None:
    answered, asked = threading.Event(), []

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        if host == "slow.example":
            answered.wait(20)
        return ["1.1.1.1"]

    async def attempt() -> None:
        for _ in range(20):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await gate.open("slow.example", 1935, tls=False)
        async with asyncio.timeout(5):
            await gate.open("good.example", 1935, tls=False)
        answered.set()
        async with asyncio.timeout(5):
            await gate.open("slow.example", 1935, tls=False)

    monkeypatch.setattr(egress, "_look_up", look_up)
    gate = Egress()
    asyncio.run(attempt())
    assert asked.count("slow.example") <= 2
    assert connections == ["1.1.1.1", "1.1.1.1"]


def test_our_own_names_are_not_looked_up_for_every_target(monkeypatch, connections) -> None:
    asked: list[str] = []
    own = {"ours": ["8.8.4.4"], "other": ["9.9.9.9"]}
    monkeypatch.setattr(
        egress, "_look_up", lambda host, port: asked.append(host) or own.get(host, ["1.1.1.1"])
    )
    gate = Egress(own_hosts=["ours", "other"])

    async def attempt() -> None:
        for number in range(5):
            await gate.open(f"{number}.example", 1935, tls=False)

    asyncio.run(attempt())
    assert [asked.count("ours"), asked.count("other")] == [1, 1]
    own["mirror.example"] = ["9.9.9.9"]
    with pytest.raises(Forbidden):
        opened(Egress(own_hosts=["ours", "other"]), "mirror.example")


def test_our_own_name_that_could_not_be_told_is_asked_for_again(monkeypatch, connections) -> None:
    own: list[list[str]] = [[], ["1.1.1.1"]]

    def look_up(host: str, port: int) -> list[str]:
        if host != "ours":
            return ["1.1.1.1"]
        if found := own.pop(0):
            return found
        raise socket.gaierror("the name service is away")

    async def attempt() -> None:
        await gate.open("mirror.example", 1935, tls=False)
        with pytest.raises(Forbidden):
            await gate.open("mirror.example", 1935, tls=False)

    monkeypatch.setattr(egress, "_look_up", look_up)
    gate = Egress(own_hosts=["ours"])
    asyncio.run(attempt())
    assert connections == ["1.1.1.1"]


def test_our_own_public_address_is_refused(monkeypatch, connections) -> None:
    names(monkeypatch, ["1.1.1.1"], ours=["1.1.1.1"])
    with pytest.raises(Forbidden):
        opened(Egress(own_hosts=["ours"]), "mirror.example")
    names(monkeypatch, ["8.8.8.8"])  # an address of this machine's network card, whatever it is called
    with pytest.raises(AttributeError):  # our writer has no transport to abort; it was about to
        opened(Egress(), "mirror.example")


@pytest.mark.parametrize("port", [22, 25, 80, 6379 - 6000, 70_000])
def test_ports_of_other_services_are_refused(connections, port) -> None:
    with pytest.raises(Forbidden):
        opened(Egress(), "1.1.1.1", port)
    assert connections == []


# TLS


def test_rtmps_is_forwarded_to_who_proves_its_name(footage: list[Tag], pem: Path) -> None:
    trusting = Egress(allow_private=True, tls=ssl.create_default_context(cafile=str(pem)))
    with Edge(certificate=Certificate(pem, pem)) as theirs, source(egress=trusting) as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        forward(edge, target(theirs.rtmps_url))
        eventually(lambda: theirs.gate.lives)
        encoder.stop()


def test_rtmps_is_not_forwarded_to_anybody_else(ours: Edge, pem: Path) -> None:
    with Edge(certificate=Certificate(pem, pem)) as theirs:
        forward(ours, target(theirs.rtmps_url))
        assert await_state(ours, "retrying").reason == "The server's certificate is not valid."
        assert theirs.gate.claims == []


def test_whom_to_trust_is_read_once_and_not_in_the_loop(monkeypatch, connections) -> None:
    asked: list[str] = []
    make = ssl.create_default_context

    def note() -> ssl.SSLContext:
        asked.append(threading.current_thread().name)
        return make()

    async def connect() -> None:
        for _ in range(3):
            await gate.open("1.1.1.1", 443, tls=True)

    monkeypatch.setattr(egress.ssl, "create_default_context", note)
    gate = Egress()
    asyncio.run(connect())
    assert len(asked) == 1 and asked != ["MainThread"]
    assert connections == ["1.1.1.1"] * 3


# Message by message


class Wire:
    """A connection whose other side takes as much as the test says."""

    is_open = True

    def __init__(self) -> None:
        self.unsent = 0
        self.sent: list[tuple[int, int, bytes]] = []

    def write(self, kind: int, timestamp: int, body: bytes) -> None:
        self.sent.append((kind, timestamp, bytes(body)))

    def write_end(self) -> None:
        pass

    @property
    def frames(self) -> list[tuple[str, int]]:
        """`K`, `p` and `s`: keyframes, other pictures and sound, with their times."""
        names = {(VIDEO, 0x17): "K", (VIDEO, 0x27): "p", (AUDIO, 0xAF): "s"}
        return [(names[kind, body[0]], at) for kind, at, body in self.sent if kind != 18 and body[1] == 1]


KEYFRAME, PICTURE, SOUND = b"\x17\x01\0\0\0x", b"\x27\x01\0\0\0x", b"\xaf\x01x"


@contextmanager
def by_hand() -> Iterator[tuple[Relay, Wire, HandClock]]:
    async def make() -> Relay:
        return Relay(
            target("rtmp://x/y"),
            lambda: Headers({"width": 2.0}, b"avcC", b"asc"),
            Egress(),
            clock=clock,
            limits=RelayLimits(unsent_bytes=1000),
        )

    clock, wire = HandClock(), Wire()
    with asyncio.Runner() as runner:
        relay = runner.run(make())
        relay._publisher = wire  # type: ignore[assignment]
        yield relay, wire, clock
        relay.stop()


def test_a_target_begins_with_headers_and_a_keyframe_at_zero() -> None:
    with by_hand() as (relay, wire, _):
        relay.on_audio(90_000, SOUND)
        relay.on_video(90_010, PICTURE)
        relay.on_video(90_020, KEYFRAME)
        relay.on_audio(90_010, SOUND)
        relay.on_audio(90_030, SOUND)
        relay.on_video(90_053, PICTURE)
    kinds = [(kind, body[:2]) for kind, _, body in wire.sent[:3]]
    assert kinds == [(18, b"\x02\0"), (VIDEO, b"\x17\0"), (AUDIO, b"\xaf\0")]
    assert wire.frames == [("K", 0), ("s", 10), ("p", 33)]


def test_a_slow_target_misses_all_up_to_a_keyframe_that_has_room() -> None:
    with by_hand() as (relay, wire, _):
        relay.on_video(0, KEYFRAME)
        wire.unsent = 1001
        relay.on_video(33, PICTURE)
        relay.on_audio(40, SOUND)
        wire.unsent = 600
        relay.on_video(66, KEYFRAME)
        wire.unsent = 0
        relay.on_video(100, PICTURE)
        relay.on_audio(110, SOUND)
        relay.on_video(133, KEYFRAME)
        relay.on_audio(140, SOUND)
    assert wire.frames == [("K", 0), ("K", 133), ("s", 140)]
    assert relay.dropped == 3


def test_a_targets_clock_goes_on_whatever_the_encoders_does() -> None:
    with by_hand() as (relay, wire, clock):
        relay.on_video(5000, KEYFRAME)
        clock.now += 0.5
        relay.on_video(5500, PICTURE)
        clock.now += 2
        relay.on_encoder()
        relay.on_audio(0, SOUND)
        relay.on_video(10, PICTURE)
        relay.on_video(20, KEYFRAME)
        clock.now += 0.1
        relay.on_video(120, PICTURE)
        clock.now += 0.1
        relay.on_video(9_000_000, PICTURE)
        clock.now += 0.1
        relay.on_video(9_000_100, PICTURE)
    assert [at for _, at in wire.frames] == [0, 500, 2500, 2600, 2700, 2800]


def test_nothing_is_written_to_who_has_hung_up() -> None:
    with by_hand() as (relay, wire, _):
        wire.is_open = False
        relay.on_video(0, KEYFRAME)
        relay.on_audio(10, SOUND)
        assert wire.sent == []
        wire.is_open = True
        relay.on_video(33, KEYFRAME)
        wire.is_open = False
        relay.on_video(66, PICTURE)
    assert wire.frames == [("K", 0)]


def test_timestamps_run_over_without_a_jump() -> None:
    with by_hand() as (relay, wire, _):
        for timestamp in (0xFFFFFFF0, 0xFFFFFFFF, 0x10):
            relay.on_video(timestamp, KEYFRAME)
    assert [at for _, at in wire.frames] == [0, 15, 32]


def test_a_month_of_frames_arrives() -> None:
    days = 60
    with by_hand() as (relay, wire, _):
        relay.on_video(5000, KEYFRAME)
        for at in range(0, days * 24 * 3600 * 1000, 9000):
            relay.on_video((5000 + at) & 0xFFFFFFFF, PICTURE)
    pictures = [at for kind, at in wire.frames if kind == "p"]
    assert len(pictures) == days * 24 * 400
    assert all((later - at) & 0xFFFFFFFF == 9000 for at, later in pairwise(pictures))


def test_without_targets_a_message_costs_nothing_more(footage: list[Tag]) -> None:
    with Edge() as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        assert edge.call(lambda: edge.node._streams["stream"].relays) == {}
        assert edge.call(lambda: edge.config.egress._pool) is None, "not even a thread"
        encoder.stop()
