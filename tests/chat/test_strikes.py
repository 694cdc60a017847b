"""What somebody said who is kept out: struck for everybody but moderators, through every door, until they are
back."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message
from apps.chat.rooms import Rooms
from apps.chat.services.leaving import forget_author
from apps.chat.store import Draft, append
from apps.core.errors import Conflict
from apps.core.ids import uuid7
from apps.moderation import services as moderation
from apps.moderation.models import Sanction
from tests import factories

from .conftest import RUDE, Client, Dial, in_thread, story
from .struck import HIDDEN, MODERATED, SAID, api, history, listed, page_of

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("seconds", [None, 600])
def test_who_comes_later_does_not_read_it_but_moderators_do(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User, seconds: int | None
) -> None:
    common = {"actor": moderator, "channel": channel, "user": viewer}
    if seconds is None:
        moderation.ban(**common)
    else:
        moderation.time_out(**common, seconds=seconds)

    async def steps() -> None:
        async with dial() as reader, dial(who=viewer) as author, dial(who=moderator) as crew:
            assert await history(reader) == await history(author) == HIDDEN
            assert await history(crew) == MODERATED
            for client, told in ((reader, HIDDEN), (crew, MODERATED)):
                await client.send("chat:history", after=0)
                assert await history(client) == told

    story(steps)
    for address in (f"/api/channels/{channel.pk}/messages", f"/api/messages/{rude.pk}/thread"):
        assert listed(address) == listed(address, viewer) == HIDDEN
        assert listed(address, moderator) == MODERATED
    one = f"/api/messages/{rude.pk}"
    assert api().get(one).json()["content"] == ""
    assert api(moderator).get(one).json()["content"] == RUDE
    for who, is_read in ((None, False), (viewer, False), (moderator, True), (channel.owner, True)):
        page = page_of(channel, who)
        assert (RUDE in page) is is_read
        assert "data-struck" in page and "please don" in page


def test_open_sockets_hear_when_it_begins_and_get_the_lines_back_when_it_ends(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    common = {"actor": moderator, "channel": channel, "user": viewer}

    async def steps() -> None:
        async with dial() as reader, dial(who=moderator) as crew:
            assert await history(reader) == SAID
            await in_thread(moderation.time_out, **common, seconds=600)
            for client in (reader, crew):
                told = await client.next("chat:ban")
                assert (told["userId"], told["kind"]) == (str(viewer.pk), "timeout")
                assert told["until"] is not None
            await in_thread(moderation.ban, **common)
            assert await reader.next("chat:ban") == {
                "userId": str(viewer.pk), "kind": "ban", "until": None,
            }  # fmt: skip
            await in_thread(moderation.lift_sanction, **common)
            for client in (reader, crew):
                back = (await client.next("chat:restored"))["messages"]
                assert [m["content"] for m in back] == [RUDE, "please don't"]
                assert back[1]["parent"]["content"] == RUDE and "struck" not in back[0]
            async with dial() as newcomer:
                assert await history(newcomer) == SAID

    story(steps)


def test_a_time_out_that_runs_out_gives_the_lines_back_by_itself(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(moderation.time_out, actor=moderator, channel=channel, user=viewer, seconds=4)
            await reader.next("chat:ban")
            async with dial() as newcomer:
                assert await history(newcomer) == HIDDEN
            back = (await reader.next("chat:restored", 20))["messages"]
            assert [m["content"] for m in back] == [RUDE, "please don't"]
            async with dial() as newcomer:
                assert await history(newcomer) == SAID

    story(steps)
    assert listed(f"/api/channels/{channel.pk}/messages") == SAID


def test_a_note_that_is_lost_is_made_good(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    common = {"actor": moderator, "channel": channel, "user": viewer}

    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            Rooms.here()._rooms[channel.pk].topic.on_note = lambda note: None
            await in_thread(moderation.ban, **common)
            assert (await reader.next("chat:ban"))["userId"] == str(viewer.pk)
            async with dial() as newcomer:
                assert await history(newcomer) == HIDDEN
            await in_thread(moderation.lift_sanction, **common)
            back = (await reader.next("chat:restored"))["messages"]
            assert [m["content"] for m in back] == [RUDE, "please don't"]

    story(steps)


def test_lines_far_back_are_struck_too(
    dial: Dial, channel: Channel, say: Say, moderator: User, viewer: User, stranger: User,
    unlimited: None, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The room holds its newest lines only when it is opened; the others come from the database."""
    say(viewer, RUDE)
    for _ in range(3):
        say(stranger, "on we go")
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    monkeypatch.setattr("apps.chat.history.HISTORY", 2)
    monkeypatch.setattr("apps.chat.room.REACH", 2)

    async def steps() -> None:
        async with dial() as reader:
            assert len(await history(reader)) == 2
            await reader.send("chat:history", after=0)
            assert [content for content, *_ in await history(reader)] == ["", *["on we go"] * 3]
            await in_thread(moderation.lift_sanction, actor=moderator, channel=channel, user=viewer)
            async with asyncio.timeout(10):
                while True:
                    await reader.send("chat:history", after=0)
                    if (await history(reader))[0][0] == RUDE:
                        break
            # Whoever reads far back makes no noise for all the others.
            assert not [frame for frame in reader.frames if frame["type"] == "chat:ban"]

    story(steps)


