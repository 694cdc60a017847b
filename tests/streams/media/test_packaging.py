"""What becomes of an encoder's frames: parts, segments and a timeline that foreign readers agree with."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from apps.streams.media import Refused, Resume, playlists
from apps.streams.media.codecs import CodecError, read_aac, read_avc
from apps.streams.media.flv import Tag
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.playlist_rules import check
from tests.streams.media.studio import AUDIO, VIDEO, Studio, frames, headers, runs

Probe = Callable[..., str]
LONG_WINDOW: dict[str, Any] = {"window_seconds": 3600.0}


def packets(probe: Probe, data: bytes) -> dict[str, list[dict[str, float]]]:
    """Every packet's pts, dts and duration in seconds by track kind, as ffprobe reads them."""
    text = probe(data, "-show_entries", "packet=codec_type,pts_time,dts_time,duration_time", "-of", "json")
    found: dict[str, list[dict[str, float]]] = {"video": [], "audio": []}
    for packet in json.loads(text)["packets"]:
        found[packet["codec_type"]].append(
            {name: float(packet[f"{name}_time"]) for name in ("pts", "dts", "duration")}
        )
    return found


def assert_rising(track: list[dict[str, float]]) -> None:
    for before, after in itertools.pairwise(track):
        assert after["dts"] > before["dts"]
        assert after["pts"] >= after["dts"] - 1e-6


def assert_seamless(data: bytes, *, holes: int = 0) -> None:
    """In both tracks every fragment begins exactly where the one before ended, but for `holes` of them."""
    for track in runs(data).values():
        assert (
            sum(start + length != after for (start, length), (after, _) in itertools.pairwise(track)) <= holes
        )
        assert all(start + length <= after for (start, length), (after, _) in itertools.pairwise(track))


def test_a_foreign_reader_finds_every_frame_at_its_time(make_flv: FlvMaker, probe: Probe) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = make_flv(seconds=6)
    studio.play(tags)
    found = packets(probe, studio.whole())
    pictures = [tag for tag in frames(tags) if tag.kind == VIDEO]
    assert len(found["video"]) == len(pictures) == 180
    assert_seamless(studio.whole())
    assert_rising(found["video"])
    assert_rising(found["audio"])
    assert [p["dts"] for p in found["video"]] == [tag.timestamp / 1000 for tag in pictures]
    offsets = [int.from_bytes(tag.body[2:5], "big", signed=True) / 1000 for tag in pictures]
    assert [round(p["pts"] - p["dts"], 3) for p in found["video"]] == offsets
    assert max(offsets) > 0, "the stream has B-frames"
    assert found["audio"][0]["pts"] == pytest.approx(found["video"][0]["dts"], abs=0.025)
    assert found["audio"][-1]["pts"] == pytest.approx(6, abs=0.06)


@pytest.mark.parametrize("rate", ["24", "25", "30000/1001", "30", "50", "60", "15"])
def test_parts_keep_the_rules_at_every_usual_frame_rate(make_flv: FlvMaker, rate: str) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=5, rate=rate, gop=round(2 * eval(rate))))
    assert len(studio.seen) > 20
    assert studio.seen[-1].part_target == pytest.approx(0.21)


def test_very_slow_pictures_stretch_the_part_target_before_it_is_told(make_flv: FlvMaker) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=8, rate="3", gop=6))
    assert studio.seen[-1].part_target == pytest.approx(0.351)


def test_the_first_segment_is_short_and_the_next_keyframe_cuts(make_flv: FlvMaker) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=6, gop=60))
    durations = [segment.duration_ms for segment in studio.window.segments]
    assert durations == [600, 1400, 2000, 2000]
    assert [segment.independent for segment in studio.window.segments] == [True, False, True, True]
    first = studio.seen[0]
    assert first.segments[0].msn == 1, "hls.js forgets the parts of segment 0"
    assert "#EXT-X-INDEPENDENT-SEGMENTS" not in first.tags or len(first.segments) == 1


def test_a_long_group_of_pictures_is_one_segment_and_who_comes_early_begins_at_its_keyframe(
    make_flv: FlvMaker,
) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=18, gop=250, rate="30", size="160x90"))
    assert [segment.duration_ms for segment in studio.window.segments] == [600, 7734, 8333, 1333]
    early = [seen for seen in studio.seen if len(seen.segments) == 2]
    assert all("#EXT-X-START" in seen.tags for seen in early)
    assert "#EXT-X-START" not in studio.seen[-1].tags


