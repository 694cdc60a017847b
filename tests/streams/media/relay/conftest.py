"""A platform whose channel is live, and another one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.streams.media.flv import Tag
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.relay.forwarding import (
    source,
)


@pytest.fixture
def footage(make_flv: FlvMaker) -> list[Tag]:
    return make_flv(seconds=60, gop=30)


@pytest.fixture
def ours(footage: list[Tag]) -> Iterator[Edge]:
    """A platform whose channel is live."""
    with source() as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        yield edge
        encoder.stop()


@pytest.fixture
def theirs() -> Iterator[Edge]:
    """Another platform, that takes the key "key"."""
    with Edge() as edge:
        yield edge
