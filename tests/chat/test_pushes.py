"""What other parts of the platform tell open sockets: those of the room, and the crew's."""

from __future__ import annotations

import pytest

from apps.accounts.models import User
from apps.channels.models import Channel, topic
from apps.core.realtime import frame, push
from apps.moderation import services as moderation
from apps.streams import services as streams

from .conftest import Dial, in_thread, story

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_room_hears_what_is_pushed_to_it(dial: Dial, channel: Channel) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.next("chat:history")
            event = frame("stream:ended", {"streamId": "x"})
            await in_thread(push, topic=topic("room", channel.pk), event=event)
            assert await client.next("stream:ended") == {"streamId": "x"}

    story(steps)


def test_an_announced_broadcast_is_told_to_who_waits_in_the_room(
    dial: Dial, channel: Channel, streamer: User
) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.next("chat:history")
            await in_thread(
                streams.open_broadcast, actor=streamer, channel=channel, title="Tonight", category="", tags=[]
            )
            assert (await client.next("stream:updated"))["stream"]["title"] == "Tonight"

    story(steps)


def test_the_dashboard_is_for_the_crew(dial: Dial, channel: Channel, streamer: User, stranger: User) -> None:
    path = f"/ws/dashboard/{channel.slug}"

    async def steps() -> None:
        async with dial(path, who=stranger) as client:
            assert await client.closed() == 4403
        async with dial(path, who=streamer) as client:
            await client.send("ping")
            await client.next("pong")
            event = frame("stream:health-update", {"fps": 30})
            await in_thread(push, topic=topic("dashboard", channel.pk), event=event)
            assert await client.next("stream:health-update") == {"fps": 30}
            await client.send("chat:send", content="hi", nonce="n")
            assert (await client.next("error"))["code"] == "UNKNOWN_TYPE"

    story(steps)


def test_a_report_about_a_moderator_is_told_to_no_dashboard(
    dial: Dial, channel: Channel, moderator: User, viewer: User, stranger: User
) -> None:
    """The reported one listens there, too, and would learn who reported them."""
    about = {"actor": stranger, "kind": "person", "reason": "harassment", "channel": channel}

    async def steps() -> None:
        async with dial(f"/ws/dashboard/{channel.slug}", who=moderator) as crew:
            await crew.send("ping")
            await crew.next("pong")
            await in_thread(moderation.report, subject_id=moderator.pk, **about)
            await in_thread(moderation.report, subject_id=viewer.pk, **about)
            told = (await crew.next("moderation:report"))["report"]
            assert told["subject"]["username"] == viewer.username
            assert await crew.silent("moderation:report")

    story(steps)
