"""C09: thumbnails and storyboards of live broadcasts, and that nothing an encoder sends can hold them up."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage, storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image

from apps.channels.models import Channel
from apps.channels.services import delete_channel
from apps.core.errors import Unavailable
from apps.streams import services, stills
from apps.streams.media.recording import init_name
from apps.streams.models import Broadcast, still_name
from tests import factories
from tests.streams.footage import INIT, footage, keep, record

RED, BLUE = "color=c=red:s=640x360", "color=c=blue:s=640x360"


@pytest.fixture(autouse=True)
def folders(settings, tmp_path: Path) -> Iterator[Path]:
    """Storages of this test's own."""
    base = settings.STORAGES["recordings"]
    settings.STORAGES = settings.STORAGES | {
        "recordings": base | {"OPTIONS": {"location": tmp_path / "recordings", "allow_overwrite": True}},
        "default": base | {"OPTIONS": {"location": tmp_path / "media", "base_url": "/media/"}},
    }
    yield tmp_path


@pytest.fixture
def broadcast(channel: Channel) -> Broadcast:
    return factories.live(channel)


def name_at(second: int) -> str:
    """What a segment is called that begins at this second of the stream."""
    return f"{second:07d}_{second * 1000}_2000_{1795181766000 + second * 1000}_4_e000_k.m4s"


def due(broadcast: Broadcast) -> None:
    """A minute later."""
    Broadcast.objects.filter(pk=broadcast.pk).update(pictured_at=timezone.now() - services.pictures.EVERY)


def thumbnails(broadcast: Broadcast) -> list[str]:
    try:
        return sorted(default_storage.listdir(f"thumbnails/{broadcast.pk.hex}")[1])
    except FileNotFoundError:
        return []


def picture(data: bytes) -> Image.Image:
    opened = Image.open(io.BytesIO(data))
    assert opened.format == "WEBP"
    return opened.convert("RGB")


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    return all(abs(one - other) < 24 for one, other in zip(pixel, colour, strict=True))  # type: ignore[call-overload]


def thumbnail(broadcast: Broadcast, width: int = 640) -> Image.Image:
    broadcast.refresh_from_db()
    with default_storage.open(still_name(broadcast.picture, width)) as file:
        return picture(file.read())


# One still


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


# The storyboard


def test_a_storyboard_has_a_still_for_every_ten_seconds(broadcast, client):
    record(broadcast, RED, seconds=42)
    services.picture_live_broadcasts()
    sheet = broadcast.sheets.get()
    assert [start for start, _ in sheet.tiles] == [0, 10_000, 20_000, 30_000, 40_000]
    assert sheet.tiles[1][1] - sheet.tiles[0][1] == 10_000
    index = client.get(services.storyboard_url(broadcast=broadcast))
    assert index["Access-Control-Allow-Origin"] == "*"
    assert index.json() == {
        "width": 160,
        "height": 90,
        "sheets": [{"file": sheet.file, "tiles": sheet.tiles}],
    }
    file = client.get(index.request["PATH_INFO"].replace("index.json", sheet.file))
    assert file["Content-Type"] == "image/webp"
    assert "private" in file["Cache-Control"]
    shown = picture(file.content)
    assert shown.size == (5 * 160, 90)
    assert is_near(shown.getpixel((4 * 160 + 80, 45)), (254, 0, 0))
    due(broadcast)
    services.picture_live_broadcasts()
    assert broadcast.sheets.count() == 1, "nothing new has come"


def test_after_a_long_silence_the_newest_stills_come_and_no_more_than_a_few(broadcast):
    _, segments = footage(RED)
    data = segments[0][1]
    record(broadcast, RED)
    for second in range(10, 600, 2):
        keep(broadcast, name_at(second), data)
    services.picture_live_broadcasts()
    starts = [start for start, _ in broadcast.sheets.get().tiles]
    assert len(starts) == services.pictures.TILES_AT_ONCE
    assert starts[-1] == 590_000


