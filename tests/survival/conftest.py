"""A platform to break: these tests kill its processes, so nobody else shares it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import running
from tests.stack.running import Stack


@pytest.fixture(scope="session")
def survivor(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack with a chat rate that admits a storm; every test leaves it running again."""
    settings = {"CHAT_RATE": "100000/10"}
    if stack_mode == "embedded":
        with running.embedded(**settings) as started:
            yield started
    else:
        with running.full(request.getfixturevalue("private_services"), **settings) as started:
            yield started
