"""The pure parts of the browser's code, one rule a test, run where they will run."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page


def run(page: Page, module: str, body: str) -> Any:
    """What `body` returns with the exports of `/js/{module}` in its scope as `m`."""
    return page.evaluate(f"async () => {{ const m = await import('/js/{module}'); {body} }}")


# chat/sequence.js


def test_messages_come_out_in_order_each_once(module_page: Page) -> None:
    taken = run(
        module_page,
        "chat/sequence.js",
        """
        const sequence = new m.Sequence(4);
        const numbers = (list) => sequence.take(list.map((seq) => ({ seq }))).map(({ seq }) => seq);
        return [numbers([5, 6]), numbers([6, 8]), sequence.hole, numbers([7]), sequence.hole, sequence.last];
        """,
    )
    assert taken == [[5, 6], [], 7, [7, 8], None, 8]


def test_a_room_seen_for_the_first_time_begins_with_its_first_message(module_page: Page) -> None:
    taken = run(
        module_page,
        "chat/sequence.js",
        "return new m.Sequence().take([{ seq: 41 }, { seq: 42 }]).map(({ seq }) => seq)",
    )
    assert taken == [41, 42]


def test_numbers_that_no_longer_exist_are_left_behind(module_page: Page) -> None:
    taken = run(
        module_page,
        "chat/sequence.js",
        """
        const sequence = new m.Sequence(1);
        sequence.take([{ seq: 5 }, { seq: 6 }, { seq: 9 }]);
        return [sequence.giveUp().map(({ seq }) => seq), sequence.hole];
        """,
    )
    assert taken == [[5, 6], 7]


# chat/log.js, chat/waiting.js


LOG = """
    const root = document.createElement("aside");
    root.innerHTML = `<ol data-chat-log></ol><template data-chat-message>
      <li><button class="reply" hidden></button><time></time><b class="chat-name"></b>
      <span class="chat-text"></span></li></template>`;
    const { You } = await import("/js/chat/you.js");
    const you = new You({ id: "1", username: "me" });
    const log = new m.Log(root, you);
    const createdAt = new Date().toISOString();
    const say = (seq, id = "2") => ({
      id: `m${seq}`, seq, content: `${seq}`, createdAt, user: { id, username: "x" },
    });
    const shown = () =>
      [...root.querySelectorAll("li:not([hidden]) .chat-text")].map((text) => text.textContent);
