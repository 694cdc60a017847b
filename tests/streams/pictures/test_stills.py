"""C09: thumbnails of live broadcasts, and that nothing an encoder sends can hold them up."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.channels.models import Channel
from apps.streams import services, stills
from apps.streams.media.recording import init_name
from apps.streams.models import Broadcast
from tests import factories
from tests.streams.footage import INIT, footage, keep, record
from tests.streams.pictures.looking import BLUE, RED, due, is_near, thumbnail, thumbnails


def test_a_thumbnail_shows_the_newest_keyframe_in_two_sizes(broadcast):
    record(broadcast, RED)
    assert services.picture_live_broadcasts() == 1
    for width, size in ((640, (640, 360)), (320, (320, 180))):
        shown = thumbnail(broadcast, width)
        assert shown.size == size
        assert is_near(shown.getpixel((width // 2, 90)), (254, 0, 0))


@pytest.mark.parametrize(
    ("size", "inside", "outside"),
    [("180x320", (320, 180), (40, 180)), ("640x120", (320, 180), (320, 20)), ("16x16", (320, 180), (20, 20))],
)
def test_every_shape_keeps_its_proportions(broadcast, size, inside, outside):
    record(broadcast, f"color=c=blue:s={size}")
    services.picture_live_broadcasts()
    shown = thumbnail(broadcast)
    assert shown.size == (640, 360)
    assert is_near(shown.getpixel(inside), (0, 0, 254))
    assert is_near(shown.getpixel(outside), (0, 0, 0))


def test_one_turn_a_minute_however_often_it_rings(broadcast):
    record(broadcast, RED)
    assert [services.picture_live_broadcasts() for _ in range(3)] == [1, 0, 0]
    assert len(thumbnails(broadcast)) == 2
    due(broadcast)
    assert services.picture_live_broadcasts() == 1


def test_a_new_thumbnail_replaces_the_old_which_goes_soon(broadcast):
    record(broadcast, RED)
    services.picture_live_broadcasts()
    first = thumbnails(broadcast)
    record(broadcast, BLUE)
    for _ in range(services.pictures.KEPT):
        due(broadcast)
        services.picture_live_broadcasts()
    assert is_near(thumbnail(broadcast).getpixel((320, 90)), (0, 0, 254))
    assert len(thumbnails(broadcast)) == 2 * services.pictures.KEPT
    assert not set(first) & set(thumbnails(broadcast))


def test_names_cannot_be_guessed(broadcast):
    record(broadcast, RED)
    services.picture_live_broadcasts()
    broadcast.refresh_from_db()
    assert re.fullmatch(rf"thumbnails/{broadcast.pk.hex}/[0-9a-f]+-[0-9a-f]{{24}}", broadcast.picture)


def test_a_broadcast_without_a_whole_segment_has_its_turn_soon(broadcast):
    assert services.picture_live_broadcasts() == 1
    broadcast.refresh_from_db()
    assert broadcast.picture == ""
    assert timezone.now() - broadcast.pictured_at > services.pictures.EVERY - timedelta(seconds=6)


def test_one_that_goes_without_a_segment_for_long_has_a_turn_a_minute_like_all_others(broadcast):
    Broadcast.objects.update(started_at=timezone.now() - timedelta(minutes=5))
    assert services.picture_live_broadcasts() == 1
    broadcast.refresh_from_db()
    assert timezone.now() - broadcast.pictured_at < timedelta(seconds=30)
    assert services.picture_live_broadcasts() == 0


def test_who_is_not_live_or_suspended_gets_none(broadcast):
    record(broadcast, RED)
    Channel.objects.update(suspended_at=timezone.now())
    assert services.picture_live_broadcasts() == 0
    Channel.objects.update(suspended_at=None)
    services.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    assert services.picture_live_broadcasts() == 0


# What anybody may send

NAME = "0000001_0_2000_1795181766000_4_e000_k.m4s"


def hostile(kind: str) -> tuple[bytes, bytes]:
    """An init segment and a segment that are no picture of a decent kind."""
    init, segments = footage(RED)
    media = segments[0][1]
    match kind:
        case "noise":
            return init, bytes(range(256)) * 400
        case "nothing":
            return init, b""
        case "truncated":
            return init, media[: media.index(b"mdat") + 40]
        case "no init":
            return b"", media
        case "weird SPS":
            place = init.index(b"avcC") + 12
            return init[:place] + b"\xff" * 12 + init[place + 12 :], media
        case "8K":
            init, segments = footage("color=c=red:s=7680x4320", seconds=0.3)
            return init, segments[0][1]
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    ["noise", "nothing", "truncated", "no init", "weird SPS", "8K"],
)
def test_a_broken_stream_fails_alone_quietly_and_soon(broadcast, caplog, kind):
    init, media = hostile(kind)
    keep(broadcast, init_name(INIT), init)
    keep(broadcast, NAME, media)
    neighbour = factories.live(factories.channel())
    record(neighbour, BLUE)
    began = time.monotonic()
    with caplog.at_level("INFO", "apps.streams.services.pictures"):
        assert services.picture_live_broadcasts() == 2
    assert time.monotonic() - began < 30
    assert is_near(thumbnail(neighbour).getpixel((320, 180)), (0, 0, 254))
    broadcast.refresh_from_db()
    assert broadcast.picture == ""
    assert broadcast.pictured_at > timezone.now()  # it has to wait longer than the others
    lines = [line for line in caplog.records if str(broadcast.pk) in line.getMessage()]
    assert [line.levelname for line in lines] == ["INFO"]


def test_a_decoder_that_hangs_is_stopped(broadcast, monkeypatch, tmp_path):
    lazy = tmp_path / "ffmpeg"
    lazy.write_text("#!/bin/sh\nexec sleep 60\n")
    lazy.chmod(0o755)
    monkeypatch.setenv("FFMPEG_PATH", str(lazy))
    monkeypatch.setattr(stills, "_SECONDS", 1)
    init, segments = footage(RED)
    with pytest.raises(stills.NoStill, match="no picture after"):
        stills.still(init, segments[0][1])


def test_a_decoder_that_wants_much_memory_gets_none(monkeypatch):
    monkeypatch.setattr(stills, "_MEMORY_KB", 20_000)
    init, segments = footage(RED)
    with pytest.raises(stills.NoStill):
        stills.still(init, segments[0][1])


def test_only_the_part_with_the_keyframe_is_decoded():
    _, segments = footage(RED)
    fragment = stills.first_fragment(segments[0][1])
    assert fragment.count(b"moof") == 1
    assert 0 < len(fragment) < len(segments[0][1])


def test_a_storage_that_fails_is_the_next_minutes_trouble(broadcast, folders):
    names = record(broadcast, RED)
    for name in names:
        (folders / "recordings" / broadcast.pk.hex / name).unlink()
        (folders / "recordings" / broadcast.pk.hex / name).mkdir()
    assert services.picture_live_broadcasts() == 1
    broadcast.refresh_from_db()
    assert broadcast.picture == ""
