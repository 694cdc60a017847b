"""C12: forwarding to other RTMP servers, as it should go."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

from apps.streams.media import Certificate, Egress
from apps.streams.media.flv import Tag
from tests.stack.services import free_port
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.relay.forwarding import (
    await_state,
    forward,
    source,
    target,
)
from tests.streams.media.studio import VIDEO


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


def test_without_targets_a_message_costs_nothing_more(footage: list[Tag]) -> None:
    with Edge() as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        assert edge.call(lambda: edge.node._streams["stream"].relays) == {}
        assert edge.call(lambda: edge.config.egress._pool) is None, "not even a thread"
        encoder.stop()
