"""A live broadcast, and storages of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.channels.models import Channel
from apps.streams import services
from apps.streams.models import Broadcast
from tests import factories
from tests.streams.footage import record
from tests.streams.pictures.looking import RED


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


@pytest.fixture
def pictured(broadcast: Broadcast) -> Broadcast:
    record(broadcast, RED)
    services.picture_live_broadcasts()
    broadcast.refresh_from_db()
    return broadcast
