"""The edge as encoders and viewers meet it: over real sockets, with foreign programs on both ends."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.streams.media import DoorLimits, IngestNode, MediaConfig, grants
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import GRANT_KEY, Edge, MemoryGate, eventually
from tests.streams.media.encoder import LiveEncoder, ffmpeg_encoder, publish, refusal
from tests.streams.media.playlist_rules import Playlist, check, check_update
from tests.streams.media.studio import shifted

X264 = "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 60 -c:a aac -ar 48000"
SOURCES = "-re -f lavfi -i testsrc2=s=320x180:r=30 -f lavfi -i sine=sample_rate=48000"


def playlist(edge: Edge, query: str = "") -> Playlist:
    answer = edge.get(f"stream.m3u8{query}")
    assert answer.status_code == 200, answer.text
    return check(answer.text)


def next_part(edge: Edge) -> tuple[int, int]:
    msn, part = edge.call(lambda: edge.node._streams["stream"].window.next_part)
    return msn, part


def test_ffmpeg_publishes_and_ffprobe_watches(edge: Edge, ffmpeg: str, probe: Callable[..., str]) -> None:
    with ffmpeg_encoder(edge, f"{ffmpeg} -loglevel error {SOURCES} -t 20 {X264}") as encoder:
        eventually(lambda: edge.gate.lives)
        text = probe(edge.url(), "-show_streams", "-of", "json")
        found = {stream["codec_type"]: stream for stream in json.loads(text)["streams"]}
        assert (found["video"]["codec_name"], found["video"]["width"]) == ("h264", 320)
        assert (found["audio"]["codec_name"], found["audio"]["sample_rate"]) == ("aac", "48000")
        assert encoder.poll() is None
    eventually(lambda: edge.gate.interruptions)


def test_a_plain_hls_player_follows_the_stream_and_comes_to_its_end(
    edge: Edge, ffmpeg: str, make_flv: FlvMaker
) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=6))
    eventually(lambda: edge.gate.lives)
    command = [ffmpeg, "-v", "error", "-i", edge.url(), "-map", "0", "-c", "copy", "-f", "framemd5", "-"]
    player = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: edge.gate.interruptions)
    encoder.stop()
    edge.call(edge.node.end, "stream")
    frames, complaints = player.communicate(timeout=30)
    pictures = [line for line in frames.splitlines() if line.startswith("0,")]
    assert len(pictures) == 180, complaints


@pytest.mark.parametrize("digests", [False, True])
def test_both_handshakes_lead_to_a_stream(edge: Edge, make_flv: FlvMaker, digests: bool) -> None:
    publish(edge, make_flv(seconds=3), digests=digests)
    eventually(lambda: edge.gate.interruptions)
    assert edge.gate.lives[0].width == 320
    assert edge.gate.interruptions[0][2] == "closed"


def test_an_encoder_that_has_run_for_five_hours_is_understood(
    edge: Edge, make_flv: FlvMaker, probe: Callable[..., str]
) -> None:
    """Beyond 4 h 39 min RTMP's timestamps need their extension in every chunk."""
    tags = make_flv(seconds=3, size="640x360", video="-c:v libx264 -preset ultrafast -qp 10 -pix_fmt yuv420p")
    assert max(len(tag.body) for tag in tags) > 2 * 4096
    publish(edge, shifted(tags, 5 * 3600 * 1000))
    eventually(lambda: edge.gate.interruptions)
    edge.call(edge.node.end, "stream")
    counted = probe(
        edge.url(), *["-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames"]
    )
    assert "nb_read_frames=90" in counted


def test_a_wrong_key_is_refused_in_words(edge: Edge) -> None:
    assert "NetStream.Publish.BadName: This stream key is not valid." in str(refusal(edge, [], key="wrong"))
    assert not edge.gate.claims and not edge.streams


def test_a_query_behind_the_key_is_ignored(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=1), key="key?user=x")
    assert edge.gate.claims


