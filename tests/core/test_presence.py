"""Who is watching."""

from __future__ import annotations

import threading
import uuid

import pytest

from apps.core import presence
from apps.core.realtime import redis as shared


@pytest.fixture
def channel() -> uuid.UUID:
    return uuid.uuid4()


class Clock:
    """Time that passes when the test says so."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(1_800_000_000.0)
    monkeypatch.setattr(presence.time, "time", clock.time)
    return clock


def test_a_browser_counts_once_however_often_and_wherever_it_is_seen(
    memory_or_redis: str, channel: uuid.UUID
) -> None:
    presence.touch(channel, ["a", "b"])
    presence.touch(channel, {"b", "c"})
    assert presence.count(channel) == 3
    assert presence.count(uuid.uuid4()) == 0


def test_a_process_that_dies_takes_its_viewers_with_it(
    memory_or_redis: str, channel: uuid.UUID, clock: Clock
) -> None:
    presence.touch(channel, ["dead"])
    clock.now += presence.LIFE - 1
    presence.touch(channel, ["alive"])
    assert presence.count(channel) == 2
    clock.now += 1.5
    assert presence.count(channel) == 1


def test_who_leaves_is_gone_soon_and_who_reloads_is_not(
    memory_or_redis: str, channel: uuid.UUID, clock: Clock
) -> None:
    presence.touch(channel, ["a", "b"])
    presence.leave(channel, ["a", "b", "never came"])
    assert presence.count(channel) == 2
    presence.touch(channel, ["b"])
    clock.now += presence.LINGER + 0.5
    assert presence.count(channel) == 1


def test_nobody_is_touched_for_nothing(memory_or_redis: str, channel: uuid.UUID) -> None:
    presence.touch(channel, [])
    presence.leave(channel, [])
    assert presence.count(channel) == 0


def test_a_broadcast_remembers_everybody_who_ever_watched(
    memory_or_redis: str, channel: uuid.UUID, clock: Clock
) -> None:
    broadcast, other = uuid.uuid4(), uuid.uuid4()
    both = {broadcast: channel, other: uuid.uuid4()}
    presence.touch(channel, ["a", "b"])
    assert presence.remember(both) == {broadcast: (2, 2), other: (0, 0)}
    clock.now += presence.LIFE + 1
    presence.touch(channel, ["b", "c"])
    assert presence.remember(both) == {broadcast: (2, 3), other: (0, 0)}
    assert presence.remember({}) == {}


def test_thousands_are_counted(memory_or_redis: str, channel: uuid.UUID) -> None:
    presence.touch(channel, (f"viewer{n}" for n in range(5_000)))
    other = uuid.uuid4()
    presence.touch(other, ["a"])
    seen = presence.remember({channel: channel, other: other})
    assert presence.count(channel) == seen[channel].watching == 5_000
    assert abs(seen[channel].unique - 5_000) < 150
    assert seen[other] == (1, 1)


def test_threads_may_touch_at_once(channel: uuid.UUID, settings) -> None:
    settings.REDIS_URL = ""

    def touch(at: int) -> None:
        for n in range(200):
            presence.touch(channel, [f"{at}-{n}"])
            presence.count(channel)

    threads = [threading.Thread(target=touch, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert presence.count(channel) == 800


def test_a_redis_that_is_away_stops_nothing(channel: uuid.UUID, settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    shared.client.cache_clear()
    try:
        presence.touch(channel, ["a"])
        presence.leave(channel, ["a"])
        assert presence.remember({channel: channel}) == {channel: (0, 0)}
        assert presence.count(channel) == 0
    finally:
        shared.client.cache_clear()


def test_who_fetches_watches_and_has_proven_it_who_only_says_so_has_not(
    memory_or_redis: str, channel: uuid.UUID, clock: Clock
) -> None:
    presence.touch(channel, ["says", "both"])
    presence.prove(channel, ["both", "fetches"])
    presence.prove(channel, [])
    assert presence.count(channel) == 3
    assert presence.proven(channel) == {"both", "fetches"} and presence.count_proven(channel) == 2
    clock.now += presence.LIFE - 1
    presence.touch(channel, ["both"])
    clock.now += 2
    assert presence.count(channel) == 1
    assert presence.proven(channel) == set() and presence.count_proven(channel) == 0


def test_people_are_online_wherever_they_are_until_nobody_sees_them(
    memory_or_redis: str, clock: Clock
) -> None:
    presence.see(["ann"])
    clock.now += presence.LIFE - 1
    presence.see({"bob"})
    presence.see([])
    assert presence.online(["ann", "bob", "nobody"]) == {"ann", "bob"}
    assert presence.online([]) == set()
    clock.now += 1.5
    assert presence.online(["ann", "bob"]) == {"bob"}


def test_nobody_is_online_while_redis_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    shared.client.cache_clear()
    try:
        presence.see(["ann"])
        assert presence.online(["ann"]) == set()
    finally:
        shared.client.cache_clear()
