"""Questions that come together go together."""

from __future__ import annotations

import asyncio
import gc

import pytest

from apps.core.realtime.gather import Gather


def test_a_lone_question_goes_out_at_once_and_a_crowd_shares_the_next() -> None:
    asked: list[list[int]] = []

    async def double(keys: list[int]) -> list[int]:
        asked.append(keys)
        await asyncio.sleep(0.01)
        return [2 * key for key in keys]

    async def steps() -> None:
        gather = Gather(double)
        first = gather.get(1)
        await asyncio.sleep(0.001)
        rest = [gather.get(n) for n in range(2, 8)]
        assert await first == 2
        assert await asyncio.gather(*rest) == [4, 6, 8, 10, 12, 14]
        assert await gather.get(8) == 16

    asyncio.run(steps())
    assert asked == [[1], [2, 3, 4, 5, 6, 7], [8]]


def test_with_a_pause_a_stream_of_questions_goes_in_few() -> None:
    asked: list[list[int]] = []

    async def echo(keys: list[int]) -> list[int]:
        asked.append(keys)
        return keys

    async def steps() -> None:
        gather = Gather(echo, pause=0.2)
        rest = []
        for n in range(20):
            rest.append(gather.get(n))
            await asyncio.sleep(0.001)
        assert await asyncio.gather(*rest) == list(range(20))

    asyncio.run(steps())
    assert asked[0] == [0], "a lone question does not wait"
    assert len(asked) <= 4


def test_a_failure_reaches_whom_it_concerns_and_nobody_after() -> None:
    async def picky(keys: list[str]) -> list[str]:
        if "bad" in keys:
            raise ValueError("bad")
        return keys

    async def steps() -> None:
        gather = Gather(picky)
        with pytest.raises(ValueError):
            await gather.get("bad")
        assert await gather.get("good") == "good"

    asyncio.run(steps())


def test_what_fails_after_its_asker_has_left_is_no_complaint(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(keys: list[str]) -> list[str]:
        raise ValueError(keys)

    async def steps() -> None:
        gather = Gather(broken)
        answer = gather.get("asked and not awaited")
        with pytest.raises(ValueError):
            await gather.get("awaited")
        assert answer.done()

    asyncio.run(steps())
    gc.collect()
    assert not caplog.records


def test_it_serves_one_loop_after_another() -> None:
    async def echo(keys: list[str]) -> list[str]:
        return keys

    gather = Gather(echo)

    async def asked(key: str) -> str:
        return await gather.get(key)

    for key in ("a", "b"):
        assert asyncio.run(asked(key)) == key
