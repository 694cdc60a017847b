"""Hubs of several processes and threads that meet in the channel layer."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from channels.layers import channel_layers, get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import transaction

from apps.core.realtime import frame, note, push
from apps.core.realtime.hub import Hub
from apps.core.realtime.layer import EmbeddedLayer
from apps.core.realtime.topic import Topic

from .test_realtime_topic import Browser


@pytest.fixture(params=["memory", "redis"])
def layer(request: pytest.FixtureRequest) -> Iterator[Any]:
    """The process's channel layer, of both kinds."""
    if request.param == "memory":
        new: Any = EmbeddedLayer()
    else:
        new = RedisPubSubChannelLayer(hosts=[request.getfixturevalue("redis_url")])
    old = get_channel_layer()
    channel_layers.set("default", new)
    yield new
    channel_layers.set("default", old)


def on_hub(steps: Callable[[Hub], Awaitable[None]]) -> None:
    async def run() -> None:
        hub = Hub.here()
        try:
            async with asyncio.timeout(20):
                await steps(hub)
        finally:
            await hub.stop()

    asyncio.run(run())


async def listen(hub: Hub, name: str) -> tuple[Browser, Topic]:
    browser = Browser()
    topic = await hub.arrive(name, browser.connection)
    topic.enter(browser.connection)
    return browser, topic


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def test_a_push_from_a_thread_reaches_every_listener_of_its_topic_only(layer: Any) -> None:
    async def steps(hub: Hub) -> None:
        one, _ = await listen(hub, "room.a")
        two, _ = await listen(hub, "room.a")
        other, _ = await listen(hub, "room.b")
        await until(lambda: hub.is_attached)
        await asyncio.to_thread(push_in_order, 20)
        await until(lambda: len(one.got) == len(two.got) == 20)
        assert [event["payload"]["n"] for event in one.got] == list(range(20))
        assert other.got == []

    on_hub(steps)


def push_in_order(count: int) -> None:
    for n in range(count):
        push("room.a", frame("x:y", {"n": n}))


def test_the_first_who_listens_misses_nothing_of_other_processes(layer: Any) -> None:
    async def steps(hub: Hub) -> None:
        await listen(hub, "room.a")
        assert hub.is_attached

    on_hub(steps)


def test_a_push_from_a_thread_arrives_without_waiting_for_the_next_wake_up(layer: Any) -> None:
    async def steps(hub: Hub) -> None:
        browser, _ = await listen(hub, "room.a")
        await until(lambda: hub.is_attached)
        began = time.monotonic()
        thread = threading.Thread(target=push_in_order, args=(1,))
        thread.start()
        while not browser.got:
            await asyncio.sleep(0.005)
        assert time.monotonic() - began < 0.5
        thread.join()

    on_hub(steps)


def test_hubs_hear_each_other_and_not_themselves(layer: Any) -> None:
    """Two loops in two threads are as far apart as two processes, but for the embedded layer's one home."""
    if isinstance(layer, EmbeddedLayer):
        heard = on_one_loop()
    else:
        heard = on_two_loops()
    assert heard == ["from the other"]


def on_one_loop() -> list[str]:
    heard: list[str] = []

    async def steps(hub: Hub) -> None:
        _, topic = await listen(hub, "room.a")
        topic.on_note = lambda told: heard.append(told["text"])
        await until(lambda: hub.is_attached)
        await hub.note("room.a", {"text": "own"})
        await asyncio.to_thread(note, "room.a", {"text": "from the other"})
        await until(lambda: heard)

    on_hub(steps)
    return heard


