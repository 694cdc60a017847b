"""Delay from camera to eye, over what encoders do: keyframes of 1, 2 and 8 s, and x264 as OBS runs it.

Ours, nginx-rtmp and node-media-server tell the same story one after the other: a page is open before the
encoder starts and is watched for a while, then ten others join late. Last ours with parts of 100 ms.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.load.delay import DelayResult, Show, chromium, join, viewer, watch_a_start
from tests.load.nginx_peer import nginx
from tests.load.nms_peer import node_media_server
from tests.stack import people, running

WATCH_SECONDS, JOINS = 20, 10
ULTRA_PART_MS = 100


@dataclass(frozen=True)
class Encoding:
    """How the camera's picture is encoded; `target` is the p50 in milliseconds that ours should keep."""

    name: str
    keyframe_seconds: float
    is_eager: bool
    target: float

    @property
    def options(self) -> dict[str, object]:
        """For `clock_source.ffmpeg_command`: eager is `zerolatency`; OBS looks ahead and makes B-frames."""
        preset = "ultrafast" if self.is_eager else "veryfast"
        return {
            "keyframe_seconds": self.keyframe_seconds,
            "zerolatency": self.is_eager,
            "preset": preset,
        }


ENCODINGS = (
    Encoding("keyframe every 1 s", 1, True, 900),
    Encoding("keyframe every 2 s", 2, True, 900),
    Encoding("keyframe every 8 s", 8, True, 900),
    Encoding("2 s, x264 as in OBS", 2, False, 1600),
)
ULTRA = Encoding(f"2 s, parts of {ULTRA_PART_MS} ms", 2, True, 600)


@dataclass
class Row:
    """One way of encoding, by server in the order in which they were asked."""

    encoding: Encoding
    results: list[DelayResult]


@dataclass(frozen=True)
class Place:
    """Where to publish, and the page that shows it."""

    page: str
    publish_url: str


@contextlib.contextmanager
def ours(**settings: str) -> Iterator[Callable[[], Place]]:
    """`manage.py live`; each call gives a new channel."""
    with running.embedded(LOG_LEVEL="WARNING", **settings) as stack:
        creator = people.sign_up(stack)

        def place() -> Place:
            channel = creator.create_channel()
            return Place(f"{stack.url}/streams/{channel['slug']}", creator.publish_url(channel))

        yield place


@contextlib.contextmanager
def theirs(serve: Callable[[Path], AbstractContextManager]) -> Iterator[Callable[[], Place]]:  # type: ignore[type-arg]
    """A peer; each call gives a new name, as what an encoder has left behind is played on."""
    numbers = itertools.count(1)
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as folder, serve(Path(folder) / "peer") as peer:

        def place() -> Place:
            name = f"show{next(numbers)}"
            return Place(f"{peer.page}?name={name}", f"{peer.rtmp_url}/{name}")

        yield place


def watch(
    browser: Browser, name: str, place: Place, encoding: Encoding, *, seconds: float, joins: int
) -> DelayResult:
    """The story of one encoder."""
    with viewer(browser, place.page) as page:
        time.sleep(2)
        with Show(place.publish_url, **encoding.options) as show:
            result = watch_a_start(page, show, seconds, name)
            page.close()
            for _ in range(joins):
                join(browser, place.page, result)
    return result


def measure(*, quick: bool = False) -> list[Row]:
    """All servers with every encoding, then ours with short parts."""
    encodings = ENCODINGS[1:2] if quick else ENCODINGS
    size = {"seconds": 5 if quick else WATCH_SECONDS, "joins": 2 if quick else JOINS}
    rows = [Row(encoding, []) for encoding in encodings]
    servers = {
        "AeThex LIVE": ours(),
        "nginx-rtmp": theirs(nginx),
        "node-media-server": theirs(node_media_server),
    }
    with chromium() as browser:
        for name, server in servers.items():
            with server as place:
                for row in rows:
                    row.results.append(watch(browser, name, place(), row.encoding, **size))  # type: ignore[arg-type]
        with ours(PART_MS=str(ULTRA_PART_MS)) as place:
            rows.append(Row(ULTRA, [watch(browser, "AeThex LIVE", place(), ULTRA, **size)]))  # type: ignore[arg-type]
    return rows
