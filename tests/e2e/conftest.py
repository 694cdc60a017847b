"""A real Chromium for the stories of this folder, and visitors who each have a browser of their own."""

from __future__ import annotations

import contextlib
import functools
import http.server
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.stack import running

from .visitor import Visitor

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A page looks and behaves the same in both modes; what one process must hear from another does not."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
    if config.getoption("--stack") == "full":
        once = [item for item in items if is_in_one_mode(item)]
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if item not in once]


def is_in_one_mode(item: pytest.Item) -> bool:
    return bool(item.get_closest_marker("browser")) and not item.get_closest_marker("both_modes")


def chromium() -> str:
    """Debian's Chromium, or Chrome; no download of ours."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise FileNotFoundError("Chromium is not installed (Debian: apt install chromium)")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for this folder, and no longer: Django refuses database work in a thread where a loop
    runs, and Playwright runs one."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser, stack: running.Stack) -> Iterator[Callable[..., Visitor]]:
    """`visit(width=390, …)` opens a fresh browser profile on the running platform, or at another `url` of it.

    What pages complain of in their console fails the test, unless the visitor was told to expect it.
    """
    visitors: list[Visitor] = []

    def open_profile(*, url: str = stack.url, **options: Any) -> Visitor:
        visitors.append(Visitor.open(browser, url, **options))
        return visitors[-1]

    yield open_profile
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert not complaints, complaints


@pytest.fixture(scope="package")
def fragile_stack(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[running.Stack]:
    """A platform of this folder's own, whose processes a test may kill, if it starts them again. What takes
    time takes little here: playback grants live for the shortest time that is allowed, and who writes too
    fast may soon go on."""
    settings = {"PLAYBACK_GRANT_SECONDS": "10", "CHAT_RATE": "5/4"}
    if stack_mode == "embedded":
        platform = running.embedded(**settings)
    else:
        platform = running.full(request.getfixturevalue("private_services"), **settings)
    with platform as started:
        yield started
        for role in started.processes:
            started.kill(role)  # nobody needs its goodbye


@pytest.fixture
def guest(browser: Browser, fragile_stack: running.Stack) -> Iterator[Visitor]:
    """A visitor of the fragile platform."""
    visitor = Visitor.open(browser, fragile_stack.url)
    yield visitor
    visitor.context.close()
    assert not visitor.complaints, visitor.complaints


class _QuietFiles(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address at which the files of `folder` are served while the block lasts."""
    handler = functools.partial(_QuietFiles, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.fixture(scope="module")
def module_page(browser: Browser) -> Iterator[Page]:
    """An empty page that may import our modules from `/js/…`, without the platform behind it."""
    with serving(ROOT / "static") as url:
        page = browser.new_page()
        page.goto(f"{url}/js/")
        page.set_content("<!doctype html><title>modules</title>")
        yield page
        page.close()