def test_another_application_is_refused(edge: Edge, ffmpeg: str) -> None:
    url = edge.rtmp_url.replace("/live", "/other")
    command = f"{ffmpeg} -loglevel error {SOURCES} -t 5 {X264} -f flv {url}/key"
    done = subprocess.run(command.split(), capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0 and "Connect to /live" in done.stderr


def test_a_viewer_is_woken_by_every_part(edge: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=8))
    eventually(lambda: edge.gate.lives)
    seen = playlist(edge)
    for _ in range(12):
        msn, part = next_part(edge)
        newer = playlist(edge, f"?_HLS_msn={msn}&_HLS_part={part}")
        check_update(seen, newer)
        assert (newer.segments[-1].msn, len(newer.segments[-1].parts)) >= (msn, part + 1) or newer.hint
        seen = newer
    encoder.stop()


def test_the_hinted_part_is_waited_for_and_no_other(edge: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=8))
    eventually(lambda: edge.gate.lives)
    hint = playlist(edge).hint
    assert hint is not None
    began = time.monotonic()
    part = edge.get(hint)
    assert part.status_code == 200 and part.content[4:8] == b"moof" and time.monotonic() - began < 1
    msn, index = next_part(edge)
    epoch = hint.split("-")[0]
    assert edge.get(f"{epoch}-{msn}-{index + 5}.m4s").status_code == 404
    assert edge.get(f"other-{msn}-0.m4s").status_code == 404
    encoder.stop()


def test_directives_that_make_no_sense_are_refused(make_flv: FlvMaker) -> None:
    with Edge(block_seconds=0.5) as edge:
        publish(edge, make_flv(seconds=3), clean=False)
        eventually(lambda: edge.gate.interruptions)
        msn, part = next_part(edge)
        for query in (
            f"_HLS_msn={msn + 3}",
            f"_HLS_msn={msn}&_HLS_part={part + 20}",
            f"_HLS_msn={msn + 1}&_HLS_part=20",
            "_HLS_part=1",
            "_HLS_msn=x",
            "_HLS_msn=-1",
            f"_HLS_msn={'9' * 30}",
            "&" * 20,
        ):
            answer = edge.get(f"stream.m3u8?{query}")
            assert answer.status_code == 400, query
            assert answer.headers["access-control-allow-origin"] == "*", "players on other sites read why"
        assert edge.get(f"stream.m3u8?_HLS_msn={msn - 1}&_HLS_part=999").status_code == 200
        assert edge.get(f"stream.m3u8?_HLS_msn={msn}&_HLS_part={part + 10}").status_code == 200


def test_a_part_number_past_the_segment_means_the_next_segment(edge: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=8))
    eventually(lambda: edge.gate.lives)
    eventually(lambda: next_part(edge)[0] >= 3)
    before = next_part(edge)
    newer = playlist(edge, f"?_HLS_msn={before[0] - 1}&_HLS_part=500")
    assert newer.segments[-1].msn >= before[0]
    encoder.stop()


def test_nobody_waits_for_ever(make_flv: FlvMaker) -> None:
    with Edge(block_seconds=1.0) as edge:
        encoder = LiveEncoder(edge, make_flv(seconds=8))
        eventually(lambda: edge.gate.lives)
        encoder.fall_silent()
        eventually(lambda: (edge.streams["stream"].silent_seconds or 0) > 0.5)
        msn, part = next_part(edge)
        began = time.monotonic()
        answer = edge.get(f"stream.m3u8?_HLS_msn={msn}&_HLS_part={part}")
        assert answer.status_code == 503 and answer.headers["access-control-allow-origin"] == "*"
        assert 0.9 < time.monotonic() - began < 4
        encoder.stop()
        eventually(lambda: edge.gate.interruptions)
        msn, part = next_part(edge)
        assert edge.get(f"stream.m3u8?_HLS_msn={msn}&_HLS_part={part}").status_code == 200


