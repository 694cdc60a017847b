"""Staff suspend a channel: whoever is in its room, or at its desk, is seen off at once."""

from __future__ import annotations

import pytest

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import suspend_channel
from tests import factories

from .conftest import Dial, in_thread, story

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
