"""A topic's order: what goes out together, and who enters when."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from apps.core.realtime import topic as topics
from apps.core.realtime.connection import SKIPS_MOST, WAITING_MOST, Connection
from apps.core.realtime.frames import FRAME_MOST, Outgoing, bundle, frame, wrap
from apps.core.realtime.topic import Topic


class Browser:
    """The far end of one ASGI websocket: keeps what was sent; while `stuck` is set, takes nothing."""

    def __init__(self) -> None:
        self.got: list[Any] = []
        self.closed: int | None = None
        self.stuck: asyncio.Event | None = None
        self.connection = Connection({"type": "websocket"}, self.send)

    async def send(self, event: dict[str, Any]) -> None:
        if self.stuck is not None and event["type"] == "websocket.send":
            await self.stuck.wait()
        if event["type"] == "websocket.close":
            self.closed = event["code"]
            return
        content = json.loads(event["text"])
        self.got += content if isinstance(content, list) else [content]


def on_loop(steps: Callable[[Topic], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(10):
            await steps(Topic("room.x", asyncio.get_running_loop()))

    asyncio.run(run())


async def settled() -> None:
    await asyncio.sleep(3 * topics.TICK)


def test_what_comes_in_a_moment_goes_out_in_order_and_together() -> None:
    async def steps(topic: Topic) -> None:
        one, two = Browser(), Browser()
        topic.enter(one.connection)
        topic.enter(two.connection)
        for n in range(5):
            topic.post(b"%d" % n)
        topic.post(b"5", b"6")
        assert one.got == []
        await settled()
        assert one.got == two.got == [0, 1, 2, 3, 4, 5, 6]

    on_loop(steps)


def test_an_idle_topic_tells_at_the_next_turn() -> None:
    async def steps(topic: Topic) -> None:
        browser = Browser()
        topic.enter(browser.connection)
        topic.post(b"1")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert browser.got == [1]

    on_loop(steps)


def test_a_newcomer_gets_its_greeting_then_exactly_what_comes_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A counter stands for the room: the greeting says how far it had come."""
    monkeypatch.setattr(topics, "AT_ONCE", 0)
    monkeypatch.setattr(topics, "CHUNK", 2)
    monkeypatch.setattr(topics, "SMALL", 0)

    async def steps(topic: Topic) -> None:
        count = 0
        browsers: list[Browser] = []

        def greeting() -> list[Outgoing]:
            return [Outgoing(b'{"last":%d}' % count)]

        for turn in range(40):
            for _ in range(turn % 3):
                count += 1
                topic.post(b"%d" % count)
            browser = Browser()
            browsers.append(browser)
            topic.enter(browser.connection, greeting)
            await asyncio.sleep(0 if turn % 5 else 0.01)
        count += 1
        topic.post(b"%d" % count)
        await settled()
        for browser in browsers:
            start = browser.got[0]["last"]
            assert browser.got[1:] == list(range(start + 1, count + 1))

    on_loop(steps)


def test_what_comes_while_others_are_told_goes_to_those_who_are_still_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topics, "AT_ONCE", 0)
    monkeypatch.setattr(topics, "CHUNK", 1)

    async def steps(topic: Topic) -> None:
        class First(Browser):
            async def send(self, event: dict[str, Any]) -> None:
                await super().send(event)
                if self.got == [1]:
                    topic.post(b"2")
                    told.append(list(second.got))

        told: list[list[Any]] = []
        sent: list[str] = []
        first, second = First(), Browser()
        keep = second.send

        async def send(event: dict[str, Any]) -> None:
            sent.append(event["text"])
            await keep(event)

        second.connection = Connection({"type": "websocket"}, send)
        for browser in (first, second):
            topic.enter(browser.connection)
        topic.post(b"1")
        await settled()
        assert told == [[]]
        assert (first.got, second.got) == ([1, 2], [1, 2])
        assert sent == ["[1,2]"], "both at once, as it was its turn"
        topic.post(b"3")
        await settled()
        assert first.got == second.got == [1, 2, 3]

    on_loop(steps)


def test_who_left_hears_nothing_more() -> None:
    async def steps(topic: Topic) -> None:
        browser, other = Browser(), Browser()
        topic.enter(browser.connection)
        topic.enter(other.connection)
        topic.post(b"1")
        await settled()
        topic.leave(browser.connection)
        topic.post(b"2")
        await settled()
        assert (browser.got, other.got) == ([1], [1, 2])
        topic.leave(other.connection)
        assert len(topic) == 0

    on_loop(steps)


def test_a_slow_reader_loses_frames_then_its_connection_and_delays_nobody() -> None:
    async def steps(topic: Topic) -> None:
        slow, quick = Browser(), Browser()
        slow.stuck = asyncio.Event()
        for browser in (slow, quick):
            topic.enter(browser.connection)
        for n in range(WAITING_MOST + SKIPS_MOST):
            topic.post(b"%d" % n)
            while len(quick.got) <= n:
                await asyncio.sleep(0.001)
        assert quick.got == list(range(WAITING_MOST + SKIPS_MOST))
        await settled()
        assert slow.closed == 4413
        assert slow.connection.skipped_in_all == SKIPS_MOST
        slow.stuck.set()
        await settled()
        assert slow.got == [], "it comes back with what it has and asks for the rest"

    on_loop(steps)


