"""A recording's row and playlist, from the first picture to the end."""

from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.utils import timezone

from apps.channels.services import delete_channel
from apps.core.ids import uuid7
from apps.streams import services as streams
from apps.streams.archive import recordings_archive
from apps.streams.models import Broadcast
from apps.vod import services
from apps.vod.models import Recording
from tests import factories

# As the recorder names them: number, start, duration, wall clock, size, init, flags (k, d).
SEGMENTS = [
    "0000000_0_2000_1795181766000_4_init0_k.m4s",
    "0000001_2000_2000_1795181768000_4_init0_k.m4s",
    "0000003_6000_1500_1795181772000_4_init0_kd.m4s",
]


@pytest.fixture
def recorded(db, settings, tmp_path) -> Broadcast:
    """A broadcast that ran, was recorded and has ended a while ago; one segment never reached the storage."""
    recordings = settings.STORAGES["recordings"] | {"OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"recordings": recordings}
    channel = factories.channel()
    broadcast = factories.live(channel)
    archive = recordings_archive()
    archive.write(f"{broadcast.pk.hex}/init_init0.mp4", [b"init"])
    for name in SEGMENTS:
        archive.write(f"{broadcast.pk.hex}/{name}", [b"data"])
    ended = streams.end_broadcast(actor=channel.owner, broadcast=broadcast)
    Broadcast.objects.update(archived_at=timezone.now() - timedelta(minutes=1))
    return ended


def test_a_recording_is_closed_from_the_names_alone(recorded):
    assert services.finish_recordings() == 1
    recording = Recording.objects.get()
    assert (recording.status, recording.segments, recording.duration_ms) == ("READY", 3, 5500)
    playlist = recordings_archive().read(f"{recording.path}/{playlist_name(recording)}").decode()
    assert playlist.endswith("#EXT-X-ENDLIST\n")
    assert [line for line in playlist.splitlines() if line in SEGMENTS] == SEGMENTS
    assert "#EXT-X-DISCONTINUITY" in playlist


def test_closing_twice_changes_nothing(recorded):
    services.finish_recordings()
    before = Recording.objects.values().get()
    assert services.finish_recordings() == 0
    assert services.finish_recording(Recording.objects.get()).status == "READY"
    assert Recording.objects.values().get() | {"ready_at": None} == before | {"ready_at": None}


def test_a_row_that_a_crash_swallowed_is_made(recorded):
    Recording.objects.all().delete()
    services.finish_recordings()
    assert Recording.objects.get().broadcast == recorded


def test_a_broadcast_that_runs_is_left_alone(db):
    factories.live(factories.channel())
    assert services.finish_recordings() == 0


def test_nothing_recorded_is_said_so(recorded):
    archive = storages["recordings"]
    for name in archive.listdir(recorded.pk.hex)[1]:
        archive.delete(f"{recorded.pk.hex}/{name}")
    services.finish_recordings()
    assert Recording.objects.get().status == "FAILED"


def test_the_files_go_with_their_channel(recorded):
    storage = storages["recordings"]
    storage.save("keep/me.txt", storage.open(f"{recorded.pk.hex}/{SEGMENTS[0]}"))
    assert services.remove_orphans() == 0
    channel = recorded.channel
    delete_channel(actor=channel.owner, channel=channel, confirmation=channel.slug)
    assert services.remove_orphans() == 1
    assert storage.listdir("")[0] == ["keep"]


def test_orphans_are_told_by_one_question_and_one_that_stays_keeps_no_other(
    recorded, django_assert_num_queries
):
    archive, gone = recordings_archive(), sorted(uuid7().hex for _ in range(3))
    for folder in gone:
        archive.write(f"{folder}/{SEGMENTS[0]}", [b"data"])
    archive.write(f"{gone[0]}/below/me.txt", [b"a folder that is not empty can't be removed"])
    with django_assert_num_queries(1):
        assert services.remove_orphans() == 2
    assert sorted(storages["recordings"].listdir("")[0]) == sorted([recorded.pk.hex, gone[0]])


def playlist_name(recording: Recording) -> str:
    return next(n for n in recordings_archive().names(recording.path) if n.endswith(".m3u8"))