def test_an_encoder_that_drops_comes_back_into_the_same_stream(edge: Edge, make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=3)
    publish(edge, tags, clean=False)
    eventually(lambda: edge.gate.interruptions)
    assert edge.gate.interruptions[0][2] == "lost"
    before = playlist(edge)
    msn, part = next_part(edge)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(playlist, edge, f"?_HLS_msn={msn}&_HLS_part={part}")
        publish(edge, tags)
        after = waiting.result(10)
    check_update(before, after)
    assert next(segment.discontinuity for segment in after.segments if segment.msn >= msn)
    assert len(edge.gate.lives) == 2 and edge.gate.lives[0].stream_id == edge.gate.lives[1].stream_id


@pytest.mark.parametrize("query", ["_HLS_msn={}&_HLS_part={}", "_HLS_skip=YES"])
def test_players_that_wait_through_an_outage_hear_at_once_that_it_is_over(
    edge: Edge, make_flv: FlvMaker, query: str
) -> None:
    tags = make_flv(seconds=3)
    publish(edge, tags, clean=False)
    eventually(lambda: edge.gate.interruptions)
    known = next_part(edge)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(playlist, edge, "?" + query.format(*known))
        eventually(lambda: edge.call(lambda: edge.node._streams["stream"].window._waiting))
        encoder = LiveEncoder(edge, tags)
        assert waiting.result(3).segments[-1].msn == known[0]
    encoder.stop()


def test_while_one_encoder_sends_a_second_is_refused_and_a_silent_one_gives_way(
    edge: Edge, make_flv: FlvMaker
) -> None:
    tags = make_flv(seconds=8)
    first = LiveEncoder(edge, tags)
    eventually(lambda: edge.gate.lives)
    assert "Another encoder is live" in str(refusal(edge, tags))
    assert not first.gone.is_set()
    first.fall_silent()
    eventually(lambda: (edge.streams["stream"].silent_seconds or 0) > 2)
    second = LiveEncoder(edge, tags)
    eventually(first.gone.is_set)
    eventually(lambda: len(edge.gate.lives) == 2)
    assert not edge.gate.interruptions, "the stream went on: nobody was interrupted"
    second.stop()
    eventually(lambda: edge.gate.interruptions)


def test_ending_cuts_the_encoder_and_answers_everybody_who_waits(edge: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=8))
    eventually(lambda: edge.gate.lives)
    msn, _ = next_part(edge)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(playlist, edge, f"?_HLS_msn={msn + 1}")
        assert edge.call(edge.node.end, "stream")
        assert waiting.result(2).ended
    eventually(encoder.gone.is_set)
    eventually(lambda: edge.gate.ends == [("stream", None)])
    assert not edge.gate.interruptions
    assert not edge.call(edge.node.end, "stream"), "it ends once"
    assert refusal(edge, []) is not None, "and nobody publishes into it again"


def test_an_ended_stream_leaves_the_memory(make_flv: FlvMaker) -> None:
    with Edge(linger_seconds=0.2) as edge:
        publish(edge, make_flv(seconds=3))
        edge.call(edge.node.end, "stream")
        eventually(lambda: not edge.streams)
        answer = edge.get("index.m3u8")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1"), "as before it begins"
        assert edge.http.get("/live/nonsense/stream/index.m3u8").status_code == 403


def test_a_stream_that_nobody_ends_is_ended_by_the_node_and_that_is_said_once(
    make_flv: FlvMaker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.streams.media.node._TICK_SECONDS", 0.05)
    with Edge(grace_seconds=0.5, linger_seconds=0.5) as edge:
        publish(edge, make_flv(seconds=3))
        eventually(lambda: edge.gate.ends)
        eventually(lambda: not edge.streams)
    assert caplog.text.count("nobody came back") == 1


def test_cutting_leaves_the_stream_for_the_next_encoder(edge: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=8))
    eventually(lambda: edge.gate.lives)
    assert edge.call(edge.node.cut, "stream", edge.gate.sessions["stream"], "cut")
    eventually(encoder.gone.is_set)
    eventually(lambda: edge.gate.interruptions)
    assert edge.gate.interruptions[0][2] == "cut"
    assert edge.streams["stream"].state == "interrupted"


