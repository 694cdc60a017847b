"""kill -9 of any process in the middle of a chat storm: nothing acknowledged is lost, doubled or moved."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

import pytest

from tests.stack import running
from tests.stack.chat import ChatClient, chatting
from tests.stack.people import Person, sign_up
from tests.stack.running import Stack

SENDERS = 10
READERS = 5
RATE = 200  # messages a second, all senders together
STORM_SECONDS = 4.0
KILL_AT, RESTART_AT = 1.0, 2.0


@pytest.fixture(scope="module")
def crowd(survivor: Stack) -> list[Person]:
    return [sign_up(survivor) for _ in range(SENDERS + READERS)]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "victim" in metafunc.fixturenames:
        embedded = metafunc.config.getoption("--stack") == "embedded"
        metafunc.parametrize("victim", ["live"] if embedded else list(running.procfile()))


def test_whichever_process_dies_every_acknowledged_message_is_there_once_and_in_order(
    survivor: Stack, crowd: list[Person], victim: str
) -> None:
    channel = crowd[0].create_channel()
    url = survivor.url.replace("http://", "ws://")
    clients = [ChatClient(url, channel["slug"], channel["id"], person) for person in crowd]

    asyncio.run(storm(survivor, victim, clients))

    stored = whole_room(crowd[0], channel["id"])
    assert [message["seq"] for message in stored] == list(range(1, len(stored) + 1)), (
        "the numbers have a hole"
    )
    counted = Counter(message["content"] for message in stored)
    assert not [content for content, times in counted.items() if times > 1], "a message was stored twice"
    seq_of = {message["content"]: message["seq"] for message in stored}
    for client in clients:
        for nonce, seq in client.acked.items():
            assert seq_of.get(nonce) == seq, (
                f"{nonce} was acknowledged as {seq}, stored as {seq_of.get(nonce)}"
            )
    for client in clients:
        assert client.holes == [], f"{client.person.username} saw holes"
        assert [m["id"] for m in client.seen] == [m["id"] for m in stored], "somebody saw another room"
    assert max(client.connections for client in clients) > 1 or victim not in {"live", "socket1", "socket2"}


async def storm(stack: Stack, victim: str, clients: list[ChatClient]) -> None:
    """Everybody chats while `victim` dies and comes back; ends when everything is acked and seen."""
    senders = clients[:SENDERS]
    async with chatting(clients):
        accident = asyncio.create_task(asyncio.to_thread(kill_and_restart, stack, victim))
        await asyncio.gather(*(talk(client) for client in senders))
        await accident
        await until(lambda: not any(client.pending for client in clients), "acks", clients)
        total = max(max(client.acked.values(), default=0) for client in senders)
        await until(lambda: all(client.last_seq == total for client in clients), "delivery", clients)


def kill_and_restart(stack: Stack, victim: str) -> None:
    time.sleep(KILL_AT)
    stack.kill(victim)
    time.sleep(RESTART_AT - KILL_AT)
    stack.restart(victim)


async def talk(client: ChatClient) -> None:
    """An even share of the storm; each content is its own nonce, so that rows can be matched with acks."""
    pause = SENDERS / RATE
    started = time.monotonic()
    for number in range(int(STORM_SECONDS / pause)):
        await client.send(f"{client.person.username}-{number + 1}")
        await asyncio.sleep(max(0.0, started + (number + 1) * pause - time.monotonic()))


async def until(condition: Any, what: str, clients: list[ChatClient]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            left = [(len(c.pending), c.last_seq, c.connections, c.errors[-1:]) for c in clients]
            raise AssertionError(f"no {what} after 30 s; (pending, last, connections, error): {left}")
        await asyncio.sleep(0.05)


def whole_room(person: Person, channel_id: str) -> list[dict[str, Any]]:
    """Every stored message of the room, oldest first, by the API."""
    messages: list[dict[str, Any]] = []
    while True:
        after = messages[-1]["seq"] if messages else 0
        answer = person.api.get(f"/api/channels/{channel_id}/messages", params={"after": after, "limit": 100})
        page = answer.raise_for_status().json()
        messages += page["data"]
        if not page["hasMore"]:
            return messages
