"""The SRT door: foreign callers, lossy lines, wrong keys, and those who mean no good."""

from __future__ import annotations

import logging
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from struct import pack, unpack_from

import pytest

from apps.streams.media import Admission, DoorLimits, Refused, SilentFor
from apps.streams.media.srt.packets import Extension, Kind, Step, decode_losses
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.srt_caller import FIRST, HELLO, SrtCaller, is_data, lossy_line

IMPATIENT = DoorLimits(
    idle_seconds=0.8, max_connections_per_address=10, max_unauthenticated=10, srt_latency_ms=100
)
PICTURE = "-f lavfi -i testsrc2=s=320x180:r=30"
SOUND = "-f lavfi -i sine=frequency=440:sample_rate=48000"
H264 = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p -g 30"


@pytest.fixture
def edge() -> Iterator[Edge]:
    with Edge(limits=IMPATIENT, srt_port=0) as running:
        yield running
        eventually(lambda: running.call(lambda: running.node.listeners.turnstile.guests) == 0)


@pytest.fixture(scope="session")
def film(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds of H.264 with B-frames and AAC."""
    path = tmp_path_factory.mktemp("film") / "film.ts"
    command = f"{ffmpeg} -loglevel error {PICTURE} {SOUND} -t 20 {H264} -c:a aac -f mpegts {path}"
    subprocess.run(command.split(), check=True)
    return path


@contextmanager
def sending(ffmpeg: str, film: Path, url: str, options: str = "-c copy") -> Iterator[subprocess.Popen[bytes]]:
    """A foreign caller, in real time."""
    command = [*f"{ffmpeg} -loglevel error -re -i {film} {options} -f mpegts".split(), url]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def door(edge: Edge, port: int | None = None) -> str:
    return f"srt://127.0.0.1:{port or edge.node.listeners.srt_port}?streamid="


@pytest.mark.parametrize("stream_id", ["key", "#!::r=key,m=publish"])
def test_a_foreign_encoder_publishes(edge: Edge, ffmpeg: str, film: Path, stream_id: str) -> None:
    with sending(ffmpeg, film, door(edge) + stream_id) as encoder:
        info = eventually(lambda: edge.gate.lives)[0]
        assert (info.width, info.height, info.video_codec[:5]) == (320, 180, "avc1.")
        assert (info.audio_codec, info.audio_sample_rate) == ("mp4a.40.2", 48000)
        assert info.encoder.startswith("SRT 1.")
        encoder.terminate()  # it says goodbye
        eventually(lambda: edge.gate.interruptions, seconds=3)
    assert edge.gate.interruptions[0][2] == "closed"


def test_what_a_foreign_encoder_sends_is_what_viewers_get(
    edge: Edge, ffmpeg: str, film: Path, tmp_path: Path
) -> None:
    """Every frame, in order, decodes without a complaint."""
    with sending(ffmpeg, film, door(edge) + "key"):
        eventually(lambda: edge.gate.lives)
        eventually(lambda: edge.streams["stream"].media_ms > 3500)
        playlist = edge.get("stream.m3u8").text
        names = [line for line in playlist.splitlines() if line.endswith(".m4s") and not line.startswith("#")]
        init = playlist.partition('URI="')[2].partition('"')[0] if "EXT-X-MAP" in playlist else ""
        media = b"".join(edge.get(name).content for name in names)
        head = edge.get(next(p for p in playlist.split('"') if "init" in p or p == init)).content
    path = tmp_path / "seen.mp4"
    path.write_bytes(head + media)
    done = subprocess.run(
        f"{ffmpeg} -v error -i {path} -map 0:v -f framemd5 -".split(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert not done.stderr
    original = subprocess.run(
        f"{ffmpeg} -v error -i {film} -map 0:v -f framemd5 -".split(),
        capture_output=True,
        text=True,
        check=True,
    )
    seen, sent = (
        [line.rpartition(",")[2] for line in text.splitlines() if not line.startswith("#")]
        for text in (done.stdout, original.stdout)
    )
    assert len(seen) > 60
    assert seen == sent[: len(seen)]


def test_a_lossy_line_loses_nothing(edge: Edge, ffmpeg: str, film: Path) -> None:
    """One packet in twenty, of those sent again as well."""
    with (
        lossy_line(edge, lambda packet, chance: is_data(packet) and chance.random() < 0.05) as (port, lost),
        sending(ffmpeg, film, door(edge, port) + "key&latency=500000"),
    ):
        eventually(lambda: edge.gate.lives)
        eventually(lambda: edge.streams["stream"].media_ms > 3500, seconds=20)
        sample = edge.call(edge.node.take_samples)["stream"]
        assert len(lost) > 5
        assert sample.packets > 100 and sample.packets_missed > 3
        assert sample.packets_lost == 0
        assert 0 < sample.rtt_ms < 100
    assert not edge.gate.refusals


def test_what_never_comes_is_given_up_and_the_stream_goes_on(edge: Edge, ffmpeg: str, film: Path) -> None:
    def is_doomed(packet: bytes, chance: random.Random) -> bool:
        return is_data(packet) and unpack_from(">I", packet)[0] % 50 == 0

    with lossy_line(edge, is_doomed) as (port, _), sending(ffmpeg, film, door(edge, port) + "key"):
        eventually(lambda: edge.gate.lives)
        eventually(lambda: edge.streams["stream"].media_ms > 3500, seconds=20)
        assert edge.call(edge.node.take_samples)["stream"].packets_lost >= 3
    assert not edge.gate.refusals


class StrictGate(MemoryGate):
    """Says no with the codes of the product."""

    async def claim(self, key: str, session_id: str, address: str, silent_for: SilentFor) -> Admission:
        if key in ("ALREADY_PUBLISHING", "UNAVAILABLE", "KEY_UNKNOWN", "KEY_ROTATED", "ENDED_HERE"):
            raise Refused(key, "No.")
        return await super().claim(key, session_id, address, silent_for)


@pytest.mark.parametrize(
    ("stream_id", "reason"),
    [
        ("", 1400),
        ("#!::u=me", 1400),
        ("KEY_UNKNOWN", 1401),
        ("KEY_ROTATED", 1401),
        ("ENDED_HERE", 1403),
        ("#!::r=key,m=request", 1405),
        ("ALREADY_PUBLISHING", 1409),
        ("UNAVAILABLE", 1503),
    ],
)
def test_a_refused_caller_is_told_why(stream_id: str, reason: int) -> None:
    with Edge(gate=StrictGate(), srt_port=0) as edge, SrtCaller(edge) as caller:
        assert caller.connect(stream_id).step == 1000 + reason
        assert edge.call(lambda: edge.node.listeners.turnstile.guests) == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"version": 4}, 8),
        ({"extensions": {}}, 8),
        ({"encryption": 2}, 11),
        ({"extensions": {Extension.HSREQ: HELLO, Extension.KMREQ: bytes(64)}}, 11),
        ({"extensions": {Extension.HSREQ: pack(">IIHH", 0x10501, 0xFF, 120, 120)}}, 12),
        ({"extensions": {Extension.HSREQ: HELLO, Extension.CONGESTION: b"elif"}}, 13),
        ({"extensions": {Extension.HSREQ: HELLO, Extension.FILTER: b"cef,"}}, 14),
        ({"extensions": {Extension.HSREQ: HELLO, Extension.GROUP: bytes(8)}}, 15),
    ],
)
def test_what_is_not_offered_is_refused_by_its_number(
    edge: Edge, change: dict[str, object], reason: int
) -> None:
    with SrtCaller(edge) as caller:
        assert caller.connect("key", **change).step == 1000 + reason
    assert not edge.gate.claims


def silence(edge: Edge) -> float:
    """Seconds since the encoder on air sent media, -1 without one."""
    stream = edge.node._streams.get("stream")
    return -1.0 if stream is None or stream.session is None else stream.session.publisher.silent_for


def test_a_second_encoder_gives_way_and_a_silent_one_is_taken_over(film: Path) -> None:
    data = film.read_bytes()
    with Edge(srt_port=0) as patient, SrtCaller(patient) as first, SrtCaller(patient) as second:
        assert first.connect().step == Step.CONCLUSION
        for at in range(0, 200 * 188, 1316):
            first.send(data[at : at + 1316])
        eventually(lambda: 0 <= patient.call(silence, patient) < 1)
        assert second.connect().step > 1000
    with Edge(srt_port=0) as patient, SrtCaller(patient) as first, SrtCaller(patient) as second:
        first.connect()
        first.send(data[:1316])
        eventually(lambda: patient.call(silence, patient) > 2)
        assert second.connect().step == Step.CONCLUSION
        first.hear(Kind.SHUTDOWN)
        assert patient.call(lambda: patient.node.listeners.srt.connections) == 1


def test_packets_are_acknowledged_and_missing_ones_asked_for() -> None:
    with Edge(limits=DoorLimits(srt_latency_ms=1000), srt_port=0) as edge, SrtCaller(edge) as caller:
        caller.connect()
        caller.send(bytes(188))
        caller.send(bytes(188))
        upto = None
        while upto != (FIRST + 2) & 0x7FFFFFFF:  # the first may be told by itself
            ack = caller.hear(Kind.ACK)
            number, upto, rtt = *unpack_from(">I", ack, 4), *unpack_from(">II", ack, 16)
            assert rtt == 100_000
        caller.say(Kind.ACKACK, info=number)
        for sequence in (FIRST + 4, FIRST + 5, FIRST + 20):
            caller.send(bytes(188), sequence=sequence & 0x7FFFFFFF)
        asked = [*decode_losses(caller.hear(Kind.NAK)[16:]), *decode_losses(caller.hear(Kind.NAK)[16:])]
        wrapped = (FIRST + 19) & 0x7FFFFFFF
        assert asked == [(FIRST + 2, FIRST + 3), (FIRST + 6, wrapped)]
        again = list(decode_losses(caller.hear(Kind.NAK)[16:]))
        assert again == asked, "and again as long as they are missing"
        eventually(lambda: unpack_from(">I", caller.hear(Kind.ACK), 16)[0] == (FIRST + 21) & 0x7FFFFFFF)


def test_what_the_sender_has_dropped_is_not_waited_for() -> None:
    with Edge(limits=DoorLimits(srt_latency_ms=5000), srt_port=0) as edge, SrtCaller(edge) as caller:
        caller.connect()
        caller.send(bytes(188), sequence=FIRST + 5)
        caller.say(Kind.DROP, pack(">II", FIRST, FIRST + 4))
        began = time.monotonic()
        eventually(lambda: unpack_from(">I", caller.hear(Kind.ACK), 16)[0] == FIRST + 6)
        assert time.monotonic() - began < 3


def test_an_answer_that_got_lost_is_given_again(edge: Edge) -> None:
    with SrtCaller(edge) as caller:
        first = caller.connect()
        assert caller.conclude("key") == first
    assert len(edge.gate.claims) == 1


def test_a_connection_without_traffic_is_kept_alive() -> None:
    with Edge(srt_port=0) as edge, SrtCaller(edge) as caller:
        caller.connect()
        caller.hear(Kind.KEEPALIVE)
        assert edge.call(lambda: edge.node.listeners.srt.connections) == 1


def test_who_falls_silent_is_cut(edge: Edge, film: Path) -> None:
    with SrtCaller(edge) as caller:
        caller.connect()
        caller.send(film.read_bytes()[:1316])
        caller.hear(Kind.SHUTDOWN)
    eventually(lambda: edge.gate.interruptions)
    assert edge.gate.interruptions[0][2] == "silent"


def test_who_sends_much_faster_than_real_time_is_cut(film: Path) -> None:
    limits = DoorLimits(max_lead_seconds=3.0)
    with Edge(limits=limits, srt_port=0) as edge, SrtCaller(edge) as caller:
        caller.connect()
        data = film.read_bytes()
        for at in range(0, len(data), 1316):
            caller.send(data[at : at + 1316])
            if at % 13160 == 0:
                time.sleep(0.001)  # as fast as the line takes it
        caller.hear(Kind.SHUTDOWN)
        eventually(lambda: edge.gate.refusals)
    assert edge.gate.refusals[0][0] == "TOO_FAST"


@pytest.mark.parametrize(
    ("codecs", "words"),
    [
        ("-c:v mpeg2video -c:a aac", "MPEG-2 video is not supported. Use H.264"),
        (f"{H264} -c:a mp2", "MP2 audio is not supported. Use AAC"),
        (f"{H264} -c:a ac3", "AC-3 audio is not supported. Use AAC"),
    ],
)
def test_codecs_we_cannot_serve_are_refused_with_a_reason(
    edge: Edge, ffmpeg: str, film: Path, codecs: str, words: str
) -> None:
    with sending(ffmpeg, film, door(edge) + "key", codecs):
        eventually(lambda: edge.gate.refusals)
    assert words in edge.gate.refusals[0][1]
    eventually(lambda: edge.gate.interruptions)
    assert edge.gate.interruptions[0][2] == "refused"


def test_what_is_no_transport_stream_is_refused(edge: Edge) -> None:
    noise = random.Random(3)
    with SrtCaller(edge) as caller:
        caller.connect()
        for _ in range(100):
            caller.send(noise.randbytes(1316).replace(b"G", b"H"))
        caller.hear(Kind.SHUTDOWN)
    eventually(lambda: edge.gate.refusals)
    assert edge.gate.refusals[0][0] == "UNSUPPORTED_TRANSPORT"


# Those who mean no good


def test_nothing_is_kept_of_a_caller_without_the_cookie(edge: Edge) -> None:
    with SrtCaller(edge) as caller:
        caller.socket.settimeout(0.3)
        for cookie in (0, 1, 0xFFFFFFFF):
            with pytest.raises(TimeoutError):
                caller.cookie = cookie
                caller.conclude("key")
        assert edge.call(lambda: edge.node.listeners.turnstile.guests) == 0
        caller.induce()
        with SrtCaller(edge) as other, pytest.raises(TimeoutError):
            other.socket.settimeout(0.3)
            other.cookie = caller.cookie
            other.conclude("key")
    assert not edge.gate.claims


def test_an_answer_is_never_longer_than_the_question(edge: Edge) -> None:
    with SrtCaller(edge) as caller:
        caller.socket.send(b"")
        caller.induce()
        caller.say(Kind.HANDSHAKE, bytes(48))
        caller.say(Kind.KEEPALIVE)
        caller.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            caller.socket.recv(2048)


def test_packets_of_another_address_are_not_heard(edge: Edge) -> None:
    with SrtCaller(edge) as caller, SrtCaller(edge) as stranger:
        caller.connect()
        stranger.peer_id = caller.peer_id
        stranger.say(Kind.SHUTDOWN)
        stranger.send(bytes(188))
        caller.send(bytes(188))
        assert unpack_from(">I", caller.hear(Kind.ACK), 16)[0] == FIRST + 1


def test_callers_from_one_address_get_their_share(edge: Edge) -> None:
    edge.gate.keys |= {f"key{number}": f"stream{number}" for number in range(15)}
    with ExitStack() as stack:
        callers = [stack.enter_context(SrtCaller(edge)) for _ in range(15)]
        steps = [caller.connect(f"key{number}").step for number, caller in enumerate(callers)]
        assert steps.count(Step.CONCLUSION) == 10
        assert steps.count(1000 + 1402) == 5


@pytest.mark.parametrize(
    "packet",
    [
        lambda: (FIRST + 10_000, 0xC0000001),
        lambda: (FIRST, 0xC0000001 | 1 << 27),
    ],
    ids=["far ahead of the window", "encrypted"],
)
def test_a_packet_that_nobody_sends_costs_the_connection(edge: Edge, packet) -> None:
    with SrtCaller(edge) as caller:
        caller.connect()
        sequence, flags = packet()
        caller.send(bytes(188), sequence=sequence & 0x7FFFFFFF, flags=flags)
        caller.hear(Kind.SHUTDOWN)
    eventually(lambda: edge.gate.interruptions)
    assert edge.gate.interruptions[0][2] == "malformed"


def test_the_others_do_not_notice(edge: Edge, ffmpeg: str, film: Path, caplog) -> None:
    caplog.set_level(logging.INFO)
    noise = random.Random(4)
    edge.gate.keys["live_secret"] = "other"
    with sending(ffmpeg, film, door(edge) + "key"):
        eventually(lambda: edge.gate.lives)
        with SrtCaller(edge) as caller, SrtCaller(edge) as stranger:
            caller.connect("live_secret")
            for _ in range(300):
                stranger.socket.send(noise.randbytes(noise.randrange(1400)))
                stranger.socket.send(
                    pack(">II", 0x80000000 | noise.randrange(9) << 16, 0) + bytes(noise.randrange(99))
                )
                caller.say(Kind(noise.choice(list(Kind))), noise.randbytes(noise.randrange(99)))
        before = edge.streams["stream"].parts
        eventually(lambda: edge.streams["stream"].parts > before + 3)
        assert [each for each in edge.gate.interruptions if each[0] == "stream"] == []
    assert "Traceback" not in caplog.text and "fault" not in caplog.text
    assert "secret" not in caplog.text