"""


def test_own_lines_whose_messages_are_left_out_do_not_wait_for_ever(module_page: Page) -> None:
    left = run(
        module_page,
        "chat/log.js",
        LOG
        + """
        log.appendPending("n1", "numbered, then skipped", { username: "me" });
        log.appendPending("n2", "not sent yet", { username: "me" });
        log.confirm("n1", "the message's id");
        log.forgetSettled();
        return shown();
        """,
    )
    assert left == ["not sent yet"]


def test_what_comes_back_takes_its_place_if_the_page_reaches_that_far(module_page: Page) -> None:
    lines = run(
        module_page,
        "chat/log.js",
        LOG
        + """
        log.append([5, 6, 7].map((seq) => say(seq)));
        log.clear(7);
        log.append([say(8)]);
        log.restore([2, 5, 7].map((seq) => say(seq)));
        log.scrollToNewest();
        return shown();
        """,
    )
    assert lines == ["5", "7", "8"]


def test_whom_one_blocks_is_not_drawn_and_comes_back_with_the_block(module_page: Page) -> None:
    before, during, after = run(
        module_page,
        "chat/log.js",
        LOG
        + """
        log.append([say(1), say(2, "3")]);
        log.scrollToNewest();
        const before = shown();
        you.learn({ blocked: ["3"] });
        log.append([say(3, "3"), say(4)]);
        log.scrollToNewest();
        const during = shown();
        you.learn({ blocked: [] });
        return [before, during, shown()];
        """,
    )
    assert (before, during, after) == (["1", "2"], ["1", "4"], ["1", "2", "3", "4"])


# chat/composer.js, chat/modes.js, chat/announcer.js


def test_waiting_times_are_said_as_people_say_them(module_page: Page) -> None:
    said = run(
        module_page,
        "chat/composer.js",
        "return [42, 60, 260, 3600, 11_100, 90_000, 1_209_600].map(m.spell)",
    )
    assert said == ["42 s", "1 min", "4 min 20 s", "1 h", "3 h 5 min", "25 h", "14 days"]


def test_a_batch_says_how_many_came_and_how_many_of_them_are_mine(module_page: Page) -> None:
    said = run(
        module_page,
        "chat/announcer.js",
        "return [m.sentence(1, 0), m.sentence(12, 2), m.sentence(3, 1)]",
    )
    assert said == ["1 new message", "12 new messages, 2 mention you", "3 new messages, 1 mentions you"]


def test_a_countdown_is_seen_but_read_out_once(module_page: Page) -> None:
    html, changes = run(
        module_page,
        "chat/waiting.js",
        """
        const box = document.createElement("p");
        m.writeWaiting(box, "Trying again", " in 3 s");
        const observer = new MutationObserver(() => {});
        observer.observe(box.firstElementChild, { childList: true, characterData: true, subtree: true });
        m.writeWaiting(box, "Trying again", " in 2 s");
        return [box.innerHTML, observer.takeRecords().length];
        """,
    )
    assert html == '<span>Trying again</span><span aria-hidden="true"> in 2 s</span>'
    assert changes == 0


# chat/outbox.js


def test_a_line_is_sent_again_with_the_same_nonce_until_it_is_settled(module_page: Page) -> None:
    sent = run(
        module_page,
        "chat/outbox.js",
        """
        const sent = []; let open = false;
        const outbox = new m.Outbox((nonce, content) => open && sent.push([nonce, content]) > 0);
        const first = outbox.post("one");
        open = true;
        outbox.post("two");
        outbox.resend();
        outbox.nudge(Date.now() + 60_000);
        const given = outbox.settle(first).content;
        outbox.resend();
        return [sent.map(([nonce, content]) => [nonce === first, content]), given, outbox.size];
        """,
    )
    lines = [[False, "two"], [True, "one"], [False, "two"], [True, "one"], [False, "two"], [False, "two"]]
    assert sent == [lines, "one", 1]


# chat/text.js


def render(page: Page, content: str, me: str = "") -> str:
    body = """
        const box = document.createElement("p");
        box.append(...m.renderText(CONTENT, ME).nodes);
        return box.innerHTML;
    """
    body = body.replace("CONTENT", json.dumps(content)).replace("ME", json.dumps(me))
    return run(page, "chat/text.js", body)


def test_markup_in_a_message_stays_text(module_page: Page) -> None:
    html = render(module_page, "<img src=x onerror=alert(1)> & <b>")
    assert html == "&lt;img src=x onerror=alert(1)&gt; &amp; &lt;b&gt;"


def test_links_give_their_target_no_handle(module_page: Page) -> None:
    html = render(module_page, "see https://example.org/a?b=1&c=2).")
    assert html == (
        'see <a href="https://example.org/a?b=1&amp;c=2" rel="nofollow noopener noreferrer ugc"'
        ' target="_blank">https://example.org/a?b=1&amp;c=2</a>).'
    )


def test_other_schemes_are_no_links(module_page: Page) -> None:
    html = render(module_page, "javascript:alert(1) data:text/html,x")
    assert "<a" not in html


def test_only_my_own_name_is_marked(module_page: Page) -> None:
    html = render(module_page, "@Nova hi @someone, mail@nova.org", me="nova")
    assert html == "<mark>@Nova</mark> hi <span>@someone</span>, mail@nova.org"


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
    shown = run(
        module_page,
        "numbers.js",
        CHANNEL + "numbers.showViewers(131_500); numbers.show(stream); return look().slice(4, 6);",
    )
    assert shown == ["131k", "131,500"]


# player/player.js


def test_who_pauses_sees_no_trouble_that_is_over(module_page: Page) -> None:
    states = run(
        module_page,
        "player/player.js",
        """
        const root = document.createElement("section");
        root.innerHTML = "<video></video><div data-player-message><p data-message-title></p></div>";
        const player = new m.Player(root, { now: () => Date.now() });
        const at = (status) => ({ id: "one", status, hlsUrl: "/live/1.2.3/one/index.m3u8" });
        player.follow(at("LIVE"));
        player.pause();
        const states = ["ENDING", "LIVE"].map((status) => (player.follow(at(status)), player.state));
        player.follow(null);
        const words = root.querySelector("[data-message-title]").textContent;
        return [...states, player.state, words];
        """,
    )
    assert states == ["reconnecting", "paused", "ended", "This broadcast has ended"]


# player/governor.js


def steer(page: Page, **at: float) -> dict[str, Any]:
    defaults = {"latency": 0.8, "target": 0.6, "buffered": 0.4, "rate": 1}
    return run(page, "player/governor.js", f"return m.steer({defaults | at})")


def test_near_the_target_the_picture_runs_at_its_own_speed(module_page: Page) -> None:
    assert steer(module_page, latency=0.7) == {"rate": 1, "jump": False}


def test_a_little_behind_catches_up_until_it_is_calm(module_page: Page) -> None:
    assert steer(module_page, latency=0.9)["rate"] == 1.05
    assert steer(module_page, latency=0.7, rate=1.05)["rate"] == 1.05
    assert steer(module_page, latency=0.63, rate=1.05)["rate"] == 1


def test_too_near_to_the_edge_falls_back_until_it_is_calm(module_page: Page) -> None:
    assert steer(module_page, latency=0.4)["rate"] == 0.95
    assert steer(module_page, latency=0.5, rate=0.95)["rate"] == 0.95
    assert steer(module_page, latency=0.5)["rate"] == 1
    assert steer(module_page, latency=0.58, rate=0.95)["rate"] == 1


def test_a_thin_buffer_slows_down_whatever_the_distance(module_page: Page) -> None:
    assert steer(module_page, latency=0.9, buffered=0.05)["rate"] == 0.95


def test_seconds_behind_are_jumped_over(module_page: Page) -> None:
    assert steer(module_page, latency=4)["jump"] is True


def test_a_newcomer_is_put_to_the_edge_at_once_if_the_media_is_there(module_page: Page) -> None:
    assert steer(module_page, latency=2, buffered=1.8, settling=1)["jump"] is True
    assert steer(module_page, latency=2, buffered=0.8, settling=1)["jump"] is False
    assert steer(module_page, latency=2, buffered=1.8)["jump"] is False


# player/watchdog.js


def test_a_standing_picture_is_shaken_harder_with_time_each_remedy_once(module_page: Page) -> None:
    said = run(
        module_page,
        "player/watchdog.js",
        """
        const dog = new m.Watchdog();
        const looks = [0, 1000, 1600, 1800, 4100, 4200, 8100, 9000].map((now) => dog.look(3, now, true));
        return [...looks, dog.look(3.1, 9500, true), dog.look(3.1, 10900, true), dog.look(3.1, 11100, true)];
        """,
    )
    first = ["fine", "fine", "skip", "fine", "edge", "fine", "reopen", "fine"]
    assert said == [*first, "fine", "fine", "skip"]


def test_a_picture_that_should_stand_still_is_left_alone(module_page: Page) -> None:
    said = run(
        module_page,
        "player/watchdog.js",
        "const dog = new m.Watchdog(); return [dog.look(3, 0, true), dog.look(3, 60000, false)];",
    )
    assert said == ["fine", "fine"]


# player/grants.js


def test_requests_are_made_under_the_newest_grant(module_page: Page) -> None:
    urls = run(
        module_page,
        "player/grants.js",
        """
        const grant = new m.Grant({ streamId: "x", url: "https://edge.example/live/new.1/abc/index.m3u8" });
        return [
          grant.freshen("https://edge.example/live/old.0/abc/s1.p2.m4s?_HLS_msn=3"),
          new m.Grant({ streamId: "x" }).freshen("/live/old.0/abc/s1.m4s"),
        ];
        """,
    )
    assert urls == ["https://edge.example/live/new.1/abc/s1.p2.m4s?_HLS_msn=3", "/live/old.0/abc/s1.m4s"]


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


# player/diary.js


def test_a_stall_is_told_once_with_its_time_and_length(module_page: Page) -> None:
    told = run(
        module_page,
        "player/diary.js",
        """
        const diary = new m.Diary();
        diary.stand(10_000);
        diary.stand(10_500); // the element says so again and again
        const noticed = diary.move(11_500);
        diary.stand(12_000);
        const blink = diary.move(12_100);
        diary.stand(13_000);
        diary.forget(); // the viewer paused
        diary.move(15_000);
        return [noticed, blink, diary.tell(20_000), diary.tell(20_000)];
        """,
    )
    assert told == [True, False, [{"secondsAgo": 10, "seconds": 1.5}], []]


def test_a_stall_that_goes_on_is_told_so_far_and_old_ones_are_dropped(module_page: Page) -> None:
    told = run(
        module_page,
        "player/diary.js",
        """
        const diary = new m.Diary();
        diary.stand(0);
        diary.move(1_000);
        diary.stand(90_000);
        const first = diary.tell(95_000);
        diary.move(97_000);
        for (let at = 100_000; at < 112_000; at += 1_000) { diary.stand(at); diary.move(at + 500); }
        return [first, diary.standing(120_000), diary.tell(120_000).length];
        """,
    )
    assert told == [[{"secondsAgo": 5, "seconds": 5}], 0, 10]


# health/graph.js


def test_the_graph_ends_at_the_right_and_a_hole_in_time_is_a_hole_in_the_line(module_page: Page) -> None:
    drawn = run(
        module_page,
        "health/graph.js",
        """
        const at = (seconds, kbps) => ({ at: seconds * 1000, kbps });
        return [m.paths([at(0, 50), at(2, 100), at(60, 100)], 100), m.paths([], 100)];
        """,
    )
    assert drawn[0]["line"] == "M540 50L542 0M600 0"
    assert drawn[0]["area"] == "M540 100V50L542 0V100ZM600 100V0V100Z"
    assert drawn[1] == {"line": "", "area": ""}


def test_the_graph_s_upper_edge_is_a_round_number_above_the_line(module_page: Page) -> None:
    edges = run(module_page, "health/graph.js", "return [0, 95, 400, 2600, 6000, 9500].map(m.ceiling)")
    assert edges == [100, 200, 500, 3000, 8000, 20000]


# health/alerts.js

ALERTS = """
    const root = document.createElement("section");
    root.innerHTML = `<ul data-alerts></ul><p data-alert-news></p><template data-alert><li>
      <b data-alert-title></b><time data-alert-since></time><span data-alert-cure></span></li></template>`;
    const alerts = new m.Alerts(root);
    const since = "2026-11-27T11:00:00Z";
    const alert = (code, title) => ({ code, title, cure: "Mend it.", severity: "info", since });
    const titles = () => [...root.querySelectorAll("b")].map((b) => b.textContent);
    const news = () => root.querySelector("[data-alert-news]").textContent;
