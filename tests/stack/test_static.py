"""Scripts, styles and what they name in turn: all there, and in production kept by browsers for good."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import httpx
import pytest

from tests.stack.people import Person, sign_up
from tests.stack.running import Stack

# In pages, in style sheets, and in modules: what is imported, and what comes later.
IN_PAGES = re.compile(r'(?:src|href)="(/static/[^"#]+\.(?:js|mjs|css|svg|woff2))')
IN_STYLES = re.compile(r'url\("?([^")]+)"?\)')
IN_SCRIPTS = re.compile(r"""(?<!load\()["'](\.{1,2}/[^"']+?\.m?js)["']""")
LATER = re.compile(r'\bload\("([^"]+\.m?js)"\)')


@pytest.fixture(scope="module")
def owner(stack: Stack) -> Person:
    return sign_up(stack)


def test_everything_that_a_page_names_is_there_and_need_not_be_asked_for_again(
    stack: Stack, owner: Person
) -> None:
    channel = owner.create_channel()
    pages = ("/", "/discover", "/auth/login", f"/streams/{channel['slug']}", f"/embed/{channel['slug']}")
    with httpx.Client(base_url=stack.url, timeout=20) as browser:
        named = {file for page in pages for file in IN_PAGES.findall(browser.get(page).text)}
        files = dict(everything_named(browser, named))
    kinds = {path.rpartition(".")[2] for path in files}
    assert kinds >= {"js", "mjs", "css", "svg", "woff2"}
    assert len(files) > 60
    assert {path for path, answer in files.items() if answer.status_code != 200} == set()
    if stack.mode == "full":
        assert {path for path, answer in files.items() if not is_immutable(answer)} == set()


def everything_named(browser: httpx.Client, named: set[str]) -> Iterator[tuple[str, httpx.Response]]:
    """These files, and all that they name in turn, with their answers."""
    waiting, seen = sorted(named), set(named)
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        yield path, answer
        told: list[str] = []
        if path.endswith(".css"):
            told = IN_STYLES.findall(answer.text)
        elif path.endswith(".js"):
            told = IN_SCRIPTS.findall(answer.text)
            told += [f"/static/js/{later}" for later in LATER.findall(answer.text)]
        for each in told:
            found = urljoin(path, each)
            if not found.startswith("data:") and found not in seen:
                seen.add(found)
                waiting.append(found)


def is_immutable(answer: httpx.Response) -> bool:
    return answer.headers["Cache-Control"] == "max-age=315360000, public, immutable"