def test_an_answer_does_not_bring_the_words_back(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User, stranger: User, say: Say
) -> None:
    moderation.ban(actor=moderator, channel=channel, user=viewer)

    async def steps() -> None:
        async with dial(who=stranger) as client:
            await client.send("chat:send", content="was that so?", nonce="n", replyTo=str(rude.pk))
            assert (await client.next("chat:message"))["parent"]["content"] == ""
            await in_thread(say, actor=stranger, content="by the other door", reply_to=rude.pk)
            assert (await client.next("chat:message"))["parent"]["content"] == ""

    story(steps)


def test_a_line_that_was_on_its_way_when_its_author_was_banned_is_struck(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer)
            await reader.next("chat:ban")
            late = Draft(uuid7(), viewer.pk, RUDE, "late", ())
            await in_thread(append, room_id=channel.pk, drafts=[late])
            told = await reader.next("chat:message")
            assert (told["content"], told["struck"]) == ("", True)

    story(steps)


def test_what_is_struck_is_neither_pinned_nor_shown_as_pinned(
    dial: Dial, channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    common = {"actor": moderator, "channel": channel}
    services.pin_message(**common, message_id=rude.pk)

    async def pinned(client: Client) -> Any:
        return (await client.next("chat:settings"))["pinned"]

    async def steps() -> None:
        async with dial() as reader:
            assert (await pinned(reader))["content"] == RUDE
            await in_thread(moderation.ban, **common, user=viewer)
            assert await pinned(reader) is None
            await in_thread(moderation.lift_sanction, **common, user=viewer)
            assert (await pinned(reader))["content"] == RUDE

    story(steps)
    services.unpin_message(**common)
    moderation.ban(**common, user=viewer)
    with pytest.raises(Conflict):
        services.pin_message(**common, message_id=rude.pk)
    assert api().get(f"/api/channels/{channel.pk}/settings").json()["pinned"] is None


def test_a_sanction_of_another_channel_strikes_nothing_here(
    channel: Channel, rude: Message, viewer: User, stranger: User
) -> None:
    elsewhere = factories.channel(stranger, "Elsewhere")
    moderation.ban(actor=stranger, channel=elsewhere, user=viewer)
    Sanction.objects.create(
        channel=channel,
        user=viewer,
        kind="timeout",
        expires_at=timezone.now() - datetime.timedelta(seconds=1),
    )
    moderation.warn(actor=channel.owner, channel=channel, user=viewer, reason="Mind the tone")
    assert listed(f"/api/channels/{channel.pk}/messages") == SAID


def test_no_account_that_was_kept_out_is_deleted_and_its_words_with_the_ban(
    channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    """A sanction would go with its account, and nothing would hide what it is about any more."""
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    root = User.objects.create_superuser("root_1", "root@example.org", "correct horse battery")
    browser = Browser()
    browser.force_login(root)
    one = browser.post(reverse("admin:accounts_user_delete", args=[viewer.pk]), {"post": "yes"})
    deed = {"action": "delete_selected", "_selected_action": [viewer.pk], "post": "yes"}
    many = browser.post(reverse("admin:accounts_user_changelist"), deed)
    assert (one.status_code, many.status_code) == (403, 302), "there is no such deed"
    assert User.objects.filter(pk=viewer.pk).exists()
    assert listed(f"/api/channels/{channel.pk}/messages") == HIDDEN


def test_what_a_ban_struck_does_not_come_back_when_its_person_leaves_for_good(
    channel: Channel, rude: Message, moderator: User, viewer: User
) -> None:
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    forget_author(viewer)
    viewer.delete()
    assert rude.content not in str(listed(f"/api/channels/{channel.pk}/messages"))
    rude.refresh_from_db()
    assert rude.user is None and rude.deleted_at is not None
