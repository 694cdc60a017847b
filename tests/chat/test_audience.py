"""Who is there: typing, coming and going, viewers."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat.rooms import Rooms
from apps.core import presence
from apps.core.ratelimit import Limit
from tests import factories

from .conftest import Dial, in_thread, story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def short_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told together is told soon: a silence means something."""
    monkeypatch.setattr("apps.chat.audience.GATHER", 0.05)


def test_typing_is_told_to_the_others_only(dial: Dial, viewer: User, stranger: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=stranger) as two, dial() as reader:
            await one.send("chat:typing")
            await one.send("chat:typing")
            for client in (two, reader):
                assert [u["username"] for u in (await client.next("chat:typing"))["users"]] == ["viewer"]
                assert await client.silent("chat:typing")
            assert await one.silent("chat:typing")

    story(steps)


def test_small_rooms_see_who_comes_and_goes(dial: Dial, viewer: User, monkeypatch: Any) -> None:
    monkeypatch.setattr("apps.chat.audience.PARTING", 0.1)

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            async with dial(who=viewer) as one:
                assert (await reader.next("chat:user-joined"))["user"]["username"] == "viewer"
                await one.next("chat:history")
                assert await one.silent("chat:user-joined"), "nobody is told of themselves"
                async with dial(who=viewer):
                    assert await reader.silent("chat:user-joined"), "a second tab is nobody new"
            assert (await reader.next("chat:user-left"))["user"]["username"] == "viewer"

    story(steps)


def test_those_who_come_together_hear_of_each_other(
    dial: Dial, viewer: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.audience.GATHER", 0.5)

    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=stranger) as two:
            for client, other in ((one, stranger), (two, viewer)):
                assert (await client.next("chat:user-joined"))["user"]["username"] == other.username
            for client in (one, two):
                assert await client.silent("chat:user-joined"), "nobody is told of themselves"

    story(steps)


def test_viewers_are_counted_a_browser_once(dial: Dial, channel: Channel) -> None:
    path = f"/ws/channels/{channel.slug}"
    tab = {"cookie": "a=b; viewer=0123456789abcdef"}

    async def steps() -> None:
        async with dial(headers=tab), dial(headers=tab), dial(f"{path}?viewer=phone12345") as phone:
            assert (await phone.next("viewers:updated"))["count"] == 2
            async with dial(f"{path}?watch=0") as popout:
                assert (await popout.next("viewers:updated"))["count"] == 2
            await phone.send("stream:leave")
            assert (await phone.next("viewers:updated", 9))["count"] == 1

    story(steps)


def test_a_crowd_that_goes_is_not_told_one_by_one(dial: Dial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.chat.audience.PARTING", 0.2)
    monkeypatch.setattr("apps.chat.audience.SMALL_ROOM", 2)
    crowd = [factories.person(f"crowd{n}") for n in range(4)]

    async def steps() -> None:
        async with dial() as reader, AsyncExitStack() as open_sockets:
            for person in crowd:
                client = await open_sockets.enter_async_context(dial(who=person))
                await client.next("chat:history")
                if person in crowd[:2]:  # of those who come while the room is large one is told
                    told = await reader.next("chat:user-joined")
                    assert told["user"]["username"] == person.username
            await open_sockets.aclose()
            left = await reader.next("chat:user-left")
            assert left["user"]["username"] == "crowd0", "the room was small when the last one went"
            assert await reader.silent("chat:user-left", 0.5)

    story(steps)


def test_a_large_room_hears_of_a_sample_of_those_who_come_and_go(
    dial: Dial, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.audience.PARTING", 0.1)
    monkeypatch.setattr("apps.chat.audience.SMALL_ROOM", 1)
    crowd = [factories.person(f"crowd{n}") for n in range(4)]

    async def steps() -> None:
        async with dial() as reader, AsyncExitStack() as open_sockets:
            await reader.next("chat:history")
            for person in crowd:
                client = await open_sockets.enter_async_context(dial(who=person))
                await client.next("chat:history")
            told = await reader.next("chat:user-joined")
            assert told["user"]["username"] == "crowd0"
            assert await reader.silent("chat:user-joined", 0.5)
            # Some seconds later: both gates are open again, for one.
            Rooms.here()._rooms[channel.pk].audience._sampled_at = float("-inf")
            monkeypatch.setattr("apps.chat.audience.SAMPLES", Limit("later", "1/60"))
            await open_sockets.aclose()
            assert (await reader.next("chat:user-left"))["user"]["username"] == "crowd3"
            assert await reader.silent("chat:user-left", 0.5)

    story(steps)


def test_a_room_is_as_large_as_it_is_over_all_processes(
    dial: Dial, channel: Channel, viewer: User, stranger: User
) -> None:
    elsewhere = [f"{number:016x}" for number in range(300)]

    async def steps() -> None:
        async with dial() as reader:
            await in_thread(presence.touch, channel_id=channel.pk, viewer_ids=elsewhere)
            while (await reader.next("viewers:updated", 10))["count"] < 300:
                pass
            async with dial(who=viewer) as one, dial(who=stranger) as two:
                assert (await reader.next("chat:user-joined"))["user"]["username"] == "viewer"
                assert await reader.silent("chat:user-joined", 0.5), "one of a large room stands for all"
                await one.send("chat:typing")
                assert await two.silent("chat:typing", 1)

    story(steps)


def test_the_last_viewer_of_a_room_is_not_counted_for_long(
    dial: Dial, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "LINGER", 0.1)

    async def steps() -> None:
        async with dial() as client:
            assert (await client.next("viewers:updated"))["count"] == 1
        async with asyncio.timeout(presence.LIFE / 3):
            while await in_thread(presence.count, channel_id=channel.pk):
                await asyncio.sleep(0.05)

    story(steps)


def test_the_api_lists_who_is_in_the_chat_by_role(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    def listed(query: str = "") -> list[tuple[str, str | None]]:
        answer = APIClient().get(f"/api/channels/{channel.pk}/chatters{query}")
        assert answer.status_code == 200, answer.json()
        return [(row["user"]["username"], row["role"]) for row in answer.json()["data"]]

    async def steps() -> None:
        async with dial(who=viewer), dial(who=moderator), dial():
            async with asyncio.timeout(5):
                while len(await in_thread(listed)) < 2:
                    await asyncio.sleep(0.05)
            assert await in_thread(listed) == [("moderator", "moderator"), ("viewer", None)]
            assert await in_thread(listed, query="?role=moderator") == [("moderator", "moderator")]
            assert await in_thread(listed, query="?role=viewer") == [("viewer", None)]
        async with asyncio.timeout(presence.LIFE / 2):
            while await in_thread(listed):
                await asyncio.sleep(0.05)

    story(steps)
    refused = APIClient().get(f"/api/channels/{channel.pk}/chatters?role=king")
    assert (refused.status_code, list(refused.json()["fields"])) == (400, ["role"])
