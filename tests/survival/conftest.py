"""A platform to break: these tests kill its processes and servers, so nobody else shares it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import running
from tests.stack.people import Person, sign_up
from tests.stack.running import Stack
from tests.stack.services import Server, Services, postgres_server, redis_server

from .storm import READERS, SENDERS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One process on SQLite has no servers that could die."""
    if config.getoption("--stack") == "embedded":
        without = [item for item in items if "servers" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, Server]]:
    """The PostgreSQL and the Redis behind `survivor`; every test leaves them running again."""
    with postgres_server(durable=True) as postgres, redis_server() as redis:
        yield {"postgres": postgres, "redis": redis}


@pytest.fixture(scope="session")
def survivor(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack with a chat rate that admits a storm; every test leaves it running again."""
    settings = {"CHAT_RATE": "100000/10"}
    if stack_mode == "embedded":
        with running.embedded(**settings) as started:
            yield started
    else:
        servers = request.getfixturevalue("servers")
        behind = Services(servers["postgres"].port, servers["redis"].port)
        with running.full(behind, **settings) as started:
            yield started


@pytest.fixture(scope="module")
def crowd(survivor: Stack) -> list[Person]:
    return [sign_up(survivor) for _ in range(SENDERS + READERS)]
