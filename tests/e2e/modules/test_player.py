"""The player: how it steers and waits."""

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


def test_who_is_banned_is_told_and_asks_no_more(module_page: Page) -> None:
    asked: list[str] = []
    refusal = {"error": True, "code": "BANNED", "message": "You are banned from this channel.", "status": 403}

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=403, json=refusal)

    module_page.route("**/api/streams/one/hls", refuse)
    module_page.route("**/live/**", lambda route: route.fulfill(status=403))
    told = run(
        module_page,
        "player/player.js",
        """
        const root = document.createElement("section");
        root.innerHTML = "<video></video><div data-player-message><p data-message-title></p></div>";
        const player = new m.Player(root, { now: () => Date.now() });
        const said = new Promise((done) => new MutationObserver(() => {
          if (root.dataset.state === "barred") done();
        }).observe(root, { attributeFilter: ["data-state"] }));
        player.follow({ id: "one", status: "LIVE", hlsUrl: "/live/1.2.3/one/index.m3u8" });
        await said;
        await new Promise((wake) => setTimeout(wake, 1500)); // its first retries would have come by now
        return root.querySelector("[data-message-title]").textContent;
        """,
    )
    module_page.unroute_all()
    assert told == "You are banned from this channel"
    assert len(asked) == 1


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


# player/keys.js


def test_letters_are_keys_until_one_does_without_them_and_never_over_what_lies_open(
    module_page: Page,
) -> None:
    module_page.reload()  # players of other tests listen for keys of their document
    done = run(
        module_page,
        "player/keys.js",
        """
        localStorage.clear();
        document.body.className = "watching";
        document.body.innerHTML = `<section tabindex="-1"><div data-keys popover>
          <input type="checkbox" data-single-keys></div></section><div id="other" popover></div>`;
        const root = document.querySelector("section");
        const choice = root.querySelector("input");
        const done = [];
        const keys = new m.Keys(root, (action) => done.push(action));
        const press = (key, on = document.body) => {
          const before = done.length;
          on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
          return done.length > before;
        };
        const chosen = (wanted) => {
          choice.checked = wanted;
          choice.dispatchEvent(new Event("change"));
        };
        const all = () => ["k", "?", " ", "ArrowLeft"].map((key) => press(key));
        const results = { at_first: [choice.checked, ...all()] };
        document.querySelector("#other").showPopover();
        results.under_a_dialog = all();
        document.querySelector("#other").hidePopover();
        keys.toggleHelp();
        results.help = [root.querySelector("[data-keys]").matches(":popover-open"), ...all()];
        keys.toggleHelp();
        chosen(false);
        results.without_letters = all();
        results.with_focus = ["k", " ", "ArrowLeft"].map((key) => press(key, root));
        chosen(true);
        results.again = all();
        localStorage.clear();
        return results;
        """,
    )
    assert done == {
        "at_first": [True, True, True, True, False],
        "under_a_dialog": [False] * 4,
        "help": [True, False, False, False, False],
        "without_letters": [False] * 4,
        "with_focus": [False, True, True],
        "again": [True, True, True, False],
    }
