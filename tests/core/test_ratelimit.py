"""How often a person may do a thing."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.core.ratelimit import Limit, parse
from apps.core.realtime import redis as shared
from tests.stack.services import silent_server


@pytest.fixture
def limit() -> Limit:
    return Limit(f"test-{uuid.uuid4().hex}", "3/0.5")


def test_a_rate_is_times_within_seconds() -> None:
    assert parse("5/10") == (5, 10.0)


@pytest.mark.parametrize("wrong", ["", "5", "0/10", "5/0", "x/y", "-1/10"])
def test_a_wrong_rate_stops_the_boot(wrong: str) -> None:
    with pytest.raises(ValueError):
        parse(wrong)


def test_so_many_turns_and_then_a_wait_that_is_told(memory_or_redis: str, limit: Limit) -> None:
    assert [limit.take("a") for _ in range(3)] == [0, 0, 0]
    wait = limit.take("a")
    assert 0 < wait <= 0.5
    assert limit.take("b") == 0, "everybody has turns of their own"


def test_after_the_told_wait_there_is_a_turn(memory_or_redis: str, limit: Limit) -> None:
    for _ in range(3):
        limit.take("a")
    deadline = time.monotonic() + 5
    while wait := limit.take("a"):
        assert time.monotonic() < deadline
        time.sleep(wait)


def test_a_refusal_uses_no_turn(memory_or_redis: str, limit: Limit) -> None:
    for _ in range(3):
        limit.take("a")
    first = limit.take("a")
    for _ in range(20):
        limit.take("a")
    assert limit.take("a") <= first


def test_many_at_once_get_exactly_the_turns_there_are(memory_or_redis: str) -> None:
    limit = Limit(f"test-{uuid.uuid4().hex}", "10/60")
    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(lambda _: limit.take("a"), range(50)))
    assert waits.count(0) == 10


def test_coroutines_share_the_same_turns(memory_or_redis: str) -> None:
    limit = Limit(f"test-{uuid.uuid4().hex}", "10/60")

    async def ask() -> list[float]:
        try:
            return await asyncio.gather(*(limit.atake("a") for _ in range(30)))
        finally:
            if memory_or_redis == "redis":
                await shared.loop_client().aclose()

    waits = asyncio.run(ask())
    assert [w for w in waits if w == 0] == waits[:10], "first come, first served"
    assert all(0 < wait <= 60 for wait in waits[10:])
    assert limit.take("a") > 0, "threads and coroutines count together"


def test_one_who_leaves_does_not_take_the_answers_of_others_away(memory_or_redis: str) -> None:
    limit = Limit(f"test-{uuid.uuid4().hex}", "10/60")

    async def ask() -> list[float]:
        try:
            leaver = asyncio.create_task(limit.atake("a"))
            others = [asyncio.create_task(limit.atake("b")) for _ in range(3)]
            await asyncio.sleep(0)
            leaver.cancel()
            async with asyncio.timeout(5):
                return list(await asyncio.gather(*others))
        finally:
            if memory_or_redis == "redis":
                await shared.loop_client().aclose()

    assert asyncio.run(ask()) == [0, 0, 0]


def test_without_redis_each_process_still_counts(settings, limit: Limit) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    shared.client.cache_clear()
    try:
        assert [bool(limit.take("a")) for _ in range(4)] == [False, False, False, True]
        assert asyncio.run(limit.atake("a")) > 0
    finally:
        shared.client.cache_clear()


@pytest.fixture
def silent_redis(settings) -> Iterator[None]:
    with silent_server() as port:
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        shared.client.cache_clear()
        yield
    shared.client.cache_clear()


def test_a_redis_that_hangs_holds_coroutines_up_once_and_for_a_moment(silent_redis: None) -> None:
    limit = Limit(f"test-{uuid.uuid4().hex}", "3/60")

    async def ask() -> list[float]:
        try:
            async with asyncio.timeout(1):
                return [await limit.atake("a") for _ in range(4)] + await limit.atake_all(["b"])
        finally:
            await shared.loop_client().aclose()

    assert [bool(wait) for wait in asyncio.run(ask())] == [False, False, False, True, False]


def test_a_redis_that_hangs_holds_threads_up_once(silent_redis: None) -> None:
    limit = Limit(f"test-{uuid.uuid4().hex}", "3/60")
    began = time.monotonic()
    assert [bool(limit.take("a")) for _ in range(4)] == [False, False, False, True]
    assert time.monotonic() - began < 1.5 * shared.PATIENCE


def test_a_redis_that_is_back_counts_again(settings, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.core.ratelimit.AWAY_SECONDS", 0.0)
    here = Limit(f"test-{uuid.uuid4().hex}", "3/60")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    shared.client.cache_clear()
    try:
        assert here.take("a") == 0
        settings.REDIS_URL = redis_url
        shared.client.cache_clear()
        assert [here.take("a") for _ in range(3)] == [0, 0, 0]
        assert Limit(here.name, "3/60").take("a") > 0, "another process knows"
    finally:
        shared.client.cache_clear()
