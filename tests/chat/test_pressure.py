"""A room under pressure: its queue is bounded, for all and for each, and what hangs holds it up once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import selectors
from apps.chat.models import Message
from apps.chat.rooms import WAITING_LEAST
from apps.chat.services import messages
from apps.chat.store import Draft
from apps.core.errors import DomainError
from apps.core.realtime import redis as shared
from apps.core.realtime.closing import Close
from tests import factories
from tests.stack.services import silent_server

from .conftest import Dial, accepted, refused, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_full_writer_says_busy_instead_of_buffering_on(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.writer.WAITING_MOST", 0)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="hi", nonce="n")
            error = await client.next("chat:error")
            assert (error["code"], error["nonce"]) == ("BUSY", "n")
            assert error["retryAfter"] > 0

    story(steps)


def test_who_floods_a_room_leaves_its_queue_to_the_others(
    dial: Dial, lenient: None, viewer: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.writer.WAITING_MOST", 2 * WAITING_LEAST)
    monkeypatch.setattr("apps.chat.writer.WAITING_SECONDS", 30.0)
    take_turns, opened = messages.take_turns, asyncio.Event()

    async def late(drafts: Sequence[Draft]) -> list[DomainError | None]:
        await opened.wait()
        return await take_turns(drafts)

    monkeypatch.setattr(messages, "take_turns", late)

    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=viewer) as two, dial(who=stranger) as other:
            for client in (one, two):
                for n in range(WAITING_LEAST + 5):
                    await client.send("chat:send", content=f"flood {n}", nonce=f"{id(client)}-{n}")
                while (await client.next("chat:error"))["code"] != "BUSY":
                    pass
            await other.send("chat:send", content="excuse me", nonce="n")
            await other.send("ping")
            await other.next("pong")  # its message waits, or is refused
            opened.set()
            assert (await other.either("chat:ack", "chat:error"))["type"] == "chat:ack"

    story(steps)
    assert Message.objects.filter(user=stranger).count() == 1


def test_refusals_of_a_flood_are_looked_up_with_one_query_a_person(
    say: Say, channel: Channel, viewer: User, stranger: User
) -> None:
    stored = [say(viewer, "one", "n1"), say(stranger, "two", "n1")]
    asked = [(channel.pk, who.pk, nonce) for who in (viewer, stranger) for nonce in ("n0", "n1", "n2")]
    with CaptureQueriesContext(connection) as queries:
        assert selectors.find_nonces(asked) == [None, stored[0], None, None, stored[1], None]
    assert len(queries) == 2


@pytest.fixture
def silent_redis(settings) -> Iterator[Callable[[], Any]]:
    """`async with silent_redis()`: from here on this process has a Redis that never answers."""
    with silent_server() as port:

        @asynccontextmanager
        async def silent_redis() -> AsyncIterator[None]:
            if earlier := shared._of_loops.pop(asyncio.get_running_loop(), None):
                await earlier.aclose()
            settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
            shared.client.cache_clear()
            try:
                yield
            finally:
                await shared.loop_client().aclose()

        yield silent_redis
    shared.client.cache_clear()


@pytest.mark.parametrize("kind", ["channels", "dashboard"])
def test_while_nobody_can_say_whether_a_ticket_was_used_it_lets_nobody_in(
    dial: Dial, channel: Channel, streamer: User, silent_redis: Callable[[], Any], kind: str
) -> None:
    path = f"/ws/{kind}/{channel.slug}?ticket={factories.ticket(streamer)}"

    async def steps() -> None:
        async with silent_redis(), dial(path) as client:
            assert await client.closed() == Close.LATER

    story(steps)


def test_while_redis_hangs_nobody_hears_that_the_chat_is_busy(
    dial: Dial, lenient: None, viewer: User, silent_redis: Callable[[], Any]
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client, silent_redis():
            async with asyncio.timeout(2):
                for n in range(messages.LIMIT.most):
                    await accepted(client, f"message {n}")
            assert (await refused(client, "one too many"))["code"] == "RATE_LIMITED"

    story(steps)
