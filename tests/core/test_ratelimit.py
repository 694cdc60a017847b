"""How often a person may do a thing."""

from __future__ import annotations

import asyncio
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from apps.core.ratelimit import Limit, parse
from apps.core.realtime import redis as shared


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
