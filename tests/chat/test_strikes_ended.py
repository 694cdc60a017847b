"""Who was kept out is back: so is what they said, as it was, for everybody who saw it go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message
from apps.chat.rooms import Rooms
from apps.core.models import AuditEntry
from apps.core.realtime.hub import HOUSEKEEPING_SECONDS
from apps.moderation import services as moderation
from apps.moderation.undo import undo_action

from .conftest import RUDE, Dial, in_thread, story
from .struck import HIDDEN, SAID, history

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def test_who_comes_back_hears_whose_lines_are_struck_now(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    since = timezone.now().isoformat().replace("+", "%2B")
    path = f"/ws/channels/{channel.slug}?after=2&since={since}"

    async def steps() -> None:
        async with dial(path) as reader:
            assert (await reader.next("chat:history"))["struck"] == []
        await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer)
        async with dial(path) as reader:
            assert (await reader.next("chat:history"))["struck"] == [str(viewer.pk)]

    story(steps)


def test_a_removed_line_of_somebody_who_is_kept_out_comes_back_struck(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User, stranger: User, say: Say,
    unlimited: None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Also where the room has never heard of its author: their lines are older than those that it holds."""
    answer = Message.objects.get(reply_to=rude)
    for _ in range(3):
        say(stranger, "on we go")
    for message in (rude, answer):
        services.delete_message(actor=moderator, message_id=message.pk)
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    monkeypatch.setattr("apps.chat.history.HISTORY", 2)
    monkeypatch.setattr("apps.chat.room.REACH", 2)

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            for message in (rude, answer):
                await in_thread(services.restore_message, actor=moderator, message_id=message.pk)
            lines = [(await reader.next("chat:restored"))["messages"][0] for _ in range(2)]
            assert (lines[0]["content"], lines[0]["struck"]) == ("", True)
            assert lines[1]["parent"]["content"] == ""

    story(steps)


def test_what_comes_back_while_notes_are_lost_comes_back_struck(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    services.delete_message(actor=moderator, message_id=rude.pk)

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            Rooms.here()._rooms[channel.pk].topic.on_note = lambda note: None
            await in_thread(restore_and_ban)
            told = (await reader.next("chat:restored", HOUSEKEEPING_SECONDS + 3))["messages"][0]
            assert (told["content"], told["struck"]) == ("", True)

    @transaction.atomic
    def restore_and_ban() -> None:
        services.restore_message(actor=moderator, message_id=rude.pk)
        moderation.ban(actor=moderator, channel=channel, user=viewer)

    story(steps)


def test_undoing_a_ban_that_replaced_a_time_out_says_nothing_aloud(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    """The time-out stands again."""
    common = {"actor": moderator, "channel": channel, "user": viewer}
    moderation.time_out(**common, seconds=600)
    moderation.ban(**common)
    entry = AuditEntry.objects.get(action="person.ban")

    async def steps() -> None:
        async with dial() as reader:
            assert await history(reader) == HIDDEN
            await in_thread(undo_action, actor=channel.owner, channel=channel, entry_id=entry.pk)
            assert (await reader.next("chat:ban"))["kind"] == "timeout"
            await in_thread(moderation.ban, **common)
            assert (await reader.next("chat:ban"))["kind"] == "ban"
            assert not [frame for frame in reader.frames if frame["type"] == "chat:restored"]

    story(steps)


def test_a_note_that_comes_late_is_no_news(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    """As when it was on its way while the database told what came after it."""
    common = {"actor": moderator, "channel": channel, "user": viewer}

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            notes = overheard(Rooms.here()._rooms[channel.pk].topic)
            await in_thread(moderation.ban, **common)
            await reader.next("chat:ban")
            await in_thread(moderation.lift_sanction, **common)
            await reader.next("chat:restored")
            banned, lifted = notes.copy()
            Rooms.here()._rooms[channel.pk].note(banned)
            async with dial() as newcomer:
                assert await history(newcomer) == SAID
            await in_thread(moderation.time_out, **common, seconds=600)
            assert (await reader.next("chat:ban"))["kind"] == "timeout"
            Rooms.here()._rooms[channel.pk].note(lifted)
            async with dial() as newcomer:
                assert await history(newcomer) == HIDDEN

    def overheard(topic: Any) -> list[dict[str, Any]]:
        heard: list[dict[str, Any]] = []
        hear = topic.on_note
        topic.on_note = lambda note: heard.append(note) or hear(note)
        return heard

    story(steps)


def test_what_was_quoted_while_its_author_was_kept_out_is_quoted_in_full_afterwards(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User, stranger: User, say: Say
) -> None:
    """Whether the room read the answer from the database then, or heard it."""
    common = {"actor": moderator, "channel": channel, "user": viewer}
    moderation.ban(**common)

    async def steps() -> None:
        async with dial() as reader:
            assert await history(reader) == HIDDEN
            await in_thread(say, actor=stranger, content="was that so?", reply_to=rude.pk)
            assert (await reader.next("chat:message"))["parent"]["content"] == ""
            await in_thread(moderation.lift_sanction, **common)
            back = (await reader.next("chat:restored"))["messages"]
            assert [m["parent"] and m["parent"]["content"] for m in back] == [None, RUDE, RUDE]
            async with dial() as newcomer:
                assert await history(newcomer) == [*SAID, ("was that so?", False, RUDE)]

    story(steps)


@pytest.mark.parametrize("reach", [5, 2, 1])
def test_who_comes_back_hears_of_all_whose_lines_a_page_may_show(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User, stranger: User, say: Say,
    unlimited: None, monkeypatch: pytest.MonkeyPatch, reach: int,
) -> None:  # fmt: skip
    """Also where the room itself holds none of them, and where they are only quoted."""
    for _ in range(2):
        say(stranger, "on we go")
    if reach < 5:
        say(stranger, "was that so?", reply_to=rude.pk)
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    monkeypatch.setattr("apps.chat.history.HISTORY", 1)
    monkeypatch.setattr("apps.chat.room.REACH", reach)
    since = timezone.now().isoformat().replace("+", "%2B")

    async def steps() -> None:
        async with dial(f"/ws/channels/{channel.slug}?after=4&since={since}") as reader:
            assert (await reader.next("chat:history"))["struck"] == [str(viewer.pk)]

    story(steps)


def test_of_very_many_who_are_kept_out_a_page_is_told_to_read_anew(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    monkeypatch.setattr("apps.chat.history.STRUCK_MOST", 0)
    since = timezone.now().isoformat().replace("+", "%2B")

    async def steps() -> None:
        async with dial(f"/ws/channels/{channel.slug}?after=2&since={since}") as reader:
            told = await reader.next("chat:history")
            assert told["reload"] is True and "struck" not in told

    story(steps)


def test_a_pin_comes_back_when_the_time_out_of_its_author_has_run_out(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """However far back it was said."""
    services.pin_message(actor=moderator, channel=channel, message_id=rude.pk)
    Message.objects.filter(reply_to=rude).update(reply_to=None)
    moderation.time_out(actor=moderator, channel=channel, user=viewer, seconds=4)
    monkeypatch.setattr("apps.chat.history.HISTORY", 1)
    monkeypatch.setattr("apps.chat.room.REACH", 1)

    async def steps() -> None:
        async with dial() as reader:
            assert (await reader.next("chat:settings"))["pinned"] is None
            assert (await reader.next("chat:settings", 20))["pinned"]["content"] == RUDE

    story(steps)