"""


def test_alerts_come_and_go_in_place_and_only_news_are_said(module_page: Page) -> None:
    seen = run(
        module_page,
        "health/alerts.js",
        ALERTS
        + """
        alerts.show([alert("A", "First")]);
        const line = root.querySelector("li");
        const said = [news()];
        alerts.show([alert("B", "<b>Second</b>"), alert("A", "First, 2 s")]);
        said.push(news());
        alerts.show([alert("B", "<b>Second</b>"), alert("A", "First, 4 s")]);
        said.push(news());
        const both = titles();
        const kept = root.querySelectorAll("li")[1] === line;
        alerts.show([alert("A", "First, 6 s")]);
        return [said, both, kept, titles(), news()];
        """,
    )
    assert seen == [
        ["First. Mend it.", "<b>Second</b>. Mend it.", "<b>Second</b>. Mend it."],
        ["<b>Second</b>", "First, 4 s"],
        True,
        ["First, 6 s"],
        "Over: <b>Second</b>.",
    ]


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
        STORYBOARD + "return [0, 10, 19.9, 20, 29, 30, 999].map((second) => board.at(second))",
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


def test_a_still_is_found_by_its_date_too(module_page: Page) -> None:
    shown = run(
        module_page,
        "player/storyboard.js",
        STORYBOARD + "return [new Date(1025000), 1031000].map((date) => board.atDate(date).x)",
    )
    assert shown == [160, 0]


def test_a_storyboard_without_stills_shows_nothing(module_page: Page) -> None:
    body = "const board = new m.Storyboard({ width: 160, height: 90, sheets: [] }, 'https://x.example/i');"
    assert run(module_page, "player/storyboard.js", body + "return [board.size, board.at(3)]") == [0, None]


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
    assert told == [0, 18]


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
    assert told == [0, 0.5, 3.999, 4, 5, 6]


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
