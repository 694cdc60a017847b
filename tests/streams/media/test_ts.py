"""Transport streams become the messages that the same encoder would have sent over RTMP."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest

from apps.streams.media import Refused
from apps.streams.media.flv import Tag
from apps.streams.media.ts.demuxer import TsDemuxer
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.studio import AUDIO, VIDEO, frames
from tests.streams.media.ts_muxer import AAC, H264, TsMuxer, adts, mux
from tests.streams.media.ts_muxer import VIDEO as VIDEO_PID


@dataclass
class Basket:
    video: list[tuple[int, bytes]] = field(default_factory=list)
    audio: list[tuple[int, bytes]] = field(default_factory=list)
    metadata: list[dict[str, Any]] = field(default_factory=list)

    def on_video(self, timestamp: int, body: bytes | bytearray) -> None:
        self.video.append((timestamp, bytes(body)))

    def on_audio(self, timestamp: int, body: bytes | bytearray) -> None:
        self.audio.append((timestamp, bytes(body)))

    def on_metadata(self, properties: dict[str, Any]) -> None:
        self.metadata.append(properties)


def demuxed(data: bytes, *, size: int = 1316) -> Basket:
    basket = Basket()
    demuxer = TsDemuxer(basket, encoder="test", max_unit=4_000_000)
    for at in range(0, len(data), size):
        demuxer.feed(data[at : at + size])
    return basket


def bodies(tags: list[Tag], kind: int) -> list[bytes]:
    return [tag.body for tag in tags if tag.kind == kind]


@pytest.mark.parametrize("size", [1316, 188, 1456, 7, 1_000_000])
def test_the_messages_are_those_of_rtmp(make_flv: FlvMaker, size: int) -> None:
    tags = make_flv(seconds=3)
    basket = demuxed(b"".join(mux(tags, sized=True)), size=size)
    config, *pictures = basket.video
    assert config[1] == bodies(tags, VIDEO)[0], "the same configuration record"
    sent = [tag for tag in frames(tags) if tag.kind == VIDEO]
    assert pictures == [(tag.timestamp, tag.body) for tag in sent]
    assert [body for _, body in basket.audio[1:]] == bodies(frames(tags), AUDIO)
    assert basket.audio[0][1] == bytes.fromhex("af001190")
    assert basket.metadata == [{"encoder": "test", "audiocodecid": 10.0}]


def test_units_of_unknown_length_end_where_the_next_begins(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=3)
    sent = [tag.body for tag in frames(tags) if tag.kind == VIDEO]
    assert [body for _, body in demuxed(b"".join(mux(tags))).video[1:]] == sent[:-1]


def test_the_clock_goes_round_without_a_jump(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=3)
    times = [time for time, _ in demuxed(b"".join(mux(tags, start=(1 << 33) - 90_000))).video[1:]]
    steps = [after - before for before, after in pairwise(times)]
    assert {*steps} <= {33, 34}


def test_a_frame_that_misses_a_packet_is_left_out_and_no_other(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=3)
    units = mux(tags)
    whole = demuxed(b"".join(units))
    broken = next(n for n, unit in enumerate(units) if n > 40 and len(unit) > 5 * 188)
    units[broken] = units[broken][:376] + units[broken][564:]
    seen = demuxed(b"".join(units))
    assert len(seen.video) == len(whole.video) - 1
    assert seen.audio == whole.audio
    assert {*seen.video} < {*whole.video}


def test_junk_between_packets_is_passed_over(make_flv: FlvMaker) -> None:
    tags = make_flv(seconds=3)
    noise = random.Random(5)
    units = mux(tags)
    whole = demuxed(b"".join(units))
    data = b"".join(noise.randbytes(noise.randrange(60)).replace(b"G", b"g") + unit for unit in units)
    assert demuxed(data, size=len(data)).video == whole.video


def test_a_picture_is_sent_twice_and_taken_once(make_flv: FlvMaker) -> None:
    units = mux(make_flv(seconds=3))
    data = b"".join(units)
    twice = b"".join(data[at : at + 188] * 2 for at in range(0, len(data), 188))
    assert demuxed(twice).video == demuxed(data).video


def test_sound_may_begin_in_one_unit_and_end_in_the_next() -> None:
    muxer = TsMuxer()
    frames = [adts(bytes([number]) * 300) for number in range(20)]
    stream = b"".join(frames)
    data = muxer.tables()
    for number in range(6):
        data += muxer.unit(
            0x101, 90_000 + number * 6144, stream[number * 1000 : number * 1000 + 1000], sized=True
        )
    basket = demuxed(data)
    assert [body[2:] for _, body in basket.audio[1:]] == [frame[7:] for frame in frames[:19]]


@pytest.mark.parametrize(
    ("streams", "code", "words"),
    [
        ([(0x24, VIDEO_PID, b"")], "UNSUPPORTED_VIDEO_CODEC", "HEVC video"),
        ([(0x06, VIDEO_PID, b"\x05\x04AV01")], "UNSUPPORTED_VIDEO_CODEC", "AV1 video"),
        ([(H264, VIDEO_PID, b""), (0x06, 0x101, b"\x05\x04Opus")], "UNSUPPORTED_AUDIO_CODEC", "Opus audio"),
        ([(H264, VIDEO_PID, b""), (0x06, 0x101, b"\x52\x01\0\x6a\x01\0")], "UNSUPPORTED_AUDIO_CODEC", "AC-3"),
        ([(H264, VIDEO_PID, b""), (0x11, 0x101, b"")], "UNSUPPORTED_AUDIO_CODEC", "AAC in LATM audio"),
    ],
)
def test_other_codecs_are_refused_by_name(streams: list[Any], code: str, words: str) -> None:
    with pytest.raises(Refused, match=words) as refusal:
        demuxed(TsMuxer(streams).tables())
    assert refusal.value.code == code


def test_subtitles_and_second_tracks_disturb_nobody(make_flv: FlvMaker) -> None:
    streams = [(0x06, 0x110, b"\x56\x00"), (H264, VIDEO_PID, b""), (AAC, 0x101, b""), (0x81, 0x120, b"")]
    assert demuxed(TsMuxer(streams).tables()).metadata == [{"encoder": "test", "audiocodecid": 10.0}]


@pytest.mark.parametrize("name", ["scrambled", "too large", "too many pieces", "no transport stream"])
def test_what_cannot_be_read_is_refused(name: str) -> None:
    muxer = TsMuxer()
    data = {
        "scrambled": muxer.tables() + b"\x47\x01\x00\x90" + bytes(184),
        "too large": muxer.tables() + muxer.unit(VIDEO_PID, 0, bytes(4_100_000)),
        "too many pieces": muxer.tables() + muxer.unit(VIDEO_PID, 0, b"\0\0\1\x41" * 1100, sized=True),
        "no transport stream": bytes(100_000),
    }[name]
    with pytest.raises(Refused):
        demuxed(data)
