"""Redis for what must hold across processes: the test run's own when there is one, else a private one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from apps.core.realtime import redis as shared
from tests.stack.services import redis


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    with redis() as port:
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(params=["memory", "redis"])
def memory_or_redis(request: pytest.FixtureRequest, settings) -> Iterator[str]:
    """The test runs twice: on this process's memory, and on a Redis."""
    settings.REDIS_URL = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    shared.client.cache_clear()
    yield request.param
    shared.client.cache_clear()