def test_a_reader_that_catches_up_is_told_of_its_gap() -> None:
    async def steps(topic: Topic) -> None:
        slow, quick = Browser(), Browser()
        gaps: list[int] = []
        slow.stuck = asyncio.Event()
        slow.connection.on_gap = lambda: gaps.append(len(slow.got))
        for browser in (slow, quick):
            topic.enter(browser.connection)
        for n in range(WAITING_MOST + 5):
            topic.post(b"%d" % n)
            while len(quick.got) <= n:
                await asyncio.sleep(0.001)
        assert gaps == []
        slow.stuck.set()
        await settled()
        assert slow.got == list(range(WAITING_MOST))
        assert gaps == [WAITING_MOST], "told once, after all it was still to read"
        topic.post(b"100")
        await settled()
        assert slow.got[-1] == 100
        assert slow.connection.skipped == 0

    on_loop(steps)


def test_too_much_for_one_turn_drops_the_oldest_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "PENDING_MOST", 10)

    async def steps(topic: Topic) -> None:
        browser = Browser()
        topic.enter(browser.connection)
        for n in range(25):
            topic.post(b"%d" % n)
        await settled()
        assert browser.got == list(range(15, 25))
        assert topic.dropped == 15

    on_loop(steps)


def test_a_sweep_that_took_long_tells_a_longer_tick() -> None:
    """Whoever works at the topic's beat, such as a room's writer, slows down with it."""

    class Slow(Browser):
        async def send(self, event: dict[str, Any]) -> None:
            time.sleep(0.04)  # the loop is busy, as with thousands of sockets

    async def steps(topic: Topic) -> None:
        topic.enter(Slow().connection)
        assert topic.tick == 0
        topic.post(b"1")
        await settled()
        assert topic.tick >= topics.REST * 0.04

    on_loop(steps)


def test_nobody_listening_costs_nothing() -> None:
    async def steps(topic: Topic) -> None:
        topic.post(b"1")
        browser = Browser()
        topic.enter(browser.connection)
        await settled()
        assert browser.got == []

    on_loop(steps)


@pytest.mark.parametrize("size", [0, 5, 125, 126, 65535, 65536, 70000])
def test_the_ready_made_frame_is_what_a_websocket_library_reads(size: int) -> None:
    from websockets.client import ClientProtocol
    from websockets.frames import Opcode
    from websockets.protocol import OPEN
    from websockets.uri import parse_uri

    client = ClientProtocol(parse_uri("ws://localhost/"), state=OPEN)
    client.receive_data(Outgoing(b"x" * size).frame)
    (received,) = client.events_received()
    assert (received.opcode, received.fin, len(received.data)) == (Opcode.TEXT, True, size)


def test_batches_stay_below_what_clients_take_at_once() -> None:
    events = [b'"%b"' % (b"x" * 50_000) for _ in range(20)] + [b'"%b"' % (b"y" * (FRAME_MOST + 10)), b"1"]
    messages = bundle(events)
    assert all(len(m.body) <= FRAME_MOST + 2 for m in messages if b"y" not in m.body)
    flat: list[Any] = []
    for message in messages:
        content = json.loads(message.text)
        flat += content if isinstance(content, list) else [content]
    assert flat == [json.loads(event) for event in events]


def test_an_event_wears_the_envelope_of_the_contract() -> None:
    event = frame("stream:ended", {"streamId": "x"})
    assert list(event) == ["type", "payload", "timestamp"]
    assert json.loads(wrap("a:b", b'{"n":1}', "2026-02-07T12:00:00.000Z")) == {
        "type": "a:b",
        "payload": {"n": 1},
        "timestamp": "2026-02-07T12:00:00.000Z",
    }


def test_a_connection_that_breaks_silences_nobody() -> None:
    class Broken(Connection):
        def write(self, message: Outgoing) -> None:
            raise SystemError("out of its mind")

    async def steps(topic: Topic) -> None:
        sound = Browser()
        topic.enter(Broken({"type": "websocket"}, sound.send))
        topic.enter(sound.connection)
        topic.post(b"1")
        await settled()
        topic.post(b"2")
        await settled()
        assert sound.got == [1, 2]

    on_loop(steps)


def test_in_a_flood_the_room_is_told_half_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "SMALL", 0)
    monkeypatch.setattr(topics, "REST", 0)  # however long a busy machine takes for a sweep

    async def steps(topic: Topic) -> None:
        topic.enter(Browser().connection)
        topic.post(b"1")
        await settled()
        assert topic.tick == topics.TICK
        topic.post(*[b"2"] * topics.FLOOD)  # whatever took less than a second to come
        await settled()
        assert topic.tick == 2 * topics.TICK
        topic.post(b"3")
        await settled()
        assert topic.tick == topics.TICK

    on_loop(steps)


def test_what_piled_up_in_a_pause_is_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "SMALL", 0)
    monkeypatch.setattr(topics, "REST", 0)  # however long a busy machine takes for a sweep

    async def steps(topic: Topic) -> None:
        topic.enter(Browser().connection)
        topic.post(b"1")
        await settled()
        pause = 0.2
        await asyncio.sleep(pause)
        topic.post(*[b"2"] * int(topics.FLOOD * pause))
        await settled()
        assert topic.tick == topics.TICK

    on_loop(steps)
