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
# Without the transcoder: the chat has no part in pictures.
BYSTANDERS = [name for name in running.procfile() if not name.startswith(("socket", "transcoder"))]
VICTIMS = {"socket1": ["socket1"], "socket2": ["socket2"], "everything else": BYSTANDERS}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "victims" in metafunc.fixturenames:
        embedded = metafunc.config.getoption("--stack") == "embedded"
        victims = {"live": ["live"]} if embedded else VICTIMS
        metafunc.parametrize("victims", victims.values(), ids=victims)


def test_whichever_process_dies_every_acknowledged_message_is_there_once_and_in_order(
    survivor: Stack, crowd: list[Person], victims: list[str]
) -> None:
    clients = enter(survivor, crowd)

    asyncio.run(storm(clients, partial(kill_and_restart, survivor, victims), seconds=STORM_SECONDS))

    require_whole(clients)
    assert max(client.connections for client in clients) > 1 or victims is BYSTANDERS


def kill_and_restart(stack: Stack, victims: list[str]) -> None:
    time.sleep(KILL_AT)
    for victim in victims:
        stack.kill(victim)
    time.sleep(RESTART_AT - KILL_AT)
    for victim in victims:
        stack.process(victim).start()
    for victim in victims:
        stack.process(victim).await_ready()
