"""What stands on a person, as open sockets feel it: at once, and also when the note of it is lost."""

from __future__ import annotations

import time

import pytest

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message
from apps.chat.rooms import Rooms
from apps.core.realtime.hub import HOUSEKEEPING_SECONDS
from apps.moderation import services as moderation
from tests import factories

from .conftest import Dial, accepted, in_thread, refused, story

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_newcomer_is_told_what_holds_and_what_they_may_do(
    dial: Dial, channel: Channel, moderator: User
) -> None:
    services.edit_modes(actor=moderator, channel=channel, slow=10, unique=True)

    async def steps() -> None:
        async with dial(who=moderator) as crew, dial() as reader:
            for client in (crew, reader):
                assert (await client.next("chat:history"))["messages"] == []
                assert await client.next("chat:settings") == {
                    "slow": 10, "followersOnly": None, "membersOnly": False, "emotesOnly": False,
                    "unique": True, "shield": False, "pinned": None, "pinnedBy": None,
                }  # fmt: skip
            you = await crew.next("chat:you")
            assert (you["role"], you["blocked"]) == ("moderator", [])
            assert "ban" in you["powers"] and "manage_team" not in you["powers"]
            assert you["standing"] == {
                "banned": False, "until": None, "reason": "", "warning": None, "unbanRequest": None,
            }  # fmt: skip
            assert await reader.silent("chat:you")

    story(steps)


def test_a_ban_silences_an_open_socket_at_once_and_its_end_gives_the_word_back(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client, dial() as reader:
            await client.next("chat:you")
            await accepted(client)
            await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer, reason="spam")
            you = await client.next("chat:you")
            assert (you["standing"]["banned"], you["standing"]["reason"]) == (True, "spam")
            assert (await refused(client))["code"] == "BANNED"
            struck = await reader.next("chat:ban")
            assert struck == {"userId": str(viewer.pk), "kind": "ban", "until": None}
            await in_thread(moderation.request_unban, actor=viewer, channel=channel, text="please")
            assert (await client.next("chat:you"))["standing"]["unbanRequest"] == "open"
            await in_thread(moderation.lift_sanction, actor=moderator, channel=channel, user=viewer)
            assert not (await client.next("chat:you"))["standing"]["banned"]
            await accepted(client, "thank you")

    story(steps)
    assert Message.objects.count() == 2


def test_a_warning_is_read_before_more_is_written(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:you")
            given = await in_thread(
                moderation.warn, actor=moderator, channel=channel, user=viewer, reason="be kind"
            )
            warning = (await client.next("chat:you"))["standing"]["warning"]
            assert warning == {"id": str(given.pk), "text": "be kind"}
            assert (await refused(client))["code"] == "WARNED"
            await in_thread(
                moderation.acknowledge_warning, actor=viewer, channel=channel, warning_id=given.pk
            )
            assert (await client.next("chat:you"))["standing"]["warning"] is None
            await accepted(client)

    story(steps)


def test_a_note_that_is_lost_is_made_good_by_the_version_of_the_rules(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:you")
            room = Rooms.here()._rooms[channel.pk]
            room.topic.on_note = lambda note: None
            await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer)
            began = time.monotonic()
            assert (await client.next("chat:you"))["standing"]["banned"]
            assert time.monotonic() - began < HOUSEKEEPING_SECONDS + 1
            began = time.monotonic()
            await in_thread(services.edit_modes, actor=moderator, channel=channel, slow=30)
            assert (await client.next("chat:settings"))["slow"] == 0
            assert (await client.next("chat:settings"))["slow"] == 30
            assert time.monotonic() - began < HOUSEKEEPING_SECONDS + 1
            assert (await refused(client))["code"] == "BANNED"

    story(steps)


def test_who_is_free_again_may_write_before_the_room_has_heard_of_it(
    dial: Dial, channel: Channel, moderator: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.sockets.SURE_SECONDS", 0.0)
    given = moderation.warn(actor=moderator, channel=channel, user=viewer, reason="Keep to the subject.")

    async def steps() -> None:
        async with dial(who=viewer) as client:
            assert (await client.next("chat:you"))["standing"]["warning"]
            assert (await refused(client))["code"] == "WARNED"
            Rooms.here()._rooms[channel.pk].topic.on_note = lambda note: None
            await in_thread(
                moderation.acknowledge_warning, actor=viewer, channel=channel, warning_id=given.pk
            )
            await accepted(client)

    story(steps)


def test_every_socket_of_a_person_is_told(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    """Also when one opens in the very moment of the change: what it learns is told to the others, too."""

    async def steps() -> None:
        async with dial(who=viewer) as first:
            await first.next("chat:you")
            room = Rooms.here()._rooms[channel.pk]
            room.topic.on_note = lambda note: None
            await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer)
            room.crowd._people[viewer.pk].is_stale = True
            async with dial(who=viewer) as second:
                assert (await second.next("chat:you"))["standing"]["banned"]
                assert (await first.next("chat:you", 1))["standing"]["banned"]

    story(steps)


def test_a_block_is_known_on_every_page_of_the_person_at_once(
    dial: Dial, channel: Channel, viewer: User, stranger: User
) -> None:
    elsewhere = factories.channel()

    async def steps() -> None:
        async with dial(who=viewer) as one, dial(f"/ws/channels/{elsewhere.slug}", who=viewer) as two:
            for page in (one, two):
                assert (await page.next("chat:you"))["blocked"] == []
            await in_thread(accounts.block_person, actor=viewer, person=stranger)
            for page in (one, two):
                assert (await page.next("chat:you"))["blocked"] == [str(stranger.pk)]
            await in_thread(accounts.unblock_person, actor=viewer, person=stranger)
            assert (await one.next("chat:you"))["blocked"] == []

    story(steps)
