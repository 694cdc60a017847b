"""The playlists keep what draft-pantos-hls-rfc8216bis demands of servers, whatever an encoder sends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st

from apps.streams.media import FileArchive
from apps.streams.media.flv import Tag
from apps.streams.media.publisher import Publisher
from tests.streams.media.auditor import Auditor, contains
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.playlist_rules import Playlist, check, check_delta, check_update, variants
from tests.streams.media.studio import AUDIO, VIDEO, Studio, headers

SIZES = ("160x90", "320x180")


@dataclass(frozen=True)
class Session:
    """One encoder from connect to hang-up. Seconds, pictures a second; `size` is one of SIZES."""

    rate: float
    gop: float
    seconds: float
    size: int = 0
    has_sound: bool = True
    reorder: int = 0
    lost: float = 0.0
    """The share of pictures that the encoder leaves out, as OBS does on a bad line."""
    stall: float = 0.0
    """How long it stands still once in the middle."""
    jump: float = 0.0
    """How far its clock jumps once in the middle."""
    away: float = 1.0
    """How long nobody sends afterwards."""
    seed: int = 0

    def tags(self, settings: list[Tag]) -> Iterator[tuple[float, Tag]]:
        """What it sends, and after how many seconds."""
        chance = random.Random(self.seed)
        yield from ((0.0, tag) for tag in settings if self.has_sound or tag.kind == VIDEO)
        gop = max(round(self.gop * self.rate), 1)
        total, sound, shift = int(self.seconds * self.rate), 0, 0.0
        for number in range(total):
            if number == total // 2:
                shift += self.stall + self.jump
            at = number / self.rate + (self.stall if number >= total // 2 else 0)
            keyframe = number % gop == 0
            if not keyframe and chance.random() < self.lost:
                continue
            while self.has_sound and sound * 1024 / 48000 <= at:
                when = sound * 1024 / 48000 + (self.jump if number >= total // 2 else 0)
                yield at, Tag(AUDIO, _ms(when), b"\xaf\x01" + chance.randbytes(20))
                sound += 1
            composition = _ms(chance.randint(0, self.reorder) / self.rate)
            head = bytes([0x17 if keyframe else 0x27, 1]) + composition.to_bytes(3, "big")
            size = chance.randint(200, 900) * (5 if keyframe else 1)
            yield at, Tag(VIDEO, _ms(number / self.rate + shift), head + chance.randbytes(size))


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class Show(Studio):
    """A stream whose every version an auditor looks at, and which is asked something now and then."""

    def __init__(self, settings: list[list[Tag]], **config: object) -> None:
        super().__init__(**config)
        self.settings = settings
        self.auditor = Auditor(self.stream, self.clock)

    def run(self, session: Session) -> None:
        self.auditor.may_break_hints = bool(session.lost or session.stall)
        self.auditor.changed_at, self.auditor.longest_pause = None, 0.0
        publisher = self.connect()
        origin = self.clock.now
        for number, (at, tag) in enumerate(session.tags(self.settings[session.size])):
            self.auditor.before(origin + at)
            self.clock.now = origin + at
            self.push(publisher, tag)
            self.auditor.look()
            if number % 97 == 50:
                self.ask_ahead(number)
        if not (session.lost or session.stall):
            # 6.2.1: a part within the part target after the one before; a picture waits for the next one.
            limit = self.window.part_target_ms / 1000 + 2 / session.rate
            assert self.auditor.longest_pause <= limit, f"nothing new for {self.auditor.longest_pause} s"
        self.stream.detach()
        self.auditor.look()
        self.auditor.before(self.clock.now + session.away)
        self.clock.now += session.away

    def push(self, publisher: Publisher, tag: Tag) -> None:
        if tag.kind == VIDEO:
            publisher.on_video(tag.timestamp & 0xFFFFFFFF, tag.body)
        elif tag.kind == AUDIO:
            publisher.on_audio(tag.timestamp & 0xFFFFFFFF, tag.body)
        self.stream.became_live()

    def ask_ahead(self, seed: int) -> None:
        if self.auditor.newest is None:
            return
        chance = random.Random(seed)
        msn, part = self.auditor.newest.last
        self.auditor.reload(msn + chance.randint(-2, 4))
        self.auditor.reload(msn + chance.randint(-1, 3), max(part + chance.randint(-3, 18), 0))


@pytest.fixture(scope="module")
def settings(make_flv: FlvMaker) -> list[list[Tag]]:
    """What two encoders say of their codecs before they send."""
    return [
        [tag for tag in headers(make_flv(seconds=1, size=size)) if tag.kind in (VIDEO, AUDIO)]
        for size in SIZES
    ]


@contextmanager
def show(settings: list[list[Tag]], **config: object) -> Iterator[Show]:
    running = Show(settings, **config)
    try:
        yield running
    finally:
        running.auditor.close()


SESSIONS = st.builds(
    Session,
    rate=st.sampled_from([5, 7.5, 10, 12, 14.99, 15, 18, 20, 23.976, 24, 25, 29.97, 30, 48, 50, 59.94, 60]),
    gop=st.sampled_from([0.3, 1.0, 2.0, 3.7, 8.34, 60.0]),
    seconds=st.floats(1, 14),
    size=st.integers(0, 1),
    has_sound=st.booleans(),
    reorder=st.integers(0, 3),
    lost=st.sampled_from([0.0, 0.0, 0.02, 0.2]),
    stall=st.sampled_from([0.0, 0.0, 0.3, 1.8]),
    jump=st.sampled_from([0.0, 0.0, 0.0, 40.0, -9.0]),
    away=st.floats(0.1, 20),
    seed=st.integers(0, 99),
)


@hypothesis.settings(derandomize=True)
@hypothesis.given(
    sessions=st.lists(SESSIONS, min_size=1, max_size=4),
    target=st.sampled_from([2, 4, 10]),
    part_ms=st.sampled_from([100, 200, 333, 1000]),
)
def test_any_encoder_makes_playlists_that_keep_the_rules(
    settings: list[list[Tag]], sessions: list[Session], target: int, part_ms: int
) -> None:
    with show(settings, target_duration=target, window_seconds=4.0, part_ms=part_ms) as running:
        for session in sessions:
            running.run(session)
        running.stream.end()
        running.auditor.look()


def test_a_live_server_keeps_them_too(make_flv: FlvMaker, tmp_path: Path) -> None:
    """Over HTTP, with a recording behind it, as a client follows that waits for each part."""
    gate, archive = MemoryGate(recording=True), FileArchive(tmp_path)
    with Edge(gate=gate, archive=archive, target_duration=2, window_seconds=8.0) as edge:
        encoder = LiveEncoder(edge, make_flv(seconds=12, size="160x90"))
        eventually(lambda: gate.lives)
        seen = playlist(edge)
        with ThreadPoolExecutor() as pool:
            while seen.first_msn == 1 and seen.segments[-1].msn < 5:
                assert seen.hint is not None
                msn, part = (int(number) for number in seen.hint.removesuffix(".m4s").split("-")[1:])
                hinted = pool.submit(edge.get, seen.hint)
                newer = playlist(edge, f"?_HLS_msn={msn}&_HLS_part={part}")
                assert contains(newer, msn, part) and hinted.result(10).content[4:8] == b"moof"
                check_update(seen, newer)
                delta, whole = playlist(edge, "?_HLS_skip=YES"), playlist(edge)
                if delta.hint == whole.hint:
                    check_delta(newer, delta, whole)
                seen = newer
        [variant] = variants(edge.get("index.m3u8").text)
        assert variant["RESOLUTION"] == "160x90" and variant["FRAME-RATE"] == "30.000"
        assert edge.get("stream.m3u8?_HLS_part=0").status_code == 400
        assert edge.get(f"stream.m3u8?_HLS_msn={seen.segments[-1].msn + 4}").status_code == 400
        edge.call(edge.node.end, "stream")
        ended = playlist(edge, f"?_HLS_msn={seen.segments[-1].msn + 1}")
        check_update(seen, ended)
        assert ended.ended
        encoder.stop()


def playlist(edge: Edge, query: str = "") -> Playlist:
    answer = edge.get(f"stream.m3u8{query}")
    assert answer.status_code == 200, answer.text
    return check(answer.text)
