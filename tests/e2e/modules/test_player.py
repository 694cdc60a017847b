"""The player: how it steers, waits and goes back."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, Route

from . import run

GRANTED = {"hlsUrl": "/live/new.1.2/x/index.m3u8", "storyboardUrl": "", "expiresIn": 600}

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


def test_what_a_headset_paused_stays_so_when_the_picture_has_to_begin_anew(module_page: Page) -> None:
    module_page.route("**/api/streams/one/hls", lambda route: route.fulfill(json=GRANTED))
    module_page.route("**/live/**", lambda route: route.fulfill(status=404))
    played = run(
        module_page,
        "player/player.js",
        """
        const root = document.createElement("section");
        root.innerHTML = "<video></video>";
        const video = root.firstElementChild;
        let played = 0;
        video.play = async () => (played += 1);
        let troubles = 0;
        const watch = new MutationObserver(() => (troubles += root.dataset.state === "reconnecting"));
        watch.observe(root, { attributeFilter: ["data-state"] });
        const trouble = async (count) => {
          while (troubles < count) await new Promise((wake) => setTimeout(wake, 10));
        };
        const player = new m.Player(root, { now: () => Date.now() });
        player.follow({ id: "one", status: "LIVE", hlsUrl: "/live/1.2.3/one/index.m3u8" });
        await trouble(1);
        Object.defineProperty(video, "readyState", { value: 4 });
        video.dispatchEvent(new Event("pause"));
        const before = played;
        await trouble(2);
        player.follow(null);
        return [before, played];
        """,
    )
    module_page.unroute_all()
    assert played == [1, 1]


# player/quality-menu.js


def test_a_menu_that_comes_late_does_not_call_back_who_went_on(module_page: Page) -> None:
    told = run(
        module_page,
        "player/quality-menu.js",
        """
        document.body.innerHTML = "<div hidden></div><button></button><textarea></textarea>";
        const [box, button, field] = document.body.children;
        const answers = [];
        const list = () => new Promise((done) => answers.push(() => done([{ name: "auto", label: "Auto" }])));
        const menu = new m.QualityMenu(box, button, { list, wanted: () => "auto", choose() {} });
        const ask = async (meanwhile) => {
          button.focus();
          const asked = menu.toggle();
          meanwhile();
          answers.pop()();
          await asked;
          return [!box.hidden, document.activeElement.tagName];
        };
        return [await ask(() => field.focus()), await ask(() => {})];
        """,
    )
    assert told == [[False, "TEXTAREA"], [True, "INPUT"]]


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


def test_nobody_renews_what_nobody_plays_any_more(module_page: Page) -> None:
    module_page.route("**/api/streams/x/hls", lambda route: route.fulfill(json=GRANTED))
    planned = run(
        module_page,
        "player/grants.js",
        """
        const planned = [];
        const setTimeout = window.setTimeout;
        window.setTimeout = (work) => planned.push(work);
        const grant = new m.Grant({ streamId: "x" });
        grant.keepFresh();
        planned.shift()();
        const renewal = grant.renew(); // the one that is under way
        grant.stop();
        await renewal.then(() => new Promise((done) => setTimeout(done)));
        window.setTimeout = setTimeout;
        return planned.length;
        """,
    )
    module_page.unroute_all()
    assert planned == 0


# player/source.js


def test_a_new_grant_that_is_refused_is_no_reason_to_ask_without_end(module_page: Page) -> None:
    asked: list[str] = []
    module_page.route("**/api/streams/x/hls", lambda route: route.fulfill(json=GRANTED))

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=403)

    module_page.route("**/live/**", refuse)
    told = run(
        module_page,
        "player/source.js",
        """
        const { Grant } = await import("/js/player/grants.js");
        const grant = new Grant({ streamId: "x", url: "/live/old.1.2/x/index.m3u8" });
        const { promise, resolve } = Promise.withResolvers();
        const told = [];
        const source = new m.Source(document.createElement("video"), grant, (event) => {
          told.push(event);
          if (event === "trouble" || told.length > 9) resolve();
        });
        source.start();
        await promise;
        source.stop();
        return told;
        """,
    )
    module_page.unroute_all()
    assert told == ["attached", "attached", "trouble"]
    assert [url.rpartition("/live/")[2] for url in asked] == ["old.1.2/x/index.m3u8", "new.1.2/x/index.m3u8"]


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


# player/ladder.js


def test_the_qualities_of_a_playlist_have_words(module_page: Page) -> None:
    told = run(
        module_page,
        "player/ladder.js",
        r"""
        const variant = (attributes, uri) => `#EXT-X-STREAM-INF:BANDWIDTH=1,${attributes}\n${uri}\n`;
        return m.qualitiesIn("#EXTM3U\n" + [
          variant('CODECS="a,b",RESOLUTION=1920x1080,FRAME-RATE=60.000', "stream.m3u8"),
          variant("RESOLUTION=853x480,FRAME-RATE=30.000", "480p/stream.m3u8"),
          variant('CODECS="mp4a.40.2"', "audio/stream.m3u8"),
        ].join(""));
        """,
    )
    assert told == [
        {"name": "source", "label": "1080p60 (source)"},
        {"name": "480p", "label": "480p"},
        {"name": "audio", "label": "Audio only"},
    ]


LADDER = """
    localStorage.clear();
    const level = (height, name) => ({ height, url: [`https://live/live/a.b.c/id/${name}stream.m3u8`] });
    const hls = {
      levels: [level(160, "160p/"), level(720, "")],
      loadLevel: -1,
      latestLevelDetails: { fragmentStart: 100 },
      removeLevel(index) { this.levels.splice(index, 1); }, startLoad() {}, on() {}, once() {},
    };
    const ladder = new m.Ladder();
    ladder.attach({ Events: {} }, hls);
"""


def test_who_goes_back_farther_than_renditions_reach_sees_the_source(module_page: Page) -> None:
    told = run(
        module_page,
        "player/ladder.js",
        LADDER
        + """
        const at = (position) => (ladder.goTo(position), hls.levels[hls.loadLevel]?.height);
        ladder.choose("160p");
        return [at(null), at(150), at(50), at(150), at(null)];
        """,
    )
    assert told == [160, 160, 720, 720, 160]


def test_a_rendition_that_is_gone_gives_way_to_the_source(module_page: Page) -> None:
    told = run(
        module_page,
        "player/ladder.js",
        LADDER
        + """
        ladder.choose("160p");
        const kept = [{ code: 503 }, undefined].map((response) => ladder.drop({ response, level: 0 }));
        const ofSource = ladder.drop({ response: { code: 404 }, level: 1 });
        const gone = ladder.drop({ response: { code: 404 }, level: 0 });
        return [kept, ofSource, gone, hls.levels.length, hls.loadLevel, ladder.choose("160p")];
        """,
    )
    assert told == [[False, False], False, True, 1, 0, False]


def test_who_leaves_the_choice_gets_less_after_a_stall_and_more_when_it_is_calm(module_page: Page) -> None:
    told = run(
        module_page,
        "player/ladder.js",
        LADDER
        + """
        hls.loadLevel = 1;
        const cap = (deed) => (ladder[deed](), hls.autoLevelCapping);
        const auto = [cap("stepDown"), cap("stepUp")];
        ladder.choose("source");
        return [auto, cap("stepDown")];
        """,
    )
    assert told == [[0, -1], -1]
