"""What a room tells who comes, comes back, or finds a hole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from django.db import OperationalError
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import store
from apps.chat.models import ChatRoom, Message
from apps.chat.rooms import Rooms
from apps.chat.selectors import Line
from apps.core.ids import uuid7
from apps.core.realtime.closing import Close
from apps.core.realtime.frames import stamp

from .conftest import Dial, in_thread, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def said(room: ChatRoom, person: User, count: int) -> None:
    """So many messages stand in the room, stored together."""
    store.append(
        room.pk, [store.Draft(uuid7(), person.pk, f"message {n + 1}", f"n{n}", ()) for n in range(count)]
    )


def test_the_room_greets_with_its_newest_messages(dial: Dial, room: ChatRoom, viewer: User) -> None:
    said(room, viewer, 103)

    async def steps() -> None:
        async with dial() as client:
            history = await client.next("chat:history")
            assert [m["seq"] for m in history["messages"]] == list(range(4, 104))
            assert (history["lastSeq"], history["truncated"]) == (103, False)

    story(steps)


@pytest.mark.parametrize(
    ("after", "expected"), [(0, (1, 120)), (5, (6, 120)), (119, (120, 120)), (120, None)]
)
def test_who_comes_back_gets_exactly_what_was_missed(
    dial: Dial, room: ChatRoom, viewer: User, after: int, expected: tuple[int, int] | None
) -> None:
    said(room, viewer, 120)

    async def steps() -> None:
        async with dial() as client:
            path = client.line.scope["path"]
            await client.next("chat:history")
            async with dial(f"{path}?after={after}") as returned:
                history = await returned.next("chat:history")
                got = [m["seq"] for m in history["messages"]]
                assert got == (list(range(expected[0], expected[1] + 1)) if expected else [])
                assert history["lastSeq"] == 120
                await client.send("chat:history", after=after)
                assert [m["seq"] for m in (await client.next("chat:history"))["messages"]] == got

    story(steps)


def test_more_than_one_answer_holds_is_marked_and_starts_where_the_client_is(
    dial: Dial, room: Any, viewer: User
) -> None:
    Message.objects.bulk_create(
        Message(room=room, seq=n, user=viewer, content="m", nonce=str(n), created_at=timezone.now())
        for n in range(1, 1201)
    )
    room.last_seq = 1200
    room.save()

    async def steps() -> None:
        async with dial(f"/ws/channels/{room.channel.slug}?after=10") as client:
            history = await client.next("chat:history")
            assert [m["seq"] for m in history["messages"]] == list(range(11, 511))
            assert (history["lastSeq"], history["truncated"]) == (1200, True)

    story(steps)


def test_a_message_that_no_hint_told_of_is_found_in_the_database(
    dial: Dial, say: Say, channel: Channel, viewer: User
) -> None:
    """As when Redis was away at the moment of the push."""

    def unheard() -> None:
        store.append(channel.pk, [store.Draft(uuid7(), viewer.pk, "unheard", "u", ())])

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(unheard)
            assert (await reader.next("chat:message"))["content"] == "unheard"

    story(steps)


def test_a_number_that_the_database_has_not_holds_up_nobody(dial: Dial, room: Any, viewer: User) -> None:
    """As after a restored backup: the room goes on with what is there."""

    def store() -> None:
        for n in (1, 3):
            Message.objects.create(
                room=room, seq=n, user=viewer, content=str(n), nonce=str(n), created_at=timezone.now()
            )
        room.last_seq = 4
        room.save()

    async def steps() -> None:
        async with dial() as reader, dial(who=viewer) as writer:
            await reader.next("chat:history")
            await in_thread(store)
            assert [(await reader.next("chat:message"))["seq"] for _ in range(2)] == [1, 3]
            await writer.send("chat:send", content="on it goes", nonce="n")
            assert (await reader.next("chat:message"))["seq"] == 5

    story(steps)


def test_what_is_stored_while_a_hole_is_looked_into_is_not_skipped(
    dial: Dial, room: ChatRoom, viewer: User
) -> None:
    """The database is asked for number 1, which nobody stored; before it answers, number 2 is told."""

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            here = Rooms.here()._rooms[room.pk]
            here.notice_head(1)
            await asyncio.sleep(0)
            message = {
                "id": str(uuid7()),
                "seq": 2,
                "content": "told",
                "badges": [],
                "createdAt": stamp(),
                "user": {"id": str(viewer.pk)},
            }
            here.hear([Line(2, uuid7(), viewer.pk, orjson.dumps(message))], stamp())
            assert (await reader.next("chat:message"))["seq"] == 2

    story(steps)


def test_who_can_t_be_looked_up_while_the_database_is_away_comes_back_later(
    dial: Dial, channel: Channel, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error frame would leave a page waiting for the history that it asked for."""

    def is_away(*_: Any) -> None:
        raise OperationalError("gone")

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:history")
            monkeypatch.setattr("apps.chat.crowd.speaker_of", is_away)
            monkeypatch.setattr("apps.chat.crowd.KNOWN_SECONDS", -1.0)
            await client.send("chat:history", after=0)
            assert await client.closed() == Close.LATER

    story(steps)


def test_a_room_that_was_read_half_the_first_time_tells_each_line_once(
    dial: Dial, say: Say, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(viewer, "once")

    def is_away(*_: Any) -> None:
        raise OperationalError("gone")

    async def steps() -> None:
        with monkeypatch.context() as broken:
            broken.setattr("apps.chat.selectors.struck_among", is_away)
            async with dial() as early:
                assert await early.closed() == Close.LATER
                broken.undo()
                async with dial() as client:
                    told = (await client.next("chat:history"))["messages"]
                    assert [message["content"] for message in told] == ["once"]

    story(steps)