def test_grants_are_asked_for_everywhere(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=3))
    good = edge.path("stream.m3u8")
    _, _, grant, stream, _ = good.split("/")
    expiry, viewer, signature = grant.split(".")
    wrong = [
        f"{expiry}.{viewer}.{signature[:-1]}{'A' if signature[-1] != 'A' else 'B'}",
        f"{int(expiry, 16) + 1:x}.{viewer}.{signature}",
        f"{expiry}.other.{signature}",
        grants.sign(GRANT_KEY, "another", viewer, int(time.time()) + 60),
        grants.sign(b"other key", stream, viewer, int(time.time()) + 60),
        "nonsense",
        "..",
        "a.b.ä",
    ]
    for bad in wrong:
        answer = edge.http.get(f"/live/{bad}/{stream}/stream.m3u8")
        assert answer.status_code in (403, 404), bad
        assert answer.headers["access-control-allow-origin"] == "*"
    expired = edge.get("stream.m3u8", life=-1)
    assert expired.status_code == 403 and "expired" in expired.text
    assert edge.http.get(good).status_code == 200


def test_a_grant_that_was_good_expires(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=3))
    path = edge.path("stream.m3u8", life=1.0)
    assert edge.http.get(path).status_code == 200
    eventually(lambda: edge.http.get(path).status_code == 403, seconds=4)


def test_segments_come_whole_in_ranges_and_with_headers(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=6))
    eventually(lambda: edge.gate.interruptions)
    uri = playlist(edge).segments[-1].uri
    assert uri is not None
    path = edge.path(uri)
    whole = edge.http.get(path)
    assert whole.headers["content-type"] == "video/mp4" and "immutable" in whole.headers["cache-control"]
    size = len(whole.content)
    for asked, first, last in (
        ("0-99", 0, 99),
        (f"{size - 5}-", size - 5, size - 1),
        ("-7", size - 7, size - 1),
    ):
        answer = edge.http.get(path, headers={"range": f"bytes={asked}"})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert answer.content == whole.content[first : last + 1]
    middle = edge.http.get(path, headers={"range": f"bytes=1000-{size - 1000}"})
    assert middle.content == whole.content[1000 : size - 999]
    assert edge.http.get(path, headers={"range": f"bytes={size}-"}).status_code == 416
    assert edge.http.get(path, headers={"range": "bytes=5-2"}).status_code == 200
    head = edge.http.head(path)
    assert head.headers["content-length"] == str(size) and not head.content
    assert edge.http.options(path).status_code == 204
    assert edge.http.post(path).status_code == 405
    lists = edge.get("stream.m3u8")
    assert lists.headers["content-type"] == "application/vnd.apple.mpegurl"
    assert lists.headers["cache-control"] == "no-cache"


def test_the_playlist_is_the_same_bytes_for_everybody(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=3))
    eventually(lambda: edge.gate.interruptions)
    assert edge.get("stream.m3u8", viewer="one").content == edge.get("stream.m3u8", viewer="two").content


def test_viewers_are_counted_by_the_media_that_their_grants_fetch(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=3))
    uri = playlist(edge).segments[-1].uri
    assert uri is not None
    for viewer in ("one", "two", "two", grants.UNCOUNTED, grants.EDGE):
        assert edge.get(uri, viewer=viewer).status_code == 200
    for name in ("index.m3u8", "stream.m3u8", f"{uri.split('-')[0]}-init0.mp4", "nothing.m4s"):
        edge.get(name, viewer="reads")
    edge.http.head(edge.path(uri, viewer="asks"))
    edge.http.get(edge.path(uri, viewer="beyond"), headers={"range": "bytes=99999999-"})
    assert edge.call(edge.node.watching, "stream").fetching == {"one", "two"}
    assert edge.streams["stream"].viewers == 2
    assert edge.call(edge.node.watching, "unknown") == (set(), set())