def test_an_endless_group_of_pictures_is_cut_at_the_target_duration(make_flv: FlvMaker) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=24, gop=10_000, size="160x90"))
    durations = [segment.duration_ms for segment in studio.window.segments]
    assert max(durations) <= 10_499 and sum(durations) == 24_000


def test_scene_cuts_do_not_make_tiny_segments(make_flv: FlvMaker) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=5, gop=5))
    assert all(segment.duration_ms >= 1000 for segment in list(studio.window.segments)[2:-1])


def test_nothing_drifts_and_clocks_may_wrap(make_flv: FlvMaker, probe: Probe) -> None:
    """Twenty minutes in encoder time, across the end of its 32-bit clock."""
    studio = Studio(window_seconds=4.0)
    tags = make_flv(seconds=2, size="160x90", rate="5", gop=10)
    publisher = studio.connect()
    step, start = 2000, (1 << 32) - 600_000
    studio.feed(publisher, headers(tags))
    body = [tag for tag in frames(tags) if tag.timestamp < 2000]
    sound = [tag for tag in body if tag.kind == AUDIO]
    pictures = [tag for tag in body if tag.kind == VIDEO]
    total = 1_200_000
    frame = 0
    for lap in range(total // step):
        base = start + lap * step
        for picture in pictures:
            publisher.on_video((base + picture.timestamp) & 0xFFFFFFFF, picture.body)
            while frame * 1024 * 1000 // 48000 <= lap * step + picture.timestamp:
                at = start + frame * 1024 * 1000 // 48000
                publisher.on_audio(at & 0xFFFFFFFF, sound[frame % len(sound)].body)
                frame += 1
    studio.stream.detach()
    assert studio.stream.packager.end_ms == total
    assert_seamless(studio.whole())
    found = packets(probe, studio.whole())
    assert_rising(found["video"])
    assert found["audio"][-1]["pts"] == pytest.approx(total / 1000, abs=0.06)
    assert found["video"][-1]["dts"] == pytest.approx(total / 1000, abs=0.25), "a picture takes 0.2 s"


def test_an_encoder_that_comes_back_continues_the_timeline(make_flv: FlvMaker, probe: Probe) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = make_flv(seconds=3)
    studio.play(tags)
    studio.clock.now += 7
    studio.play(tags, shift=123_456)
    assert [segment.discontinuity for segment in studio.window.segments] == [False, False, False, True, False]
    assert len({segment.init for segment in studio.window.segments}) == 1, (
        "the same codec settings, the same MAP"
    )
    assert_rising(packets(probe, studio.whole())["video"])
    assert_seamless(studio.whole(), holes=1)
    first, second = (studio.window.segments[index].wall_ms for index in (0, 3))
    assert second - first == pytest.approx(10_000, abs=100), "the date is that of the second start"


def test_dates_never_run_backwards(make_flv: FlvMaker) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = make_flv(seconds=3)
    for _ in range(2):
        began = studio.clock.now
        studio.play(tags)
        studio.clock.now = began + 0.5  # the encoder sent three seconds in half a second
    ends = [segment.wall_ms + segment.duration_ms for segment in studio.window.segments]
    starts = [segment.wall_ms for segment in studio.window.segments]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


def test_another_resolution_gets_its_own_map(make_flv: FlvMaker, probe: Probe) -> None:
    studio = Studio(**LONG_WINDOW)
    studio.play(make_flv(seconds=3))
    studio.play(make_flv(seconds=3, size="640x360"))
    assert {segment.map for segment in studio.seen[-1].segments} == {"e0-init0.mp4", "e0-init1.mp4"}
    shown = probe(studio.whole(init=1), "-show_entries", "stream=width,height", "-of", "csv=p=0")
    assert "640,360" in shown


def test_settings_that_change_in_mid_session_begin_a_new_stretch(make_flv: FlvMaker) -> None:
    studio = Studio(**LONG_WINDOW)
    small, large = make_flv(seconds=3), make_flv(seconds=3, size="640x360")
    publisher = studio.connect()
    studio.feed(publisher, small)
    studio.feed(publisher, [replace(tag, timestamp=tag.timestamp + 3000) for tag in large if tag.kind != 18])
    studio.stream.detach()
    assert [segment.discontinuity for segment in studio.window.segments] == [False, False, False, True, False]
    assert studio.window.segments[-1].init == 1


@pytest.mark.parametrize("jump", [60_000, -60_000, 3_000_000_000])
def test_a_clock_that_jumps_makes_a_discontinuity_and_no_hole(
    make_flv: FlvMaker, probe: Probe, jump: int
) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = make_flv(seconds=6)
    moved = [replace(t, timestamp=(t.timestamp + jump * (t.timestamp > 3500)) & 0xFFFFFFFF) for t in tags]
    studio.play(moved)
    assert sum(segment.discontinuity for segment in studio.window.segments) == 1
    assert studio.stream.packager.end_ms == pytest.approx(6000, abs=100)
    assert studio.stream.info().keyframe_interval == pytest.approx(2, abs=0.1)
    assert_rising(packets(probe, studio.whole())["audio"])
    assert_seamless(studio.whole(), holes=1)


def test_pictures_with_equal_or_falling_times_are_flattened(make_flv: FlvMaker, probe: Probe) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = [
        replace(t, timestamp=t.timestamp - 60) if t.kind == VIDEO and 1000 < t.timestamp < 1050 else t
        for t in make_flv(seconds=3)
    ]
    studio.play(tags)
    assert_rising(packets(probe, studio.whole())["video"])
    assert_seamless(studio.whole())


def test_missing_sound_is_replaced_by_silence(make_flv: FlvMaker, probe: Probe) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = make_flv(seconds=6)
    studio.play([tag for tag in tags if tag.kind != AUDIO or not 2000 < tag.timestamp < 4000])
    found = packets(probe, studio.whole())
    assert_seamless(studio.whole())
    assert found["audio"][-1]["pts"] == pytest.approx(6, abs=0.06)
    parts = [part for segment in studio.window.segments for part in segment.parts]
    assert all(b"traf" in part.data for part in parts)


@pytest.mark.parametrize("channels", [1, 2])
def test_the_silence_we_put_in_can_be_decoded(make_flv: FlvMaker, probe: Probe, channels: int) -> None:
    studio = Studio(**LONG_WINDOW)
    tags = make_flv(seconds=4, sound=f"-c:a aac -ar 44100 -ac {channels}")
    studio.play([tag for tag in tags if tag.kind != AUDIO or tag.body[1] == 0 or tag.timestamp > 3000])
    text = probe(studio.whole(), "-show_frames", "-select_streams", "a", "-show_entries", "frame=nb_samples")
    assert text.count("nb_samples=1024") > 4 * 42 - 12


def test_a_stream_without_sound_gets_a_silent_track(make_flv: FlvMaker, probe: Probe) -> None:
    studio = Studio(**LONG_WINDOW)
    studio.play(make_flv(seconds=3, sound=None))
    assert 'mp4a.40.2"' in studio.stream.multivariant().decode()
    found = packets(probe, studio.whole())
    assert_seamless(studio.whole())
    assert found["audio"][-1]["pts"] == pytest.approx(3, abs=0.03)
    for segment in studio.window.segments:  # no part keeps a player waiting for sound
        assert all(part.data.count(b"traf") == 2 for part in segment.parts)


def test_sound_that_comes_or_goes_with_another_encoder_changes_no_tracks(make_flv: FlvMaker) -> None:
    studio = Studio(**LONG_WINDOW)
    for sound in ("-c:a aac -ar 44100 -ac 1", None, "-c:a aac -ar 44100 -ac 2"):
        studio.play(make_flv(seconds=3, sound=sound))
    assert [init.data.count(b"trak") for init in studio.window.inits.values()] == [2, 2, 2]


def test_sound_whose_settings_come_late_is_waited_for(make_flv: FlvMaker) -> None:
    studio = Studio()
    tags = [tag for tag in make_flv(seconds=3) if tag.kind != 18]
    late = [tag for tag in tags if tag.kind != AUDIO or tag.timestamp > 200]
    config = next(tag for tag in tags if tag.kind == AUDIO)
    late.insert(6, config)
    studio.play(late)
    assert len(studio.window.inits) == 1
    assert studio.stream.publisher is not None and studio.stream.publisher.audio is not None


def test_sound_alone_is_refused_with_a_reason(make_flv: FlvMaker) -> None:
    studio = Studio()
    with pytest.raises(Refused) as refused:
        studio.play(make_flv(seconds=8, video=None))
    assert refused.value.code == "NO_VIDEO"


def test_the_multivariant_playlist_tells_the_truth(make_flv: FlvMaker) -> None:
    studio = Studio()
    studio.play(make_flv(seconds=5))
    text = studio.stream.multivariant().decode()
    assert "RESOLUTION=320x180" in text and "FRAME-RATE=30.000" in text and 'mp4a.40.2"' in text
    average = int(text.split("AVERAGE-BANDWIDTH=")[1].split(",")[0])
    size = sum(segment.size for segment in studio.window.segments)
    assert average == pytest.approx(size * 8 / 5, rel=0.01)
    peak = int(text.split("BANDWIDTH=")[1].split(",")[0])
    for segment in studio.window.segments:
        assert segment.size * 8000 / segment.duration_ms <= peak


def test_the_window_is_bounded_in_time_and_the_sequence_goes_on(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=8.0, target_duration=2)
    tags = make_flv(seconds=6, size="160x90")
    for _ in range(5):
        studio.play(tags)
    listed = studio.window.listed()
    assert 8000 <= sum(segment.duration_ms for segment in listed) < 8000 + 2 * 2000
    assert sum(segment.duration_ms for segment in studio.window.segments) <= 14_000 + 2 * 2000
    assert studio.window.size == sum(segment.size for segment in studio.window.segments)
    assert len(studio.window.inits) == 1
    assert studio.window.discontinuity_sequence >= 3


def test_the_playlist_is_long_enough_for_plain_players(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=5.0)
    for _ in range(3):
        studio.play(make_flv(seconds=20, size="160x90"))
    last = studio.seen[-1]
    listed = sum(segment.duration or 0 for segment in last.segments)
    assert listed >= float(last.control["HOLD-BACK"]) + 8


def test_the_window_is_bounded_in_bytes(make_flv: FlvMaker) -> None:
    studio = Studio(window_max_bytes=700_000, is_heavy=True)
    studio.play(make_flv(seconds=18, video="-c:v libx264 -preset ultrafast -b:v 800k -pix_fmt yuv420p"))
    assert studio.window.size <= 700_000 + max(segment.size for segment in studio.window.segments)
    assert len(studio.window.segments) >= 3


def test_media_without_time_is_refused_before_it_fills_the_memory(make_flv: FlvMaker) -> None:
    studio = Studio(pending_max_bytes=50_000)
    tags = [replace(tag, timestamp=tag.timestamp // 1000) for tag in make_flv(seconds=6)]
    with pytest.raises(Refused) as refused:
        studio.play(tags)
    assert refused.value.code == "MEDIA_TOO_LARGE"


def test_a_restarted_node_goes_on_where_the_recording_ends(make_flv: FlvMaker) -> None:
    studio = Studio(resume=Resume(next_msn=40, next_time_ms=80_000, discontinuity_sequence=3))
    studio.play(make_flv(seconds=3))
    first = studio.seen[0]
    assert first.segments[0].msn == 40 and first.segments[0].discontinuity
    assert first.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "3"
    assert studio.stream.packager.end_ms == pytest.approx(83_000, abs=25)


def test_a_delta_update_leaves_out_what_is_old_and_no_more(make_flv: FlvMaker) -> None:
    studio = Studio(window_seconds=90.0)
    tags = make_flv(seconds=20, size="160x90")
    for _ in range(5):
        studio.play(tags)
    full = check(playlists.media(studio.window, skip=False).decode())
    delta = check(playlists.media(studio.window, skip=True).decode())
    assert delta.skipped > 0
    rest = full.segments[delta.skipped :]
    assert [(s.msn, s.uri, s.duration) for s in delta.segments] == [(s.msn, s.uri, s.duration) for s in rest]
    assert sum(segment.duration or 0 for segment in rest) >= 60


@pytest.mark.parametrize("record", [b"", b"\x01", bytes(40), bytes.fromhex("0164001fffe100046764001f")])
def test_damaged_h264_settings_are_refused(record: bytes) -> None:
    with pytest.raises(CodecError):
        read_avc(record)


@pytest.mark.parametrize("record", [b"", b"\x12", b"\xff\xff", b"\x12\xf8"])
def test_damaged_aac_settings_are_refused(record: bytes) -> None:
    with pytest.raises(CodecError):
        read_aac(record)


@pytest.mark.parametrize(
    ("record", "codec", "rate", "channels"),
    [
        ("1190", "mp4a.40.2", 48000, 2),
        ("1208", "mp4a.40.2", 44100, 1),
        ("2b8a0800", "mp4a.40.5", 22050, 1),
    ],
)
def test_aac_settings_are_read(record: str, codec: str, rate: int, channels: int) -> None:
    config = read_aac(bytes.fromhex(record))
    assert (config.codec, config.sample_rate, config.channels) == (codec, rate, channels)


@pytest.mark.parametrize("size", ["1920x1080", "1366x768", "720x1280"])
@pytest.mark.parametrize("profile", ["baseline", "high", "high444 -pix_fmt yuv444p"])
def test_picture_sizes_are_read_as_they_are(make_flv: FlvMaker, size: str, profile: str) -> None:
    tags = make_flv(
        seconds=0.1,
        size=size,
        sound=None,
        video=f"-c:v libx264 -preset ultrafast -pix_fmt yuv420p -profile:v {profile}",
    )
    config = next(tag for tag in tags if tag.kind == VIDEO)
    avc = read_avc(config.body[5:])
    assert f"{avc.width}x{avc.height}" == size and avc.frame_rate == 30


@pytest.mark.parametrize(
    ("kind", "body", "code", "named"),
    [
        (VIDEO, b"\x1c\x00\x00\x00\x00x", "UNSUPPORTED_VIDEO_CODEC", "HEVC"),
        (VIDEO, b"\x90hvc1x", "UNSUPPORTED_VIDEO_CODEC", "HEVC"),
        (VIDEO, b"\x90av01x", "UNSUPPORTED_VIDEO_CODEC", "AV1"),
        (VIDEO, b"\x90????", "UNSUPPORTED_VIDEO_CODEC", "This kind of"),
        (VIDEO, b"\x12x", "UNSUPPORTED_VIDEO_CODEC", "Sorenson"),
        (VIDEO, b"\x17\x00", "MALFORMED_MEDIA", "not H.264"),
        (VIDEO, b"\x17\x00\x00\x00\x00junk", "MALFORMED_MEDIA", "settings"),
        (AUDIO, b"\x2fx", "UNSUPPORTED_AUDIO_CODEC", "MP3"),
        (AUDIO, b"\xb2x", "UNSUPPORTED_AUDIO_CODEC", "Speex"),
        (AUDIO, b"\x90Opus", "UNSUPPORTED_AUDIO_CODEC", "Opus"),
        (AUDIO, b"\xd0x", "UNSUPPORTED_AUDIO_CODEC", "Opus"),
        (AUDIO, b"\xaf\x00", "MALFORMED_MEDIA", "settings"),
    ],
)
def test_what_we_cannot_serve_is_named_in_the_refusal(kind: int, body: bytes, code: str, named: str) -> None:
    studio = Studio()
    with pytest.raises(Refused) as refused:
        studio.play([Tag(kind, 0, body)])
    assert refused.value.code == code and named in refused.value.message


def test_a_clock_that_jumps_all_the_time_is_refused(make_flv: FlvMaker) -> None:
    studio = Studio()
    tags = make_flv(seconds=6)
    wild = [replace(tag, timestamp=tag.timestamp + 10_000 * number) for number, tag in enumerate(tags)]
    with pytest.raises(Refused) as refused:
        studio.play(wild)
    assert refused.value.code == "BAD_TIMESTAMPS"


def test_sound_frames_of_impossible_size_are_refused(make_flv: FlvMaker) -> None:
    studio = Studio()
    with pytest.raises(Refused) as refused:
        studio.play([*make_flv(seconds=1), Tag(AUDIO, 1000, b"\xaf\x01" + bytes(20_000))])
    assert refused.value.code == "MALFORMED_MEDIA"


def test_heavy_pictures_that_wait_for_sound_are_bounded(make_flv: FlvMaker) -> None:
    studio = Studio(pending_max_bytes=20_000)
    heavy = [tag for tag in make_flv(seconds=3) if tag.kind == VIDEO]
    with pytest.raises(Refused) as refused:
        studio.play(heavy)
    assert refused.value.code == "MEDIA_TOO_LARGE"
