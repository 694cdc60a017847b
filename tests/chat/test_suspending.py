"""Staff suspend a channel: whoever is in its room, or at its desk, is seen off and touches nothing there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import reinstate_channel, suspend_channel
from apps.chat import services
from apps.chat.identity import channel_at, forget_channels
from apps.chat.models import HeldMessage, Message
from apps.core.models import AuditEntry
from apps.core.realtime.socket import Refused
from tests import factories

from .conftest import Dial, in_thread, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def boss(db: None) -> User:
    return factories.person("boss", is_staff=True, is_superuser=True)


@pytest.mark.parametrize("whole_account", [False, True], ids=["the channel", "its owner"])
def test_a_suspension_closes_all_sockets_of_the_room_and_lets_nobody_back_in(
    dial: Dial, channel: Channel, viewer: User, moderator: User, boss: User, whole_account: bool
) -> None:
    room, desk = f"/ws/channels/{channel.slug}", f"/ws/dashboard/{channel.slug}"

    def suspend() -> None:
        if whole_account:
            accounts.suspend_person(actor=boss, person=channel.owner, reason="Fraud")
        else:
            suspend_channel(actor=boss, channel=channel, reason="A film")

    async def steps() -> None:
        async with dial(room) as visitor, dial(room, who=viewer) as reader, dial(desk, who=moderator) as crew:
            for client in (visitor, reader):
                await client.next("chat:history")
            await crew.send("ping")
            await crew.next("pong")
            await in_thread(suspend)
            assert [await client.closed() for client in (visitor, reader, crew)] == [4404] * 3
        async with dial(room, who=viewer) as late:
            assert await late.closed() == 4404

    story(steps)


def rows() -> list[Any]:
    """All that was said, held back and done."""
    return [list(model.objects.order_by("pk").values()) for model in (Message, HeldMessage, AuditEntry)]


def tried(person: User, deed: str) -> int:
    """The status of what this person asks the API for."""
    api = APIClient()
    api.force_authenticate(person)
    verb, path = deed.split()
    return api.generic(verb, path).status_code


@pytest.mark.parametrize(
    "deed",
    [
        "POST /api/moderation/queue/{held}/approve",
        "POST /api/moderation/queue/{held}/reject",
        "POST /api/messages/{removed}/restore",
        "DELETE /api/messages/{said}",
    ],
)
def test_its_moderators_do_nothing_there_with_an_id_that_they_know(
    channel: Channel, say: Say, viewer: User, moderator: User, boss: User, deed: str
) -> None:
    said, removed = say(viewer, "fine"), say(viewer, "rude")
    services.delete_message(actor=moderator, message_id=removed.pk)
    held = HeldMessage.objects.create(
        room_id=channel.pk,
        user=viewer,
        content="you fool",
        nonce="h",
        rule="terms",
        matched_from=4,
        matched_to=8,
    )
    deed = deed.format(held=held.pk, removed=removed.pk, said=said.pk)
    suspend_channel(actor=boss, channel=channel, reason="A film")
    before = rows()
    assert tried(moderator, deed) == 404
    assert rows() == before
    reinstate_channel(actor=boss, channel=channel, reason="A mistake")
    assert tried(moderator, deed) in (200, 204)


def test_people_still_remove_what_they_said_there_themselves_and_its_owner_acts(
    channel: Channel, say: Say, viewer: User, stranger: User, streamer: User, boss: User
) -> None:
    own, rude = say(viewer, "my address"), say(stranger, "rude")
    suspend_channel(actor=boss, channel=channel, reason="A film")
    assert tried(viewer, f"DELETE /api/messages/{own.pk}") == 204
    assert tried(streamer, f"DELETE /api/messages/{rude.pk}") == 204
    assert not Message.objects.standing().exists()


def suspend_unheard(channel: Channel) -> None:
    """As when the note of it is lost."""
    Channel.objects.filter(pk=channel.pk).update(suspended_at=timezone.now())


def test_a_suspension_of_which_the_note_was_lost_closes_all_sockets_too(
    dial: Dial, channel: Channel, viewer: User, moderator: User
) -> None:
    async def steps() -> None:
        desk = dial(f"/ws/dashboard/{channel.slug}", who=moderator)
        async with dial() as visitor, dial(who=viewer) as reader, desk as crew:
            await crew.send("ping")
            await crew.next("pong")
            await in_thread(suspend_unheard, channel=channel)
            assert [await client.closed() for client in (visitor, reader, crew)] == [4404] * 3

    story(steps)


def test_who_comes_while_the_channel_is_still_remembered_as_it_was_does_not_stay(
    dial: Dial, channel: Channel, viewer: User, boss: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer):
            pass  # the last one who would have heard of it
        await in_thread(suspend_channel, actor=boss, channel=channel, reason="A film")
        async with dial(who=viewer) as late:
            assert await late.closed() == 4404

    story(steps)


def test_a_channel_that_is_gone_is_left_by_all(dial: Dial, channel: Channel) -> None:
    async def steps() -> None:
        async with dial() as visitor:
            await in_thread(channel.delete)
            assert await visitor.closed() == 4404

    story(steps)


def test_what_is_read_while_channels_are_forgotten_is_not_remembered(readers: None, channel: Channel) -> None:
    async def steps() -> None:
        reading = asyncio.create_task(channel_at(channel.slug))
        await asyncio.sleep(0)
        forget_channels()
        assert await reading == channel
        await in_thread(suspend_unheard, channel=channel)
        with pytest.raises(Refused):
            await channel_at(channel.slug)

    story(steps)
