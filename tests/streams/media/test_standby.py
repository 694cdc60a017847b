"""Two encoders of one stream at one node: one feeds it, the other is ready to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from apps.streams.media.flv import Tag
from apps.streams.media.publisher import Publisher
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.playlist_rules import parse
from tests.streams.media.studio import VIDEO, HandSession, Studio, frames, runs
from tests.streams.media.test_express import LONG, coming
from tests.streams.media.test_renditions import transcoding_grant
from tests.streams.media.test_timestamps import samples


def send(studio: Studio, sent: list[tuple[int, Publisher, Tag]]) -> None:
    """Tags of several encoders, each at its millisecond of the studio's clock."""
    began = studio.clock.now
    for at, publisher, tag in sorted(sent, key=lambda one: one[0]):
        studio.clock.now = began + at / 1000
        (publisher.on_video if tag.kind == VIDEO else publisher.on_audio)(tag.timestamp, tag.body)
        studio._look()


def media_of(tags: list[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.kind != 18]


def test_the_heir_begins_with_its_newest_keyframe_and_shows_nothing_twice(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=3600.0)
    small, large = media_of(make_flv(seconds=9)), media_of(make_flv(seconds=9, size="640x360"))
    main, backup = studio.connect(), Publisher(studio.config, studio.clock)
    # The backup's keyframes come 700 ms after the main encoder's, which is lost at 5.2 s.
    sent = [(tag.timestamp, main, tag) for tag in small if tag.timestamp < 5200]
    sent += [(tag.timestamp + 700, backup, tag) for tag in large]
    began = studio.clock.now
    send(studio, [one for one in sent if one[0] < 5250])
    assert backup.standby.steady_seconds > 4
    studio.stream.detach()
    studio.stream.attach(HandSession(backup, id="backup", is_backup=True))
    studio.clock.now = began
    send(studio, [one for one in sent if one[0] >= 5250])
    studio.stream.detach()
    segments = list(studio.window.segments)
    (cut,) = [number for number, segment in enumerate(segments) if segment.discontinuity]
    assert segments[cut].independent and segments[cut].init == 1
    before, after = segments[cut - 1], segments[cut]
    stands_still = after.wall_ms - before.wall_ms - before.duration_ms
    assert 0 <= stands_still < 100, "no picture is missing, and none comes again"
    assert studio.stream.packager.end_ms == pytest.approx(9700, abs=150)
    pictures = samples(b"".join(part.data for part in after.parts))
    # From its keyframe at 4.7 s to 5.2 s they are decoded only, a millisecond each.
    assert [duration for _, duration, _ in pictures[:14]] == [1] * 14
    assert all(duration > 20 for _, duration, _ in pictures[17:])
    for track in runs(studio.whole(init=1)).values():
        assert all(start + length <= later for (start, length), (later, _) in pairwise(track))


def test_a_silent_encoder_is_replaced_with_what_came_since(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=3600.0)
    tags = media_of(make_flv(seconds=9))
    main, backup = studio.connect(), Publisher(studio.config, studio.clock)
    first = HandSession(main)
    studio.stream.session = first
    sent = [(tag.timestamp, main, tag) for tag in tags if tag.timestamp < 3500]
    sent += [(tag.timestamp, backup, tag) for tag in tags]
    began = studio.clock.now
    send(studio, [one for one in sent if one[0] < 5500])
    assert studio.stream.silent_for == pytest.approx(2, abs=0.1)
    assert studio.stream.attach(HandSession(backup, is_backup=True)) is first
    first.stand_by()
    studio.clock.now = began
    send(studio, [one for one in sent if one[0] >= 5500])
    cut = next(segment for segment in studio.window.segments if segment.discontinuity)
    assert cut.wall_ms / 1000 == pytest.approx(began + 4, abs=0.1), "its newest keyframe came at 4 s"
    assert main.standby.steady_seconds == 0


def test_an_encoder_without_a_keyframe_yet_waits_for_it(make_flv: FlvMaker) -> None:
    studio = Studio()
    tags = media_of(make_flv(seconds=6))
    backup = Publisher(studio.config, studio.clock)
    late = frames(tags)[3:]
    send(studio, [(tag.timestamp, backup, tag) for tag in tags if tag.body[1] == 0])
    studio.stream.attach(HandSession(backup))
    send(studio, [(tag.timestamp, backup, tag) for tag in late])
    assert studio.window.segments[0].independent


def test_what_is_kept_ready_is_bounded(make_flv: FlvMaker) -> None:
    studio = Studio(pending_max_bytes=20_000)
    backup = Publisher(studio.config, studio.clock)
    tags = media_of(make_flv(seconds=6, gop=10_000))
    send(studio, [(tag.timestamp, backup, tag) for tag in tags])
    assert backup.standby._size <= 20_000
    studio.stream.attach(HandSession(backup))
    assert not studio.window.segments


def cast(edge: Edge) -> tuple[str, str]:
    """The session on air and the one standing by."""
    return edge.streams["stream"].session_id or "", edge.call(lambda: edge.node.standing_by)[
        "stream"
    ].session_id


def changes(edge: Edge) -> int:
    return sum(segment.discontinuity for segment in parse(edge.get("stream.m3u8").text).segments)


def test_they_change_turns_at_a_keyframe_and_back_without_a_break(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=60, size="160x90")
    with Edge(gate=MemoryGate(backups={"backup": "stream"})) as edge:
        main = LiveEncoder(edge, tags)
        eventually(lambda: edge.gate.lives)
        backup = LiveEncoder(edge, tags, key="backup")
        eventually(lambda: edge.call(lambda: edge.node.standing_by))
        on_air, ready = cast(edge)
        assert on_air == edge.gate.sessions["stream"]
        edge.call(edge.node.reserve.put_on_air, "stream", ready)
        eventually(lambda: edge.streams["stream"].session_id == ready)
        assert cast(edge) == (ready, on_air)
        edge.call(edge.node.reserve.put_on_air, "stream", on_air)
        eventually(lambda: edge.streams["stream"].session_id == on_air)
        assert eventually(lambda: changes(edge) == 2)
        assert not edge.gate.interruptions and not main.gone.is_set() and not backup.gone.is_set()
        main.stop()
        backup.stop()


def test_the_heir_is_on_air_as_soon_as_the_gate_says_so(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=60, size="160x90")
    with Edge(gate=MemoryGate(backups={"backup": "stream"})) as edge:
        main = LiveEncoder(edge, tags)
        eventually(lambda: edge.gate.lives)
        backup = LiveEncoder(edge, tags, key="backup")
        eventually(lambda: edge.call(lambda: edge.node.standing_by))
        on_air, ready = cast(edge)
        edge.gate.heirs[on_air] = ready
        main.stop()
        eventually(lambda: edge.streams["stream"].session_id == ready, seconds=1)
        eventually(lambda: len(edge.gate.lives) == 2)
        info = edge.streams["stream"]
        assert (info.state, info.on_backup) == ("live", True)
        assert edge.call(edge.node.end, "stream")
        eventually(backup.gone.is_set)


def test_an_end_and_a_cut_reach_who_stands_by(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=60, size="160x90")
    with Edge(gate=MemoryGate(backups={"backup": "stream"})) as edge:
        for way in ("cut", "end"):
            backup = LiveEncoder(edge, tags, key="backup")
            ready = eventually(lambda: edge.call(lambda: edge.node.standing_by))["stream"].session_id
            assert edge.streams == {}, "nothing is on air"
            arguments = ("stream", ready, "replaced") if way == "cut" else ("stream",)
            assert edge.call(getattr(edge.node, way), *arguments)
            eventually(backup.gone.is_set)
            assert edge.call(lambda: edge.node.standing_by) == {}


def test_a_stream_that_went_to_another_node_is_left_and_its_encoder_stands_by(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=60, size="160x90")
    with Edge() as edge:
        encoder = LiveEncoder(edge, tags)
        eventually(lambda: edge.gate.lives)
        assert edge.get("stream.m3u8").status_code == 200
        session = edge.streams["stream"].session_id
        edge.call(edge.node.leave, "stream")
        assert edge.streams == {} and edge.get("stream.m3u8").status_code == 503
        assert edge.call(lambda: edge.node.standing_by)["stream"].session_id == session
        edge.call(edge.node.reserve.put_on_air, "stream", session)
        eventually(lambda: len(edge.gate.lives) == 2)
        assert edge.get("stream.m3u8").status_code == 200
        encoder.stop()


def test_whoever_waits_for_a_stream_that_went_to_another_node_hears_so(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=60, size="160x90")
    with Edge() as edge, ThreadPoolExecutor(2) as pool:
        encoder = LiveEncoder(edge, tags)
        eventually(lambda: edge.gate.lives)
        source = pool.submit(edge.http.get, f"/transcoding/{transcoding_grant()}/stream/source", timeout=20)
        eventually(lambda: edge.call(lambda: edge.node._streams["stream"].ladder.transcoder))
        encoder.stop()
        eventually(lambda: edge.gate.interruptions)
        hint = parse(edge.get("stream.m3u8").text).hint
        assert hint is not None
        part = pool.submit(edge.http.get, edge.path(hint), timeout=20)
        eventually(lambda: len(edge.call(lambda: edge.node._streams["stream"].window._waiting)) == 2)
        edge.call(edge.node.leave, "stream")
        assert part.result(5).status_code == 503, "it is to be asked for where the stream is now"
        assert source.result(5).status_code == 200, "its end is the transcoder's sign to look there, too"


def test_so_does_who_waits_in_the_middle_of_a_segment(make_flv: FlvMaker) -> None:
    """That segment becomes whole when the stream is left, and is forgotten at the same moment."""
    with Edge() as edge, ThreadPoolExecutor(3) as pool:
        encoder = LiveEncoder(edge, make_flv(seconds=20, gop=600, size="160x90"))
        eventually(lambda: edge.gate.lives)
        stream = edge.call(lambda: edge.node._streams["stream"])
        eventually(lambda: stream.window.open)
        encoder.fall_silent()
        eventually(lambda: edge.call(lambda: stream.silent_for) > 0.3)
        playlist, part = coming(edge)
        asked = [(playlist, {}), (playlist, LONG), (part, {})]
        answers = [pool.submit(edge.http.get, edge.path(name), headers=headers) for name, headers in asked]
        eventually(lambda: len(edge.call(lambda: stream.window._waiting)) == 3)
        edge.call(edge.node.leave, "stream")
        assert [answer.result(5).status_code for answer in answers] == [503] * 3
        encoder.stop()
