"""What stays of pictures when their broadcast is over, and what goes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage, storages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.channels.services import delete_channel
from apps.core.errors import Unavailable
from apps.streams import services
from tests import factories
from tests.streams.footage import record
from tests.streams.pictures.looking import RED, due, is_near, thumbnail, thumbnails


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
    index = services.storyboard_url(broadcast=broadcast, viewer=factories.viewer())
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
