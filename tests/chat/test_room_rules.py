"""What modes and automatic rules decide, as open sockets and the API feel it."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from apps.accounts.models import User
from apps.channels import services as channels
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import HeldMessage, Message
from apps.chat.rooms import Rooms
from apps.core.errors import DomainError
from apps.moderation import services as moderation
from apps.moderation.models import Sanction

from .conftest import Client, Dial, accepted, in_thread, refused, story

pytestmark = pytest.mark.django_db(transaction=True)


def test_modes_hold_from_the_moment_they_are_set(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client, dial(who=moderator) as crew:
            assert (await client.next("chat:settings"))["followersOnly"] is None
            await in_thread(services.edit_modes, actor=moderator, channel=channel, followers_only=0)
            assert (await client.next("chat:settings"))["followersOnly"] == 0
            assert (await refused(client))["code"] == "FOLLOWERS_ONLY"
            await accepted(crew)
            await client.next("chat:you")
            await in_thread(channels.follow_channel, actor=viewer, channel=channel)
            async with asyncio.timeout(2):
                while not await follows(client, channel, viewer):
                    await asyncio.sleep(0.01)
            await accepted(client)

    async def follows(client: Client, channel: Channel, viewer: User) -> bool:
        speaker = await Rooms.here()._rooms[channel.pk].crowd.speaker(viewer.pk)
        return speaker.follows_since is not None

    story(steps)


def test_slow_mode_lets_one_message_through_in_its_time_and_the_crew_all(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    services.edit_modes(actor=moderator, channel=channel, slow=30)

    async def steps() -> None:
        async with dial(who=viewer) as client, dial(who=moderator) as crew:
            await accepted(client, "one")
            error = await refused(client, "two")
            assert error["code"] == "SLOW_MODE" and 25 < error["retryAfter"] <= 30
            for word in ("three", "four"):
                await accepted(crew, word)

    story(steps)
    with pytest.raises(Exception, match="slow mode"):
        services.send_message(actor=viewer, channel=channel, content="by another door", nonce="n")


def test_a_held_message_is_kept_before_its_sender_hears_so_and_is_said_once_approved(
    dial: Dial, channel: Channel, streamer: User, moderator: User, viewer: User
) -> None:
    rule = {"kind": "terms", "action": "hold", "settings": {"blocked": ["cabbage"]}}
    moderation.replace_rules(actor=streamer, channel=channel, rules=[rule])

    async def steps() -> None:
        desk = dial(f"/ws/dashboard/{channel.slug}", who=moderator)
        async with dial(who=viewer) as client, desk as crew:
            await crew.send("ping")
            await crew.next("pong")
            await client.send("chat:send", content="buy a cabbage", nonce="n1")
            assert (await client.next("chat:error"))["code"] == "MESSAGE_HELD"
            waits = (await crew.next("moderation:held"))["held"]
            assert waits["content"] == "buy a cabbage"
            await client.send("chat:send", content="buy a cabbage", nonce="n1")
            assert (await client.next("chat:error"))["code"] == "MESSAGE_HELD"
            held_id = uuid.UUID(waits["id"])
            await in_thread(services.approve_held, actor=moderator, held_id=held_id)
            assert (await client.next("chat:message"))["content"] == "buy a cabbage"
            assert (await crew.next("moderation:answered"))["state"] == "approved"
            await client.send("chat:send", content="buy a cabbage", nonce="n1")
            assert (await client.next("chat:ack"))["seq"] == 1

    story(steps)
    assert (HeldMessage.objects.count(), Message.objects.count()) == (1, 1)


def test_a_rule_times_its_author_out(dial: Dial, channel: Channel, streamer: User, viewer: User) -> None:
    rule = {
        "kind": "terms", "action": "time_out", "timeout_seconds": 60, "settings": {"blocked": ["cabbage"]},
    }  # fmt: skip
    moderation.replace_rules(actor=streamer, channel=channel, rules=[rule])

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:you")
            assert (await refused(client, "buy a cabbage"))["code"] == "TIMED_OUT"
            assert (await client.next("chat:you"))["standing"]["until"] is not None
            assert (await refused(client, "hello"))["code"] == "TIMED_OUT"

    story(steps)
    assert Sanction.objects.get().created_by is None


def test_a_command_is_answered_to_its_sender_alone(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=moderator) as crew, dial(who=viewer) as client:
            await crew.next("chat:settings")
            await crew.send("chat:send", content="/slow 30s", nonce="n1")
            notice = await crew.next("chat:notice")
            assert notice["nonce"] == "n1" and "30" in notice["message"]
            assert (await crew.next("chat:settings"))["slow"] == 30
            assert (await refused(client, "/slow 30s"))["code"] == "NOT_ALLOWED"
            assert (await refused(client, "/fly"))["code"] == "UNKNOWN_COMMAND"
            assert await client.silent("chat:notice")

    story(steps)
    assert not Message.objects.exists()


def test_the_api_refuses_by_the_same_rules(
    channel: Channel, streamer: User, moderator: User, viewer: User, stranger: User
) -> None:
    def code(actor: User, content: str) -> str:
        with pytest.raises(DomainError) as refusal:
            services.send_message(actor=actor, channel=channel, content=content, nonce=uuid.uuid4().hex)
        return refusal.value.code

    rule = {"kind": "terms", "action": "hold", "settings": {"blocked": ["cabbage"]}}
    moderation.replace_rules(actor=streamer, channel=channel, rules=[rule])
    assert code(viewer, "buy a cabbage") == "MESSAGE_HELD"
    moderation.ban(actor=moderator, channel=channel, user=stranger)
    assert code(stranger, "hello") == "BANNED"
    services.edit_modes(actor=moderator, channel=channel, unique=True, slow=30)
    services.send_message(actor=viewer, channel=channel, content="first", nonce="n")
    assert code(viewer, "FIRST") == "NOT_UNIQUE"
    assert code(viewer, "second") == "SLOW_MODE"
    assert services.send_message(actor=viewer, channel=channel, content="first", nonce="n").seq == 1
    assert services.send_message(actor=moderator, channel=channel, content="first", nonce="n").seq == 2