def on_two_loops() -> list[str]:
    heard: list[str] = []
    ready, done = threading.Event(), threading.Event()

    async def listener(hub: Hub) -> None:
        _, topic = await listen(hub, "room.a")
        topic.on_note = lambda told: heard.append(told["text"])
        await until(lambda: hub.is_attached)
        await hub.note("room.a", {"text": "own"})
        ready.set()
        await until(lambda: heard)
        done.set()

    async def speaker(hub: Hub) -> None:
        await asyncio.to_thread(ready.wait, 10)
        while not done.is_set():
            await hub.note("room.a", {"text": "from the other"})
            await asyncio.to_thread(done.wait, 0.5)

    threads = [threading.Thread(target=on_hub, args=(steps,)) for steps in (listener, speaker)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return heard[:1]


def test_the_layer_is_left_with_the_last_listener_and_joined_again_with_the_next(layer: Any) -> None:
    async def steps(hub: Hub) -> None:
        browser, topic = await listen(hub, "room.a")
        await until(lambda: hub.is_attached)
        hub.leave(topic, browser.connection)
        await until(lambda: not hub.joined)
        assert hub.topics == {}
        again, _ = await listen(hub, "room.a")
        await until(lambda: hub.joined == {"room.a"})
        await asyncio.to_thread(push_in_order, 1)
        await until(lambda: again.got)

    on_hub(steps)


def test_without_the_layer_a_process_serves_its_own_people() -> None:
    old = get_channel_layer()
    channel_layers.set("default", RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"]))
    try:

        async def steps(hub: Hub) -> None:
            browser, _ = await listen(hub, "room.a")
            hub.tell("room.a", b'{"n":1}')
            push("room.a", frame("x:y", {}))
            await until(lambda: browser.got == [{"n": 1}])

        on_hub(steps)
    finally:
        channel_layers.set("default", old)


class HangingLayer(EmbeddedLayer):
    """A Redis that takes what is sent to it and never answers."""

    async def group_add(self, group: str, channel: str) -> None:
        await asyncio.sleep(60)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(60)


@pytest.fixture
def hanging_layer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("apps.core.realtime.hub.LAYER_PATIENCE", 0.3)
    old = get_channel_layer()
    channel_layers.set("default", HangingLayer())
    yield
    channel_layers.set("default", old)


def test_a_layer_that_hangs_is_waited_for_once_and_not_by_everybody(hanging_layer: None) -> None:
    async def steps(hub: Hub) -> None:
        await asyncio.sleep(0.05)  # the hub has a channel
        began = time.monotonic()
        await asyncio.gather(*(listen(hub, f"room.{n}") for n in range(3)))
        for n in range(20):
            await listen(hub, f"room.{n}")
        assert time.monotonic() - began < 1.5

    on_hub(steps)


def test_who_gives_up_on_the_way_in_leaves_no_topic_behind(hanging_layer: None) -> None:
    async def steps(hub: Hub) -> None:
        await asyncio.sleep(0.05)
        arriving = asyncio.create_task(listen(hub, "room.a"))
        await asyncio.sleep(0.05)
        assert "room.a" in hub.topics
        arriving.cancel()
        await asyncio.wait([arriving])
        assert hub.topics == {}

    on_hub(steps)


def test_hints_do_not_pile_up_at_a_layer_that_hangs(hanging_layer: None) -> None:
    async def steps(hub: Hub) -> None:
        before = len(hub._tasks)
        for n in range(50):
            hub.hint("room.a", {"n": n})
        await until(lambda: len(hub._tasks) == before)

    on_hub(steps)


@pytest.mark.django_db(transaction=True)
def test_a_push_inside_a_transaction_waits_for_the_commit_and_dies_with_a_rollback(layer: Any) -> None:
    def committed() -> None:
        with transaction.atomic():
            push("room.a", frame("x:y", {"n": "kept"}))

    def rolled_back() -> None:
        with pytest.raises(RuntimeError), transaction.atomic():
            push("room.a", frame("x:y", {"n": "lost"}))
            raise RuntimeError

    async def steps(hub: Hub) -> None:
        browser, _ = await listen(hub, "room.a")
        await until(lambda: hub.is_attached)
        await asyncio.to_thread(rolled_back)
        await asyncio.to_thread(committed)
        await until(lambda: browser.got)
        assert [event["payload"]["n"] for event in browser.got] == ["kept"]

    on_hub(steps)


def test_draining_tells_everybody_to_come_back(layer: Any) -> None:
    async def steps(hub: Hub) -> None:
        browsers = [(await listen(hub, "room.a"))[0] for _ in range(50)]
        hub.connections.update(browser.connection for browser in browsers)
        began = time.monotonic()
        await hub.drain()
        assert {browser.closed for browser in browsers} == {1012}
        assert time.monotonic() - began < 2, "a small server stops at once"

    on_hub(steps)


def test_the_embedded_layer_keeps_a_group_for_more_than_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps() -> None:
        layer = EmbeddedLayer()
        channel = await layer.new_channel()
        await layer.group_add("g", channel)
        later = time.time() + 40 * 86_400
        monkeypatch.setattr("channels.layers.time.time", lambda: later)
        await layer.group_send("g", {"type": "x"})
        async with asyncio.timeout(1):
            assert await layer.receive(channel) == {"type": "x"}

    asyncio.run(steps())