def test_what_is_two_hours_old_goes(broadcast, folders):
    _, segments = footage(RED)
    record(broadcast, RED)
    services.picture_live_broadcasts()
    old = broadcast.sheets.get()
    late = 3 * 3600
    keep(broadcast, name_at(late), segments[0][1])
    due(broadcast)
    services.picture_live_broadcasts()
    assert [sheet.start_ms for sheet in broadcast.sheets.all()] == [late * 1000]
    assert not storages["recordings"].exists(f"{broadcast.pk.hex}/{old.file}")


def test_a_storyboard_needs_the_grant_of_its_picture(broadcast, client, settings):
    record(broadcast, RED)
    services.picture_live_broadcasts()

    def grant(of: Broadcast) -> str:
        return services.storyboard_url(broadcast=of).split("/")[2]

    good = services.storyboard_url(broadcast=broadcast)
    own = good.split("/")[2]
    anothers = grant(factories.live(factories.channel()))
    settings.PLAYBACK_GRANT_SECONDS = -1
    expired = grant(broadcast)
    sheet = good.replace("index.json", broadcast.sheets.get().file)
    assert client.get(sheet).status_code == 200
    for wrong in ("-", "nonsense", anothers, expired):
        for path in (good, sheet):
            assert client.get(path.replace(own, wrong)).status_code == 403, wrong


def test_a_grant_for_pictures_opens_no_segment_and_no_other_folder(broadcast, client):
    names = record(broadcast, RED)
    services.picture_live_broadcasts()
    good = services.storyboard_url(broadcast=broadcast)
    for name in (*names, init_name(INIT), "still_0_00.webp", "..%2F..%2Fsecret", "index.m3u8"):
        assert client.get(good.replace("index.json", name)).status_code == 404


def test_a_storyboard_ends_with_its_broadcast_and_with_its_channels_good_name(broadcast, client):
    record(broadcast, RED)
    services.picture_live_broadcasts()
    url = services.storyboard_url(broadcast=broadcast)
    Channel.objects.update(suspended_at=timezone.now())
    assert client.get(url).status_code == 404
    Channel.objects.update(suspended_at=None)
    services.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    assert client.get(url).status_code == 404


# The end


def test_the_last_thumbnail_stays_for_the_archive_and_everything_else_goes(broadcast):
    record(broadcast, RED)
    for _ in range(2):
        due(broadcast)
        services.picture_live_broadcasts()
    services.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    services.tidy_pictures(broadcast)
    assert is_near(thumbnail(broadcast).getpixel((9, 9)), (254, 0, 0))
    assert len(thumbnails(broadcast)) == 2
    assert broadcast.sheets.count() == 0
    files = storages["recordings"].listdir(broadcast.pk.hex)[1]
    assert not [name for name in files if name.startswith("still_")]
    assert [name for name in files if name.endswith(".m4s")], "the recording itself is untouched"
    services.tidy_pictures(broadcast)
    assert len(thumbnails(broadcast)) == 2


def test_the_sweeper_finds_what_a_lost_end_left(broadcast):
    record(broadcast, RED)
    for _ in range(2):
        due(broadcast)
        services.picture_live_broadcasts()
    services.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    assert services.sweep_pictures() == 0
    assert (len(thumbnails(broadcast)), broadcast.sheets.count()) == (2, 0)


