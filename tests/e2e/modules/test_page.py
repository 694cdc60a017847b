"""What pages share: numbers and waits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route

from . import await_value, run

# numbers.js

CHANNEL = """
    const root = new DOMParser().parseFromString(`
      <title data-page="Nova — AeThex LIVE"></title>
      <ul><li data-while="live"><small data-category-or-title></small><i data-viewers="short"></i></li></ul>
      <a data-ring><span class="avatar"></span></a>
      <h1 data-title></h1><b data-viewers></b><p data-description></p>`, "text/html");
    const numbers = new m.Numbers(root, { now: () => 0 });
    const look = () => [
      root.title,
      root.querySelector(".avatar").classList.contains("on"),
      root.querySelector("li").hidden,
      ...["small", "i", "b", "[data-description]"].map((part) => root.querySelector(part).textContent),
    ];
    const stream = { status: "LIVE", title: "Late <b>", viewerCount: 18249, description: "Slowly." };
"""


def test_tab_ring_and_rail_say_what_is_on_and_when_it_is_over(module_page: Page) -> None:
    before, after = run(
        module_page,
        "numbers.js",
        CHANNEL + "numbers.show(stream); const before = look(); numbers.show(null); return [before, look()];",
    )
    words = ["Late <b>", "18.2k", "18,249", "Slowly."]
    assert before == ["Late <b> — Nova — AeThex LIVE", True, False, *words]
    assert after == ["Nova — AeThex LIVE", False, True, *words]


def test_a_count_of_the_room_is_newer_than_a_broadcasts_own(module_page: Page) -> None:
    """Also where a part of the page came anew from the server."""
    shown = run(
        module_page,
        "numbers.js",
        CHANNEL
        + "numbers.showViewers(131_500); root.querySelector('b').textContent = '0'; numbers.show(stream);"
        + "return look().slice(4, 6);",
    )
    assert shown == ["131k", "131,500"]


# api.js


def test_who_asks_is_told_in_words_that_nothing_came(module_page: Page) -> None:
    """Neither in a browser's own words, nor never."""
    module_page.route("**/api/silent", lambda route: None)
    module_page.route("**/api/away", lambda route: route.abort("internetdisconnected"))
    module_page.route("**/api/broken", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
    module_page.route("**/api/portal", lambda route: route.fulfill(body="<h1>Welcome to our hotel</h1>"))
    told = run(
        module_page,
        "api.js",
        """
        const told = (name) => m.request(`/api/${name}`, { patience: 300 })
          .catch(({ status, message }) => [status, message]);
        return Promise.all(["silent", "away", "broken", "portal"].map(told));
        """,
    )
    unreachable = [0, "The server can't be reached. Check your connection and try again."]
    assert told[:2] == [unreachable, unreachable]
    unreadable = "The server gave no readable answer. Try again in a moment."
    assert told[2:] == [[502, unreadable], [200, unreadable]]


# ui/swap.js


FORM = """
    <p id="messages"></p><form id="what" action="/save" method="post" data-swap="what">
    <input id="id_title" name="title" value="{title}"{wrong}>
    <textarea id="id_words" name="words">{words}</textarea>
    <button>Save</button></form>
"""


@pytest.fixture
def saved(module_page: Page) -> Iterator[list[Route]]:
    """The requests of a page with a form, which wait for their answers."""
    held: list[Route] = []
    home = module_page.url
    module_page.goto(home)
    module_page.set_content(FORM.format(title="Old", words="", wrong=""))
    run(module_page, "ui/swap.js", "m.watchSwaps()")
    module_page.route("**/save", lambda route: held.append(route))
    yield held
    module_page.unroute_all()
    module_page.goto(home)


def first_of(page: Page, held: list[Route]) -> Route:
    """The first request that is held; the browser tells of it before it comes here."""
    return await_value(page, lambda: held, bool)[0]


def test_what_is_typed_while_a_form_is_on_its_way_is_kept(module_page: Page, saved: list[Route]) -> None:
    title, words = module_page.locator("#id_title"), module_page.locator("#id_words")
    title.fill("New")
    with module_page.expect_request("**/save"):
        title.press("Enter")
    words.press_sequentially("typed meanwhile")
    words.press("ArrowLeft")
    first_of(module_page, saved).fulfill(
        content_type="text/html", body=FORM.format(title="New, tidied", words="", wrong="")
    )
    module_page.locator("#id_title[value='New, tidied']").wait_for()
    words.press("!")
    assert (title.input_value(), words.input_value()) == ("New, tidied", "typed meanwhil!e")


def test_who_waits_for_a_form_is_led_to_what_is_wrong(module_page: Page, saved: list[Route]) -> None:
    words = module_page.locator("#id_words")
    words.fill("all of it")
    with module_page.expect_request("**/save"):
        module_page.get_by_role("button").press("Enter")
    refused = FORM.format(title="", words="all of it", wrong=' aria-invalid="true"')
    first_of(module_page, saved).fulfill(status=400, content_type="text/html", body=refused)
    module_page.locator("[aria-invalid]:focus").wait_for()
    assert words.input_value() == "all of it"


def test_a_form_that_nobody_answers_says_so_and_can_be_sent_again(
    module_page: Page, saved: list[Route]
) -> None:
    module_page.evaluate(
        "const wait = AbortSignal.timeout; AbortSignal.timeout = () => wait.call(AbortSignal, 200)"
    )
    module_page.get_by_role("button").click()
    module_page.get_by_text("No answer came").wait_for()
    with module_page.expect_request("**/save"):
        module_page.get_by_role("button").click()


# load.js


def test_what_could_not_be_loaded_is_loaded_when_it_is_wanted_again(module_page: Page) -> None:
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort("internetdisconnected")
        else:
            route.fulfill(content_type="text/javascript", body="export const number = Math.random();")

    module_page.route("**/js/late.js*", answer)
    said, first, second = run(
        module_page,
        "load.js",
        """
        const said = await m.load("late.js").catch(({ message }) => message);
        return [said, (await m.load("late.js")).number, (await m.load("late.js")).number];
        """,
    )
    assert said == "This could not be loaded. Check your connection and try again."
    assert first == second and len(asked) == 2


# backoff.js


def test_waits_grow_to_a_ceiling_and_start_small_again(module_page: Page) -> None:
    waits = run(
        module_page,
        "backoff.js",
        """
        const backoff = new m.Backoff({ first: 500, most: 8000 });
        const rounds = Array.from({ length: 200 }, () => {
          backoff.reset();
          return Array.from({ length: 8 }, () => backoff.next());
        });
        return rounds;
        """,
    )
    for waited in waits:
        ceilings = [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000]
        assert all(250 <= wait <= ceiling for wait, ceiling in zip(waited, ceilings, strict=True))
    assert max(waited[4] for waited in waits) > 4000
