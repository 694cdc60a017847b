"""How the player goes back in time, without a server."""

from __future__ import annotations

from playwright.sync_api import Page

from . import run

# player/storyboard.js


STORYBOARD = """
    const board = new m.Storyboard({ width: 160, height: 90, sheets: [
      { file: "b.webp", tiles: [[30000, 1030000]] },
      { file: "a.webp", tiles: [[10000, 1010000], [20000, 1020000]] },
    ] }, "https://x.example/stills/grant/id/index.json");
"""


def test_a_moment_is_shown_by_the_last_still_before_it(module_page: Page) -> None:
    shown = run(
        module_page,
        "player/storyboard.js",
        STORYBOARD + "return [0, 10, 19.9, 20, 29, 30, 999].map((s) => board.atDate(1e6 + s * 1000))",
    )
    assert [still["url"].rpartition("/")[2] for still in shown] == [f"{sheet}.webp" for sheet in "aaaaabb"]
    assert [still["x"] for still in shown] == [0, 0, 0, 160, 160, 0, 0]
    assert shown[0] == {
        "url": "https://x.example/stills/grant/id/a.webp",
        "x": 0,
        "y": 0,
        "width": 160,
        "height": 90,
    }


def test_a_storyboard_without_stills_shows_nothing(module_page: Page) -> None:
    body = "const board = new m.Storyboard({ width: 160, height: 90, sheets: [] }, 'https://x.example/i');"
    assert run(module_page, "player/storyboard.js", body + "return board.atDate(3)") is None


# player/seek-bar.js


def test_the_past_is_written_as_on_a_clock_and_said_in_words(module_page: Page) -> None:
    seconds = [0, 0.4, 1, 59.6, 754, 3600, 7261]
    told = run(
        module_page, "player/seek-bar.js", f"return {seconds}.map((at) => [m.onClock(at), m.inWords(at)])"
    )
    assert told == [
        ["Live", "Live"],
        ["Live", "Live"],
        ["-0:01", "1 second behind"],
        ["-1:00", "1 minute behind"],
        ["-12:34", "12 minutes 34 seconds behind"],
        ["-1:00:00", "1 hour behind"],
        ["-2:01:01", "2 hours 1 minute 1 second behind"],
    ]


def test_the_bar_asks_for_a_picture_of_the_second_it_points_at(module_page: Page) -> None:
    told = run(
        module_page,
        "player/seek-bar.js",
        """
        const bar = document.createElement("div");
        bar.innerHTML = "<span data-seek-tip hidden><time></time></span>";
        bar.getBoundingClientRect = () => ({ left: 100, width: 200 });
        const asked = [];
        const preview = (position) => (asked.push(position), document.createElement("img"));
        const range = () => ({ start: 1000, live: 1400 });
        const deeds = { range, preview, position: () => 1100, isBehind: () => true, seekTo() {} };
        new m.SeekBar(bar, deeds).draw();
        bar.dispatchEvent(new PointerEvent("pointermove", { clientX: 150 }));
        const tip = bar.querySelector("[data-seek-tip]");
        return [asked, [...tip.children].map(({ tagName }) => tagName), tip.textContent, bar.ariaValueText];
        """,
    )
    assert told == [[1100], ["IMG", "TIME"], "-5:00", "5 minutes behind"]


# player/range.js


RANGE = """
    const seekable = { length: 1, start: () => video.from, end: () => 100 };
    const video = { currentTime: 90, from: 0, seekable };
"""


def test_a_browser_that_plays_by_itself_drifts_no_farther_than_it_was_at_best(module_page: Page) -> None:
    told = run(
        module_page,
        "player/range.js",
        RANGE
        + """
        const range = new m.Range(video);
        const seen = [];
        for (video.currentTime of [96, 97.5, 95]) seen.push([range.latency, range.targetLatency]);
        return seen;
        """,
    )
    assert told == [[4, 4], [2.5, 2.5], [5, 2.5]]


def test_the_beginning_of_a_broadcast_can_be_reached_until_it_is_no_longer_listed(module_page: Page) -> None:
    told = run(
        module_page,
        "player/range.js",
        RANGE + "const range = new m.Range(video); const first = range.oldest; video.from = 8;"
        "return [first, range.oldest]",
    )
    assert told == [0.05, 18], "a playhead at 0 would be none"


def test_a_moment_is_found_by_its_date(module_page: Page) -> None:
    told = run(
        module_page,
        "player/range.js",
        RANGE
        + """
        const fragments = [[0, 1000], [2, 3000], [4, 65000]].map(
          ([start, programDateTime]) => ({ start, programDateTime, duration: 2 }));
        const range = new m.Range(video, { latestLevelDetails: { fragments, fragmentStart: 0 } });
        return [0, 1500, 4999, 30000, 66000, 99000].map((date) => range.positionOf(date));
        """,
    )
    assert told == [0.05, 0.5, 3.999, 4, 5, 6]


# player/arrivals.js


def test_parts_that_come_when_nothing_is_left_were_late(module_page: Page) -> None:
    told = run(
        module_page,
        "player/arrivals.js",
        """
        const arrivals = new m.Arrivals();
        const before = [arrivals.bitrate, arrivals.onTime];
        const part = { bytes: 25_000, seconds: 0.2, ahead: 0.4, moving: true };
        const times = [{}, { ahead: 0 }, { ahead: 0, moving: false }, {}];
        for (const at of times) arrivals.add({ ...part, ...at });
        return [before, arrivals.bitrate, arrivals.onTime];
        """,
    )
    assert told == [[None, None], 1_000_000, {"of": 4, "count": 3}]


def test_a_position_has_its_date(module_page: Page) -> None:
    told = run(
        module_page,
        "player/range.js",
        RANGE
        + """
        const fragments = [[0, 1000], [2, 3000], [4, 65000]].map(
          ([start, programDateTime]) => ({ start, programDateTime, duration: 2 }));
        const range = new m.Range(video, { latestLevelDetails: { fragments, fragmentStart: 0 } });
        return [0, 0.5, 3.999, 4, 5].map((position) => range.dateOf(position));
        """,
    )
    assert told == [1000, 1500, 4999, 65000, 66000]
