"""The similarity rule across doors: each judges from a memory of its own, and hears what others let pass."""

from __future__ import annotations

import uuid
from itertools import permutations

import pytest

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.core.errors import DomainError

from .conftest import Client, Dial, in_thread, story

pytestmark = pytest.mark.django_db(transaction=True)
SAYINGS = ("come and follow my channel", "Come and follow my channel!!", "come and follow MY channel 3")


async def by_socket(client: Client, content: str) -> str:
    """What became of it: "" or the code of the refusal."""
    await client.send("chat:send", content=content, nonce=uuid.uuid4().hex)
    told = await client.either("chat:ack", "chat:error")
    if told["type"] == "chat:error":
        return told["payload"]["code"]
    await client.next("chat:message")
    return ""


async def by_api(channel: Channel, actor: User, content: str) -> str:
    try:
        await in_thread(
            services.send_message, actor=actor, channel=channel, content=content, nonce=uuid.uuid4().hex
        )
    except DomainError as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize("doors", sorted(set(permutations(["socket", "socket", "api", "api"], 3))))
def test_who_repeats_themselves_through_another_door_is_caught(
    dial: Dial, channel: Channel, viewer: User, unlimited: None, doors: tuple[str, ...]
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:history")
            outcomes = []
            for door, content in zip(doors, SAYINGS, strict=True):
                if door == "socket":
                    outcomes.append(await by_socket(client, content))
                else:
                    outcomes.append(await by_api(channel, viewer, content))
                    if not outcomes[-1]:
                        await client.next("chat:message")
            assert outcomes == ["", "", "MESSAGE_REFUSED"]

    story(steps)


def test_a_room_that_opens_knows_what_was_said_before(
    dial: Dial, channel: Channel, viewer: User, unlimited: None
) -> None:
    async def steps() -> None:
        for content in SAYINGS[:2]:
            assert await by_api(channel, viewer, content) == ""
        async with dial(who=viewer) as client:
            assert await by_socket(client, SAYINGS[2]) == "MESSAGE_REFUSED"

    story(steps)
