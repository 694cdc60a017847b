"""The player's choice of a quality, without a server."""

from __future__ import annotations

from playwright.sync_api import Page

from . import run

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
