"""The short form of the fuzzer; `python -m tests.fuzz --inputs 1000000` is the long one."""

import asyncio

import pytest

from tests.fuzz.run import TARGETS, run


@pytest.mark.parametrize("target", TARGETS)
def test_hundreds_of_inputs_do_no_harm(target: str) -> None:
    asyncio.run(run(target, 1, range(300)))