def test_a_storage_out_of_reach_is_no_missing_file(broadcast, monkeypatch):
    class Away:
        def read(self, path: str) -> bytes:
            raise ConnectionError("no route to the bucket")

    assert services.storyboard_sheet(broadcast.pk, "still_0_ab.webp") is None
    monkeypatch.setattr(services.pictures, "recordings_archive", Away)
    with pytest.raises(Unavailable):
        services.storyboard_sheet(broadcast.pk, "still_0_ab.webp")
    index = services.storyboard_url(broadcast=broadcast)
    answer = Client().get(index.replace("index.json", "still_0_ab.webp"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_however_many_folders_there_are_a_query_names_some_hundred(broadcast):
    record(broadcast, RED)
    services.picture_live_broadcasts()
    for number in range(1300):
        (Path(default_storage.location) / "thumbnails" / f"{number:032x}").mkdir()
    with CaptureQueriesContext(connection) as queries:
        assert services.sweep_pictures() == 1300
    assert max(query["sql"].count(",") for query in queries) < 600
    assert default_storage.listdir("thumbnails")[0] == [broadcast.pk.hex]


def test_thumbnails_go_with_their_channel(broadcast):
    default_storage.save("thumbnails/readme/kept.txt", io.BytesIO(b"not ours"))
    record(broadcast, RED)
    services.picture_live_broadcasts()
    services.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    channel = broadcast.channel
    delete_channel(actor=channel.owner, channel=channel, confirmation=channel.slug)
    assert services.sweep_pictures() == 1
    assert default_storage.listdir("thumbnails")[0] == ["readme"]


# Where they are shown


@pytest.fixture
def pictured(broadcast: Broadcast) -> Broadcast:
    record(broadcast, RED)
    services.picture_live_broadcasts()
    broadcast.refresh_from_db()
    return broadcast


def test_a_thumbnail_is_on_the_card_the_player_the_link_and_in_the_api(pictured, client: Client):
    small, large = (f"/media/{still_name(pictured.picture, width)}" for width in (320, 640))
    assert f'<img src="{small}"' in client.get("/").content.decode()
    page = client.get(f"/streams/{pictured.channel.slug}").content.decode()
    assert f'poster="{large}"' in page
    assert f'property="og:image" content="http://testserver{large}"' in page
    assert 'data-storyboard-url="/stills/' in page
    body = client.get(f"/api/streams/{pictured.pk}").json()
    assert body["thumbnailUrl"] == large
    assert body["storyboardUrl"].startswith("/stills/")
    hls = client.get(f"/api/streams/{pictured.pk}/hls").json()
    assert client.get(hls["storyboardUrl"]).status_code == 200


def test_without_a_still_a_banner_stands_in(broadcast, client):
    assert client.get(f"/api/streams/{broadcast.pk}").json()["thumbnailUrl"] == ""
    Channel.objects.update(banner="banners/x.webp")
    assert client.get(f"/api/streams/{broadcast.pk}").json()["thumbnailUrl"] == "/media/banners/x.webp"
    assert "/media/banners/x.webp" in client.get("/").content.decode()


def test_who_asks_their_audience_first_shows_it_nothing_unasked(pictured, client):
    Channel.objects.update(is_mature=True)
    slug = pictured.channel.slug
    for path in ("/", f"/streams/{slug}", f"/embed/{slug}", f"/c/{slug}", f"/api/streams/{pictured.pk}"):
        assert pictured.picture not in client.get(path).content.decode(), path
    client.post(f"/streams/{slug}/mature")
    page = client.get(f"/streams/{slug}").content.decode()
    assert f'poster="/media/{pictured.picture}-640.webp"' in page


def test_an_unlisted_channels_thumbnail_is_told_to_who_has_the_link(pictured, client):
    Channel.objects.update(visibility="unlisted")
    assert pictured.picture not in client.get("/").content.decode()
    assert pictured.picture not in client.get("/api/streams").content.decode()
    assert pictured.picture in client.get(f"/streams/{pictured.channel.slug}").content.decode()


def test_a_suspended_channels_is_told_to_nobody(pictured, client):
    Channel.objects.update(suspended_at=timezone.now())
    slug = pictured.channel.slug
    for path in ("/", f"/streams/{slug}", f"/c/{slug}", "/api/streams", f"/api/streams/{pictured.pk}"):
        assert pictured.picture not in client.get(path).content.decode(), path


def test_an_offline_player_has_no_poster(pictured, client):
    services.end_broadcast(actor=pictured.channel.owner, broadcast=pictured)
    assert "poster=" not in client.get(f"/streams/{pictured.channel.slug}").content.decode()
    assert client.get(f"/api/streams/{pictured.pk}").json()["thumbnailUrl"].endswith("-640.webp")
