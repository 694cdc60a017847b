"""A broadcast for foreign players: twenty seconds of it are in the recording, the rest is being sent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from apps.streams.media import DoorLimits, FileArchive
from apps.streams.media.flv import Tag
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import Edge, MemoryGate, eventually
from tests.streams.media.encoder import LiveEncoder, publish
from tests.streams.media.studio import VIDEO

PAST_SECONDS = 20


@contextmanager
def on_air(folder: Path, make_flv: FlvMaker) -> Iterator[Edge]:
    """The broadcast, and an encoder that sends while the block lasts, leaving out pictures now and then."""
    gate, archive = MemoryGate(recording=True), FileArchive(folder)
    limits = DoorLimits(max_lead_seconds=None)
    with Edge(gate=gate, archive=archive, limits=limits, target_duration=2, window_seconds=8.0) as edge:
        past = make_flv(seconds=PAST_SECONDS, size="320x180")
        with ThreadPoolExecutor() as pool:  # a browser's driver has a loop in this thread
            pool.submit(publish, edge, past, clean=False).result(30)
        eventually(lambda: gate.interruptions)
        encoder = LiveEncoder(edge, with_holes(make_flv(seconds=90, size="320x180")))
        eventually(lambda: len(gate.lives) == 2)
        try:
            yield edge
        finally:
            encoder.stop()


def with_holes(tags: list[Tag]) -> list[Tag]:
    """Without the last pictures before every third keyframe, 0.7 s of them: a bad moment of the encoder."""
    return [tag for tag in tags if tag.kind != VIDEO or not 1300 <= tag.timestamp % 6000 < 2000]
