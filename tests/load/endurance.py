"""What shows only after a while: whether a viewer drifts away from the camera, and what a long past costs."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass

import httpx

from tests.load.delay import Show, chromium, first_frame, frames, stalls, viewer
from tests.load.picture import ours
from tests.load.processes import resident_kib
from tests.stack import encoder, people, reader, running
from tests.stack.earlier import record_earlier
from tests.stack.people import expect

DRIFT_MINUTES, PROBE_SECONDS, SETTLE_SECONDS = 30, 20, 30
DRIFT_TARGET_MS = 100
REWIND_MINUTES, WATCH_SECONDS = 120, 45
MEMORY_TARGET_MIB = 5


@dataclass
class DriftResult:
    """Median delays in milliseconds, half a minute after the start and `minutes` later."""

    minutes: float
    first: float
    last: float
    stalls: int


@dataclass
class MemoryResult:
    """Resident memory in MiB of a server with one stream that reaches back so far."""

    minutes: float
    short: float
    long: float


def drift(minutes: float = DRIFT_MINUTES) -> DriftResult:
    """One viewer on an open page, all the time."""
    with chromium() as browser, ours() as place:
        where = place()
        with viewer(browser, where.page) as page, Show(where.publish_url):
            began = first_frame(page, 0).at

            def median_delay() -> float:
                since = time.time() * 1000
                time.sleep(PROBE_SECONDS)
                return statistics.median(frame.delay for frame in frames(page, since))

            time.sleep(SETTLE_SECONDS)
            first = median_delay()
            time.sleep(max(minutes * 60 - PROBE_SECONDS, 0))
            return DriftResult(minutes, first, median_delay(), stalls(frames(page, began + 1000)))


def memory(minutes: float = REWIND_MINUTES) -> MemoryResult:
    """The same broadcast on two servers, of which one lists the last half minute of it."""
    return MemoryResult(minutes, short=_weigh(minutes, 30), long=_weigh(minutes, round(minutes * 60)))


def _weigh(minutes: float, rewind_seconds: int) -> float:
    """MiB of a server that is being watched, once its live window is full."""
    with running.embedded(LOG_LEVEL="WARNING", REWIND_SECONDS=str(rewind_seconds)) as stack:
        creator = people.sign_up(stack)
        channel = creator.create_channel()
        wanted = {"channelId": channel["id"], "title": "Long"}
        announced = expect(201, creator.api.post("/api/streams", json=wanted))
        record_earlier(stack, announced["id"], minutes=minutes)
        with encoder.publishing(creator.publish_url(channel)):
            live = reader.await_live(stack, channel)
            url = reader.media_playlist_url(reader.playlist_url(stack, live))
            until = time.monotonic() + WATCH_SECONDS
            while time.monotonic() < until:
                for query in ("", "?_HLS_skip=YES&_HLS_msn=0"):
                    httpx.get(url + query).raise_for_status()
                time.sleep(0.5)
            process = stack.process("live").popen
            assert process
            return resident_kib(process.pid) / 1024
