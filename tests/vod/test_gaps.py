"""The gaps of a broadcast, as its crew asks for them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from apps.streams import services as streams
from apps.streams.archive import recordings_archive
from apps.streams.models import Broadcast
from apps.vod import services
from tests import factories

# Gone from 13:36:10 for 4 s, and from 13:36:16 for 10.25 s.
SEGMENTS = [
    "0000001_0_2000_1795181766000_4_a-0_k.m4s",
    "0000002_2000_2000_1795181768000_4_a-0_k.m4s",
    "0000003_4000_2000_1795181774000_4_a-0_kd.m4s",
    "0000004_6000_1500_1795181786250_4_a-0_kd.m4s",
]
GAPS = [
    {"startedAt": "2026-11-20T13:36:10Z", "seconds": 4.0, "positionSeconds": 4.0},
    {"startedAt": "2026-11-20T13:36:16Z", "seconds": 10.25, "positionSeconds": 6.0},
]


@pytest.fixture
def broadcast(channel: Any, settings: Any, tmp_path: Path) -> Broadcast:
    """It is live, and some of it is recorded."""
    recordings = settings.STORAGES["recordings"] | {"OPTIONS": {"location": tmp_path}}
    settings.STORAGES = settings.STORAGES | {"recordings": recordings}
    running = factories.live(channel)
    for name in SEGMENTS:
        recordings_archive().write(f"{running.pk.hex}/{name}", [b"data"])
    return running


def path_of(broadcast: Broadcast) -> str:
    return f"/api/streams/{broadcast.pk}/gaps"


def test_the_crew_reads_the_gaps_while_it_runs_and_the_same_ones_afterwards(
    mine: Any, broadcast: Broadcast
) -> None:
    running = mine.get(path_of(broadcast)).json()
    assert running["data"] == GAPS
    assert (running["total"], running["hasMore"]) == (2, False)
    streams.end_broadcast(actor=broadcast.channel.owner, broadcast=broadcast)
    Broadcast.objects.update(archived_at=timezone.now() - timedelta(minutes=1))
    assert services.finish_recordings() == 1
    for name in recordings_archive().names(broadcast.pk.hex):
        (Path(recordings_archive().root) / broadcast.pk.hex / name).unlink()  # type: ignore[attr-defined]
    assert mine.get(path_of(broadcast)).json() == running, "written down with the recording"
    assert mine.get(path_of(broadcast) + "?limit=1&page=2").json()["data"] == GAPS[1:]


def test_nobody_else_does(theirs: Any, visitor: Any, broadcast: Broadcast) -> None:
    assert [client.get(path_of(broadcast)).status_code for client in (theirs, visitor)] == [403, 401]


def test_a_storage_out_of_reach_is_said_so(mine: Any, broadcast: Broadcast, tmp_path: Path) -> None:
    folder = tmp_path / broadcast.pk.hex
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    folder.write_text("a file where a folder should be")
    answer = mine.get(path_of(broadcast))
    assert (answer.status_code, answer.json()["code"]) == (503, "RECORDINGS_UNAVAILABLE")
    assert "Retry-After" in answer.headers


def test_a_broadcast_without_a_recording_has_none(mine: Any, channel: Any) -> None:
    assert mine.get(path_of(factories.live(channel))).json()["data"] == []
