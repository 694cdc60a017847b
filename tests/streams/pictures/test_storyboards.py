"""C09: the small pictures that seeking shows."""

from __future__ import annotations

from django.core.files.storage import storages
from django.utils import timezone

from apps.channels.models import Channel
from apps.streams import services
from apps.streams.media.recording import init_name
from apps.streams.models import Broadcast
from tests import factories
from tests.streams.footage import INIT, footage, keep, record
from tests.streams.pictures.looking import RED, due, is_near, name_at, picture


def test_a_storyboard_has_a_still_for_every_ten_seconds(broadcast, client):
    record(broadcast, RED, seconds=42)
    services.picture_live_broadcasts()
    sheet = broadcast.sheets.get()
    assert [start for start, _ in sheet.tiles] == [0, 10_000, 20_000, 30_000, 40_000]
    assert sheet.tiles[1][1] - sheet.tiles[0][1] == 10_000
    index = client.get(services.storyboard_url(broadcast=broadcast, viewer=factories.viewer()))
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
        return services.storyboard_url(broadcast=of, viewer=factories.viewer()).split("/")[2]

    good = services.storyboard_url(broadcast=broadcast, viewer=factories.viewer())
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
    good = services.storyboard_url(broadcast=broadcast, viewer=factories.viewer())
    for name in (*names, init_name(INIT), "still_0_00.webp", "..%2F..%2Fsecret", "index.m3u8"):
        assert client.get(good.replace("index.json", name)).status_code == 404


def test_a_storyboard_ends_with_its_broadcast_and_with_its_channels_good_name(broadcast, client):
    record(broadcast, RED)
    services.picture_live_broadcasts()
    url = services.storyboard_url(broadcast=broadcast, viewer=factories.viewer())
    Channel.objects.update(suspended_at=timezone.now())
    assert client.get(url).status_code == 404
    Channel.objects.update(suspended_at=None)
    services.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    assert client.get(url).status_code == 404
