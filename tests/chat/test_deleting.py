"""Removing what was said."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message, Rulebook
from apps.core.realtime.hub import HOUSEKEEPING_SECONDS

from .conftest import Dial, in_thread, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_removed_message_leaves_every_screen_and_every_history(
    dial: Dial, viewer: User, moderator: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as author, dial(who=moderator) as crew:
            await crew.next("chat:history")
            await author.send("chat:send", content="oops", nonce="n")
            ack = await author.next("chat:ack")
            await crew.next("chat:message")
            await crew.send("chat:delete", id=ack["id"])
            for client in (author, crew):
                gone = await client.next("chat:deleted")
                assert (gone["id"], gone["seq"]) == (ack["id"], 1)
            async with dial() as newcomer:
                shown = (await newcomer.next("chat:history"))["messages"][0]
                assert (shown["content"], shown["deletedAt"]) == ("", gone["deletedAt"])

    story(steps)


@pytest.mark.parametrize("clears_all", [True, False])
def test_what_was_cleared_is_not_quoted_above_its_answers_either(
    dial: Dial, channel: Channel, say: Say, viewer: User, stranger: User, moderator: User, clears_all: bool
) -> None:
    rude = say(viewer, "something rude")
    say(stranger, "don't", reply_to=rude.pk)
    deed = {"actor": moderator, "channel": channel}

    async def steps() -> None:
        async with dial() as reader:
            told = (await reader.next("chat:history"))["messages"]
            assert told[1]["parent"]["content"] == "something rude"
            if clears_all:
                await in_thread(services.clear_room, **deed)
            else:
                await in_thread(services.purge_person, user=viewer, **deed)
            await reader.next("chat:cleared")
            async with dial() as newcomer:
                told = (await newcomer.next("chat:history"))["messages"]
                assert told[1]["content"] == ("" if clears_all else "don't")
                assert told[1]["parent"]["content"] == ""

    story(steps)


def test_what_was_removed_while_notes_are_lost_is_not_quoted_either(
    dial: Dial, channel: Channel, say: Say, viewer: User, stranger: User, moderator: User
) -> None:
    rude = say(viewer, "something rude")
    say(stranger, "don't", reply_to=rude.pk)

    def remove_silently() -> None:
        Message.objects.filter(pk=rude.pk).update(deleted_at=timezone.now(), deleted_by=moderator)
        Rulebook.objects.turn(channel.pk)

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(remove_silently)
            await reader.next("chat:deleted", HOUSEKEEPING_SECONDS + 3)
            async with dial() as newcomer:
                told = (await newcomer.next("chat:history"))["messages"]
                assert told[1]["parent"]["content"] == ""

    story(steps)


def test_a_viewer_may_not_remove_what_another_said(
    dial: Dial, say: Say, viewer: User, stranger: User
) -> None:
    message = say(viewer)

    async def steps() -> None:
        async with dial(who=stranger) as client:
            await client.send("chat:delete", id=str(message.pk))
            assert (await client.next("chat:error"))["code"] == "NOT_ALLOWED"

    story(steps)
    message.refresh_from_db()
    assert message.deleted_at is None
