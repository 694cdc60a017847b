"""Removing what was said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from apps.accounts.models import User
from apps.chat.models import Message

from .conftest import Dial, story

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
