"""Delay from camera to eye, read from the picture's own clock in a real Chromium; ours and nginx-rtmp.

The same story for both. A page is open before the encoder starts; the first frame that it shows ends the
*start*. It is then watched for a while. Others open the page later (*joins*). Last the encoder is killed and
comes back. Ours is the watch page with the product's player; the peer is a page with hls.js at its defaults.
"""

from __future__ import annotations

import contextlib
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.load import clock_source
from tests.load.nginx_peer import nginx
from tests.load.processes import need
from tests.stack import people, running
from tests.stack.services import wait_until

WATCH_SECONDS, JOINS, AWAY_SECONDS, PATIENCE = 60, 6, 4, 40
# A frame later than this after the one before it is a stall that people see.
STALL_MS = 500
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@dataclass(frozen=True)
class Frame:
    """A shown frame: when (epoch ms) and how old it was (ms)."""

    at: float
    delay: float


@dataclass
class DelayResult:
    """Milliseconds. `start` and `back`: from the publish command to the first frame of that encoder."""

    name: str
    start: float
    p50: float
    p95: float
    stalls: int
    join_first: list[float] = field(default_factory=list)
    join_delay: list[float] = field(default_factory=list)
    back: float = 0
    back_delay: float = 0


class Show:
    """An encoder with a clock in its picture, and the moment when it sent its publish command.

    `options` are those of `clock_source.ffmpeg_command`; a keyframe every two seconds without any.
    """

    def __init__(self, url: str, **options: object) -> None:
        self._process = clock_source.publish(url, loglevel="debug", **options)
        self.published_at = 0.0
        self._complaints: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(self._is_published, f"the encoder's publish to {url.rpartition('/')[0]}", 15)

    def _is_published(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError("the encoder ended: " + "".join(self._complaints[-5:]))
        return self.published_at > 0

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            if not self.published_at and b"Sending publish command" in line:
                self.published_at = time.time() * 1000
            self._complaints = [*self._complaints[-20:], line.decode(errors="replace")]

    def pull_the_plug(self) -> None:
        """The encoder is gone at once and says nothing."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Show:
        return self

    def __exit__(self, *_: object) -> None:
        self.pull_the_plug()


def frames(page: Page, since: float = 0) -> list[Frame]:
    """What `page` showed after the epoch millisecond `since`."""
    script = "since => window.pictureClock.frames.filter(f => f.at > since).map(f => [f.at, f.delay])"
    return [Frame(at, delay) for at, delay in page.evaluate(script, since)]


def first_frame(page: Page, made_after: float, patience: float = PATIENCE) -> Frame:
    """Wait for the first shown frame that the camera made after the epoch millisecond `made_after`."""
    script = "after => window.pictureClock.frames.some(f => f.at - f.delay > after)"
    page.wait_for_function(script, arg=made_after, timeout=patience * 1000, polling=50)
    return next(frame for frame in frames(page) if frame.at - frame.delay > made_after)


@contextlib.contextmanager
def viewer(browser: Browser, url: str) -> Iterator[Page]:
    """A new visitor (no cookies, no cache) who opens `url` with a clock reader in the page."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, bypass_csp=False)
    context.add_init_script(clock_source.CLOCK_READER + ";window.pictureClock.attachWhenPresent();")
    try:
        page = context.new_page()
        page.goto(url, wait_until="domcontentloaded")
        yield page
    finally:
        context.close()


def stalls(shown: list[Frame]) -> int:
    """Pauses of more than `STALL_MS` between two frames."""
    return sum(1 for one, two in itertools.pairwise(shown) if two.at - one.at > STALL_MS)


def watch_a_start(page: Page, show: Show, seconds: float, name: str) -> DelayResult:
    """The first frame after the publish, then `seconds` of steady watching (from the second second on)."""
    first = first_frame(page, 0)
    time.sleep(seconds + 1)
    shown = frames(page, first.at + 1000)
    delays = sorted(frame.delay for frame in shown)
    return DelayResult(
        name,
        start=first.at - show.published_at,
        p50=delays[len(delays) // 2],
        p95=delays[int(len(delays) * 0.95)],
        stalls=stalls(shown),
    )


def join(browser: Browser, url: str, result: DelayResult) -> None:
    """One late visitor: opening the page to the first frame, and the delay three seconds later."""
    opened = time.time() * 1000
    with viewer(browser, url) as page:
        first = first_frame(page, 0)
        time.sleep(3)
        late = frames(page, first.at + 2500)
    result.join_first.append(first.at - opened)
    result.join_delay.append(statistics.median(frame.delay for frame in late))


def come_back(page: Page, publish_url: str, result: DelayResult) -> None:
    """A dropped encoder comes back: until its first frame, and the delay five seconds later."""
    with Show(publish_url) as again:
        first = first_frame(page, again.published_at - 500)
        result.back = first.at - again.published_at
        time.sleep(6)
        result.back_delay = statistics.median(frame.delay for frame in frames(page, first.at + 5000))


def tell(browser: Browser, name: str, url: str, publish_url: str, seconds: float) -> DelayResult:
    """The whole story on one server."""
    with viewer(browser, url) as page:
        time.sleep(2)
        with Show(publish_url) as show:
            result = watch_a_start(page, show, seconds, name)
            page.close()
            for _ in range(JOINS):
                join(browser, url, result)
            with viewer(browser, url) as page:
                first_frame(page, 0)
                time.sleep(3)
                show.pull_the_plug()
                time.sleep(AWAY_SECONDS)
                come_back(page, publish_url, result)
    return result


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    with sync_playwright() as playwright:
        binary = need("chromium", "chromium")
        browser = playwright.chromium.launch(executable_path=binary, headless=True, args=CHROMIUM_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def on_ours(browser: Browser, seconds: float) -> DelayResult:
    """`manage.py live`, as `make run` starts it, with a new channel."""
    with running.embedded(LOG_LEVEL="WARNING") as stack:
        creator = people.sign_up(stack)
        channel = creator.create_channel()
        url = f"{stack.url}/streams/{channel['slug']}"
        return tell(browser, "AeThex LIVE", url, creator.publish_url(channel), seconds)


def on_nginx(browser: Browser, seconds: float) -> DelayResult:
    """The peer, its playlist polled by a page that waits for it."""
    with (
        tempfile.TemporaryDirectory(prefix="aethex-bench-") as folder,
        nginx(Path(folder) / "nginx") as peer,
    ):
        return tell(browser, "nginx-rtmp + hls.js", peer.page, f"{peer.rtmp_url}/show", seconds)


def measure(seconds: float = WATCH_SECONDS) -> list[DelayResult]:
    """Ours, then the peer for half the time (it does not change its mind in the second half)."""
    with chromium() as browser:
        return [on_ours(browser, seconds), on_nginx(browser, seconds / 2)]
