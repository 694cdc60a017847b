"""Lists that grow and lists that stay fresh."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route

from . import await_value, run

LIST = """<div style="height: 3000px"></div><div data-feed>{cards}</div>{more}"""
MORE = '<p><a href="?sort=new&after=1.2" data-feed-more>More</a></p>'


def cards(*names: str) -> str:
    return "".join(f'<article data-stream="{name}"><a href="/">{name}</a></article>' for name in names)


@pytest.fixture
def page(module_page: Page) -> Iterator[Page]:
    home = module_page.url
    yield module_page
    module_page.unroute_all()
    module_page.goto(home)


def shown(page: Page) -> list[str]:
    return page.locator("[data-feed] > *").all_text_contents()


def begin(page: Page, query: str) -> None:
    page.goto(f"{page.url.partition('?')[0]}{query}")
    page.set_content(LIST.format(cards=cards("a", "b"), more=MORE))
    run(page, "feed.js", "")


def test_the_next_piece_comes_by_itself_without_repeating_and_the_address_remembers(page: Page) -> None:
    asked = []

    def piece(route: Route) -> None:
        asked.append(route.request.url.partition("?")[2])
        text = f"<div data-feed>{cards('b', 'c')}</div>"
        route.fulfill(content_type="text/html", body=text)

    page.route("**/*part=feed*", piece)
    begin(page, "?sort=new")
    assert shown(page) == ["a", "b"]  # it is far away
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await_value(page, lambda: shown(page), lambda names: names == ["a", "b", "c"])
    assert asked == ["sort=new&after=1.2&part=feed"]
    assert page.url.endswith("?sort=new&shown=3")
    assert page.locator("[data-feed-more]").count() == 0


def test_a_piece_that_did_not_come_can_be_asked_for_again(page: Page) -> None:
    answers = [{"status": 503}, {"content_type": "text/html", "body": f"<div data-feed>{cards('c')}</div>"}]
    page.route("**/*part=feed*", lambda route: route.fulfill(**answers.pop(0)))  # type: ignore[arg-type]
    begin(page, "")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    again = page.get_by_text("Try again")
    again.click()
    await_value(page, lambda: shown(page), lambda names: names == ["a", "b", "c"])
    assert page.evaluate("document.activeElement.textContent") == "c"


RAIL = """
    const lists = document.createElement("div");
    const item = (slug, viewers, more = "") =>
      `<li><a href="${slug}"${more}><b>${slug}</b><i>${viewers}</i></a></li>`;
    const here = location.pathname;
    lists.innerHTML = `<ul>${item(here, 7, ' aria-current="page"')}${item("/old", 1)}</ul>`;
    document.body.replaceChildren(lists);
    const look = () => [...lists.querySelectorAll("a")].map((link) => link.textContent);
"""


def test_fresh_lists_keep_the_open_channels_own_place(page: Page) -> None:
    """Its numbers follow its stream and are newer than any list's."""
    rail = RAIL + "const own = lists.querySelector('li'); "
    fresh = "m.put(lists, `<ul>${item('/new', 9)}${item(here, 5)}</ul>`); "
    told = run(page, "ui/rail.js", rail + fresh + "return [look(), lists.contains(own)];")
    path = page.evaluate("location.pathname")
    assert told == [["/new9", f"{path}7"], True]


def test_who_goes_through_the_rail_by_keyboard_keeps_their_place(page: Page) -> None:
    focus = "lists.querySelector('a').focus(); m.put(lists, ''); return look().length;"
    assert run(page, "ui/rail.js", RAIL + focus) == 2
