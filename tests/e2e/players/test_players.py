"""Players of other makers in a real browser: they follow a broadcast, and go back to its beginning."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import ROOT, serving
from tests.streams.media.broadcast import on_air
from tests.streams.media.conftest import FlvMaker, ffmpeg, make_flv  # noqa: F401
from tests.streams.media.edge import Edge
from tests.streams.media.playlist_rules import check

HERE = Path(__file__).parent
NEAR_SECONDS = 7
"""A player at its defaults keeps to whole segments: three target durations of two seconds, and a little."""


def shaka() -> Path:
    """The library, installed from its lock file when this is first run."""
    library = HERE / "node_modules/shaka-player/dist/shaka-player.compiled.js"
    if not library.exists():
        assert shutil.which("npm"), "npm is not installed (Debian: apt install npm)"
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=HERE, check=True, timeout=170)
    return library


@pytest.fixture(scope="module")
def broadcast(make_flv: FlvMaker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:  # noqa: F811
    with on_air(tmp_path_factory.mktemp("recordings"), make_flv) as edge:
        yield edge


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a folder with the page and the players."""
    folder = tmp_path_factory.mktemp("players")
    [hls] = (ROOT / "static/vendor").glob("hls*/hls*.mjs")
    for source, name in ((HERE / "player.html", "index.html"), (shaka(), "shaka.js"), (hls, "hls.mjs")):
        shutil.copy(source, folder / name)
    with serving(folder) as url:
        yield url


@pytest.fixture
def open_player(browser: Browser, shelf: str, broadcast: Edge) -> Iterator[Callable[[str], Page]]:
    pages: list[Page] = []

    def play(name: str) -> Page:
        page = browser.new_page()
        pages.append(page)
        page.goto(f"{shelf}/index.html")
        page.wait_for_function("() => window.play")
        page.evaluate("([name, url]) => window.play(name, url)", [name, broadcast.url()])
        return page

    yield play
    for page in pages:
        page.close()


def await_seconds(page: Page, seconds: float) -> None:
    """The picture moves on so far, by itself."""
    since = page.evaluate("() => document.querySelector('video').currentTime")
    page.wait_for_function(
        "at => document.querySelector('video').currentTime > at", arg=since + seconds, timeout=20_000
    )


@pytest.mark.parametrize("name", ["shaka", "hls"])
def test_it_follows_the_live_picture_and_goes_back(
    open_player: Callable[[str], Page], broadcast: Edge, name: str
) -> None:
    page = open_player(name)
    # Longer than it takes until the encoder leaves out some pictures.
    await_seconds(page, 5)
    newest = check(broadcast.get("stream.m3u8").text).segments[-1]
    assert newest.date is not None
    behind = newest.date + newest.length - page.evaluate("() => window.playing.date()") / 1000
    assert 0 < behind < NEAR_SECONDS
    page.evaluate("() => { document.querySelector('video').currentTime = window.playing.start() + 1; }")
    await_seconds(page, 2)
    start = page.evaluate("() => document.querySelector('video').currentTime - window.playing.start()")
    assert 2 <= start < 8, "the window may move on meanwhile"
    assert page.evaluate("() => window.playing.errors") == []
