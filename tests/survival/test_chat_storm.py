"""kill -9 of any process in the middle of a chat storm: nothing acknowledged is lost, doubled or moved."""

from __future__ import annotations

import asyncio
import time
from functools import partial

import pytest

from tests.stack import running
from tests.stack.people import Person
from tests.stack.running import Stack

from .storm import enter, require_whole, storm

STORM_SECONDS = 4.0
KILL_AT, RESTART_AT = 1.0, 2.0
# The chat has no part in pictures.
VICTIMS = [name for name in running.procfile() if name != "transcoder"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "victim" in metafunc.fixturenames:
        embedded = metafunc.config.getoption("--stack") == "embedded"
        metafunc.parametrize("victim", ["live"] if embedded else VICTIMS)


def test_whichever_process_dies_every_acknowledged_message_is_there_once_and_in_order(
    survivor: Stack, crowd: list[Person], victim: str
) -> None:
    clients = enter(survivor, crowd)

    asyncio.run(storm(clients, partial(kill_and_restart, survivor, victim), seconds=STORM_SECONDS))

    require_whole(clients)
    assert max(client.connections for client in clients) > 1 or victim not in {"live", "socket1", "socket2"}


def kill_and_restart(stack: Stack, victim: str) -> None:
    time.sleep(KILL_AT)
    stack.kill(victim)
    time.sleep(RESTART_AT - KILL_AT)
    stack.restart(victim)