def test_an_edge_tells_who_watches_through_it_and_nobody_else_may(edge: Edge, make_flv: FlvMaker) -> None:
    publish(edge, make_flv(seconds=3))
    told = {"fetching": ["one", "two", "-", "-edge", "a b", 7], "following": ["three", "one"]}
    for viewer in ("one", grants.UNCOUNTED):
        assert edge.http.post(edge.path("viewers", viewer=viewer), json=told).status_code == 403
    path = edge.path("viewers", viewer=grants.EDGE)
    assert edge.http.get(path).status_code == 405
    for nonsense in (b"", b"[]", b'{"fetching": []}', b'{"fetching": 1, "following": 2}'):
        assert edge.http.post(path, content=nonsense).status_code == 400
    assert edge.http.post(path, content=b" " * (2 * 1024 * 1024 + 1)).status_code == 413
    assert edge.call(edge.node.watching, "stream") == (set(), set())
    assert edge.http.post(path, json=told).status_code == 204
    assert edge.call(edge.node.watching, "stream") == ({"one", "two"}, {"three", "one"})
    assert edge.streams["stream"].viewers == 3


def test_paths_that_are_nothing_are_not_found(edge: Edge) -> None:
    for path in ("/live/", "/live/a/b", "/live/a/b/c/d", "/elsewhere", "/live/healthz/x"):
        assert edge.http.get(path).status_code in (403, 404)
    assert edge.http.get("/live/healthz").status_code == 200


def test_the_dashboard_is_told_what_there_is_to_know(edge: Edge, make_flv: FlvMaker) -> None:
    encoder = LiveEncoder(edge, make_flv(seconds=8, gop=30))
    eventually(lambda: edge.streams.get("stream") and edge.streams["stream"].media_ms > 2500)
    info = edge.streams["stream"]
    assert (info.state, info.width, info.height, info.frame_rate) == ("live", 320, 180, 30.0)
    assert (info.audio_codec, info.audio_sample_rate, info.keyframe_interval) == ("mp4a.40.2", 48000, 1.0)
    assert info.video_bitrate > 50_000 and info.audio_bitrate > 10_000
    assert info.media_at is not None and abs(time.time() - info.media_at) < 2
    assert 0 <= info.delay_ms < 1500 and info.address == "127.0.0.1" and "Lavf" in info.encoder
    encoder.stop()


def test_a_gate_that_fails_does_not_leave_the_encoder_hanging(make_flv: FlvMaker) -> None:
    class BrokenGate(MemoryGate):
        async def claim(self, *arguments: object) -> None:  # type: ignore[override]
            raise RuntimeError("no database")

    with Edge(gate=BrokenGate()) as edge:
        assert "Try again" in str(refusal(edge, []))


def test_an_encoder_far_ahead_of_the_clock_is_slowed_down(make_flv: FlvMaker) -> None:
    heavy = make_flv(seconds=6, video="-c:v libx264 -preset ultrafast -qp 0 -pix_fmt yuv420p")
    with Edge(limits=DoorLimits(max_lead_seconds=2.0)) as edge:
        began = time.monotonic()
        publish(edge, heavy)
        # Six seconds of media may be two ahead; what the sockets hold in between has left the encoder.
        assert 1.5 < time.monotonic() - began < 9


def test_the_port_that_is_taken_is_named(edge: Edge) -> None:
    async def start() -> None:
        await IngestNode(
            edge.gate, MediaConfig(b"k", b"t", "127.0.0.1", edge.node.listeners.rtmp_port)
        ).start()

    with pytest.raises(OSError, match="in use"):
        edge.do(start())
