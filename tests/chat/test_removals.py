"""What is removed and restored, as open sockets hear of it: at once, and also when the note is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message
from apps.chat.rooms import Rooms

from .conftest import Dial, in_thread, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_removal_whose_note_is_lost_is_made_good_too(
    dial: Dial, channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    message = say(viewer, "gone soon")

    async def steps() -> None:
        async with dial() as client:
            await client.next("chat:history")
            room = Rooms.here()._rooms[channel.pk]
            room.topic.on_note = lambda note: None
            await in_thread(services.delete_message, actor=moderator, message_id=message.pk)
            assert (await client.next("chat:deleted"))["id"] == str(message.pk)
            await in_thread(services.restore_message, actor=moderator, message_id=message.pk)
            back = (await client.next("chat:restored"))["messages"]
            assert [m["content"] for m in back] == ["gone soon"]

    story(steps)


def test_what_is_cleared_and_restored_is_told_to_who_is_there_and_who_comes(
    dial: Dial, channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    first, answer = say(viewer, "one"), say(moderator, "two")
    say(moderator, "three", reply_to=answer.pk)

    async def steps() -> None:
        async with dial() as client:
            told = (await client.next("chat:history"))["messages"]
            assert [m["content"] for m in told] == ["one", "two", "three"]
            assert told[2]["parent"]["content"] == "two" and told[2]["thread"] == str(answer.pk)
            await in_thread(services.delete_message, actor=moderator, message_id=answer.pk)
            await client.next("chat:deleted")
            await in_thread(services.purge_person, actor=moderator, channel=channel, user=viewer)
            assert await client.next("chat:cleared") == {"userId": str(viewer.pk), "upTo": 3}
            async with dial() as newcomer:
                seen = (await newcomer.next("chat:history"))["messages"]
                assert [m["content"] for m in seen] == ["", "", "three"]
                assert seen[2]["parent"]["content"] == ""
            await in_thread(services.restore_message, actor=moderator, message_id=first.pk)
            assert [m["content"] for m in (await client.next("chat:restored"))["messages"]] == ["one"]
            async with dial() as newcomer:
                seen = (await newcomer.next("chat:history"))["messages"]
                assert [m["content"] for m in seen] == ["one", "", "three"]

    story(steps)


def test_who_was_away_hears_of_the_removals_meanwhile(
    dial: Dial, channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    gone, _ = say(viewer, "one"), say(viewer, "two")
    services.delete_message(actor=moderator, message_id=gone.pk)
    path = f"/ws/channels/{channel.slug}?after=2"

    async def steps() -> None:
        async with dial(f"{path}&since=2026-01-01T00:00:00.000Z") as client:
            assert (await client.next("chat:history"))["removed"] == [str(gone.pk)]
        async with dial(f"{path}&since=2999-01-01T00:00:00.000Z") as client:
            assert (await client.next("chat:history"))["removed"] == []
        async with dial(f"{path}&since=nonsense") as client:
            assert "removed" not in await client.next("chat:history")

    story(steps)


def test_a_pinned_message_that_is_removed_is_pinned_no_more(
    dial: Dial, channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    message = say(viewer, "read the rules")
    services.pin_message(actor=moderator, channel=channel, message_id=message.pk)

    async def steps() -> None:
        async with dial() as client:
            assert (await client.next("chat:settings"))["pinned"]["content"] == "read the rules"
            await in_thread(services.delete_message, actor=moderator, message_id=message.pk)
            assert (await client.next("chat:settings"))["pinned"] is None

    story(steps)
