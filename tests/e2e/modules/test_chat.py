"""The chat: what is shown, sent and said."""

from __future__ import annotations

import json

from playwright.sync_api import Page

from . import run

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


def test_a_moderator_goes_on_reading_what_comes_back_struck(module_page: Page) -> None:
    """It is told everybody without its words, such as when what it quotes comes back."""
    lines = run(
        module_page,
        "chat/log.js",
        LOG
        + """
        const told = { struck: true, content: "" };
        const read = (powers) => {
          you.learn({ powers });
          log.clear();
          log.append([{ ...say(1), struck: true }, say(2)]);
          log.restore([{ ...say(1), ...told }, { ...say(2), ...told, deletedAt: createdAt }]);
          log.scrollToNewest();
          return shown();
        };
        return [read(["view_moderation"]), read([])];
        """,
    )
    assert lines == [["1", "Message removed"], ["Message removed", "Message removed"]]


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


# chat/thread.js


THREAD = """
    const root = document.createElement("aside");
    root.innerHTML = `<section data-chat-thread hidden><button></button><ol></ol></section>
      <template data-chat-message><li>
        <button class="reply" hidden></button><time></time><b class="chat-name"></b>
        <span class="chat-text"></span></li></template>`;
    const { You } = await import("/js/chat/you.js");
    const you = new You({ id: "1", username: "me" });
    const user = { id: "2", username: "asker" }, helper = { id: "3", username: "helper" };
    const createdAt = new Date().toISOString();
    const data = [
      { id: "m1", seq: 1, content: "which song", createdAt, user },
      { id: "m2", seq: 2, content: "the third", createdAt, user: helper, thread: "m1",
        parent: { id: "m1", user, content: "which song" } },
    ];
    const thread = new m.Thread(root, you, { thread: () => ({ data }) }, () => {});
    await thread.open(data[1]);
    const panel = root.querySelector("[data-chat-thread]");
    const words = () =>
      [...panel.querySelectorAll(".reply:not([hidden]), .chat-text")].map((each) => each.textContent);
"""


def test_an_open_conversation_follows_when_words_are_taken_out_of_the_room(module_page: Page) -> None:
    before, removed, purged, is_shown, is_closed = run(
        module_page,
        "chat/thread.js",
        THREAD
        + """
        const told = [words()];
        thread.markDeleted("m1");
        told.push(words());
        thread.cleared("3", 1);
        thread.cleared("3", 2);
        told.push(words(), !panel.hidden);
        thread.cleared(null, 2);
        return [...told, panel.hidden];
        """,
    )
    assert before == ["which song", "Reply to asker: which song", "the third"]
    assert removed == ["Message removed", "Reply to a removed message", "the third"]
    assert purged == ["Message removed", "Reply to a removed message", "Message removed"]
    assert is_shown and is_closed


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
        const outbox = new m.Outbox((nonce, content) => open && sent.push([nonce, content]) > 0, "test");
        const first = outbox.post("one");
        open = true;
        outbox.post("two");
        outbox.resend();
        outbox.nudge(Date.now() + 60_000);
        const given = outbox.settle(first).content;
        outbox.resend();
        return [sent.map(([nonce, content]) => [nonce === first, content]), given, outbox.lines.length];
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


# chat/attendance.js


def test_a_long_list_of_who_is_there_goes_on_page_by_page(module_page: Page) -> None:
    told = run(
        module_page,
        "chat/attendance.js",
        """
        document.body.innerHTML = `<main><button data-chat-who></button><section data-chat-people hidden>
          <header><button></button></header><div class="chat-people"></div></section></main>`;
        const pages = { 1: ["ann", "bob"], 2: ["bob", "cem"], 3: ["dan"] };
        const chatters = async (page) => (
          { total: 4, data: pages[page].map((username) => ({ user: { username }, role: null })) });
        new m.Attendance(document.querySelector("main"), { chatters }, () => {}).open();
        const list = document.querySelector(".chat-people");
        const names = () => [...list.querySelectorAll("li")].map((item) => item.textContent);
        const more = () => list.querySelector(".chat-people > button");
        const until = async (good) => { while (!good()) await new Promise((wake) => setTimeout(wake, 5)); };
        await until(() => names().length === 2);
        const offered = more().textContent;
        more().click();
        await until(() => names().length === 3);
        more().click();
        await until(() => names().length === 4);
        return [offered, names(), more() ?? null];
        """,
    )
    assert told == ["Show more (2)", ["ann", "bob", "cem", "dan"], None]
