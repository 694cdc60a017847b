"""C12 in a browser: the page of targets, by hand, with and without a script, and as it happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.stack import encoder, reader
from tests.stack.people import sign_up
from tests.stack.running import Stack
from tests.stack.test_simulcast import near_stack  # noqa: F401  a fixture
from tests.streams.media.edge import Edge

from .visitor import Visitor, await_value

KEY = "their-secret-stream-key"


@pytest.fixture
def channel(near_stack: Stack) -> dict[str, Any]:  # noqa: F811
    owner = sign_up(near_stack)
    return owner.create_channel() | {"owner": owner}


@pytest.fixture
def open_page(
    browser: Any,
    near_stack: Stack,  # noqa: F811
    channel: dict[str, Any],
) -> Iterator[Callable[..., Visitor]]:
    """The owner on their page of targets, in a browser with these options."""
    visitors: list[Visitor] = []

    def opened(**options: Any) -> Visitor:
        visitor = Visitor.open(browser, near_stack.url, **options)
        visitors.append(visitor)
        visitor.sign_in(channel["owner"].username)
        visitor.page.goto(f"/dashboard/{channel['slug']}/simulcast")
        return visitor

    yield opened
    for visitor in visitors:
        visitor.context.close()
        assert not visitor.complaints, visitor.complaints


def add(visitor: Visitor, url: str, key: str, name: str) -> None:
    page = visitor.page
    page.select_option("[name=service]", "other")
    page.fill("[name=url]", url)
    page.fill("main [name=key] >> nth=-1", key)
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text(f"Your stream goes to {name}, too.").wait_for()


@pytest.mark.parametrize("options", [{}, {"java_script_enabled": False, "width": 390}], ids=["desk", "bare"])
def test_targets_are_added_switched_and_removed_by_hand(
    open_page: Callable[..., Visitor], options: dict[str, Any]
) -> None:
    visitor = open_page(**options)
    add(visitor, "rtmp://in.example.org/live", KEY, "Elsewhere")
    page, row = visitor.page, visitor.page.locator("[data-target]")
    assert KEY not in page.content()
    assert "••••-key" in row.inner_text()
    page.get_by_role("button", name="Switch Elsewhere off").click()
    page.get_by_role("button", name="Switch Elsewhere on").wait_for()
    assert row.locator("[data-target-state]").inner_text() == "Off"
    page.get_by_role("button", name="Change Elsewhere").click()
    row.locator("[name=key]").fill("another-key-of-letters")
    page.get_by_role("button", name="Replace key").click()
    page.get_by_text("Elsewhere has its new key.").wait_for()
    page.get_by_role("button", name="Change Elsewhere").click()
    page.get_by_role("button", name="Remove Elsewhere").click()
    page.get_by_text("Elsewhere is removed.").wait_for()
    assert row.count() == 0


@pytest.mark.both_modes
def test_the_page_follows_what_happens(
    open_page: Callable[..., Visitor],
    near_stack: Stack,  # noqa: F811
    channel: dict[str, Any],
) -> None:
    visitor = open_page()
    state = visitor.page.locator("[data-target-state]")
    with Edge() as theirs:
        theirs.gate.keys = {KEY: "theirs"}
        add(visitor, theirs.rtmp_url, KEY, "Elsewhere")
        assert state.inner_text() == "Starts with your stream"
        with encoder.publishing(channel["owner"].publish_url(channel)):
            reader.await_live(near_stack, channel)
            await_value(state.inner_text, lambda words: words == "Live", 30)
            theirs.do(theirs.node.listeners.rtmp.stop())
            await_value(state.inner_text, lambda words: words == "Trying again", 30)
            assert visitor.page.locator("[data-target-reason]").is_visible()
            assert "Next attempt" in visitor.page.locator("[data-target-next]").inner_text()
