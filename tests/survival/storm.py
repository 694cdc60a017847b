"""A storm of chat around an accident, and what must be true of the room when it is over."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.stack.chat import ChatClient, chatting
from tests.stack.people import Person
from tests.stack.running import Stack

SENDERS = 10
READERS = 5
RATE = 200  # messages a second, all senders together


def enter(stack: Stack, crowd: list[Person]) -> list[ChatClient]:
    """A client for each of `crowd` in one new room of the first; the first SENDERS of them will talk."""
    channel = crowd[0].create_channel()
    url = stack.url.replace("http://", "ws://")
    return [ChatClient(url, channel["slug"], channel["id"], person) for person in crowd]


async def storm(clients: list[ChatClient], accident: Callable[[], None], *, seconds: float = 0.0) -> None:
    """Everybody chats while `accident` happens in a thread, and at least for `seconds`; ends when everything
    that was not refused for good is acked and seen."""
    senders = clients[:SENDERS]
    async with chatting(clients):
        happening = asyncio.create_task(asyncio.to_thread(accident))
        least = time.monotonic() + seconds

        def is_over() -> bool:
            return happening.done() and time.monotonic() >= least

        await asyncio.gather(*(talk(client, is_over) for client in senders))
        await happening
        await until(lambda: not any(client.pending for client in clients), "acks", clients)
        total = max(max(client.acked.values(), default=0) for client in senders)
        await until(lambda: all((client.last_seq or 0) >= total for client in clients), "delivery", clients)


async def talk(client: ChatClient, is_over: Callable[[], bool]) -> None:
    """An even share of the storm; each content is its own nonce, so that rows can be matched with acks."""
    pause = SENDERS / RATE
    started = time.monotonic()
    for number in itertools.count(1):
        if is_over():
            return
        await client.send(f"{client.person.username}-{number}")
        await asyncio.sleep(max(0.0, started + number * pause - time.monotonic()))


async def until(condition: Callable[[], bool], what: str, clients: list[ChatClient]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        if time.monotonic() > deadline:
            left = [(len(c.pending), c.last_seq, c.connections, c.errors[-1:]) for c in clients]
            raise AssertionError(f"no {what} after 30 s; (pending, last, connections, error): {left}")
        await asyncio.sleep(0.05)


def require_whole(clients: list[ChatClient]) -> None:
    """Nothing that was sent is lost, doubled or out of its place, and everybody saw the same room."""
    stored = whole_room(clients[0].person, clients[0].channel_id)
    assert [message["seq"] for message in stored] == list(range(1, len(stored) + 1)), (
        "the numbers have a hole"
    )
    counted = Counter(message["content"] for message in stored)
    assert not [content for content, times in counted.items() if times > 1], "a message was stored twice"
    seq_of = {message["content"]: message["seq"] for message in stored}
    for client in clients:
        assert client.refused == {}, "a message was refused for good"
        for nonce, seq in client.acked.items():
            assert seq_of.get(nonce) == seq, (
                f"{nonce} was acknowledged as {seq}, stored as {seq_of.get(nonce)}"
            )
    for client in clients:
        assert client.holes == [], f"{client.person.username} saw holes"
        assert [m["id"] for m in client.seen] == [m["id"] for m in stored], "somebody saw another room"


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
