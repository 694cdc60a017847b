"""What moderators decide, as open sockets feel it: at once, and also when the note of it is lost."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts import services as accounts
from apps.accounts.models import User
from apps.channels import services as channels
from apps.channels.models import Channel, ChannelRole, topic
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.dashboards import Dashboards
from apps.chat.models import HeldMessage, Message, Rulebook
from apps.chat.rooms import Rooms
from apps.core.errors import DomainError
from apps.core.realtime import frame, push
from apps.core.realtime.hub import HOUSEKEEPING_SECONDS
from apps.moderation import services as moderation
from apps.moderation.models import Report, Sanction
from tests import factories

from .conftest import Client, Dial, in_thread, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


async def refused(client: Client, content: str = "hello") -> dict[str, Any]:
    """The refusal of what this client says."""
    nonce = uuid.uuid4().hex
    await client.send("chat:send", content=content, nonce=nonce)
    error = await client.next("chat:error")
    assert error["nonce"] == nonce
    return error


async def accepted(client: Client, content: str = "hello") -> dict[str, Any]:
    """The ack of what this client says."""
    await client.send("chat:send", content=content, nonce=uuid.uuid4().hex)
    return await client.next("chat:ack")


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


def test_a_role_that_is_taken_closes_the_dashboard_and_takes_the_powers(
    dial: Dial, channel: Channel, streamer: User, moderator: User
) -> None:
    async def steps() -> None:
        desk = dial(f"/ws/dashboard/{channel.slug}", who=moderator)
        async with dial(who=moderator) as client, desk as crew:
            assert (await client.next("chat:you"))["role"] == "moderator"
            await crew.send("ping")
            await crew.next("pong")
            await in_thread(channels.remove_helper, actor=streamer, channel=channel, user=moderator)
            assert await crew.closed() == 4403
            assert (await client.next("chat:you"))["powers"] == []

    story(steps)


def test_a_role_that_is_taken_while_notes_are_lost_closes_the_dashboard_too(
    dial: Dial, channel: Channel, moderator: User
) -> None:
    Rulebook.objects.turn(channel.pk)

    async def steps() -> None:
        async with dial(f"/ws/dashboard/{channel.slug}", who=moderator) as crew:
            await crew.send("ping")
            await crew.next("pong")
            async with asyncio.timeout(HOUSEKEEPING_SECONDS + 2):
                while channel.pk not in Dashboards.here()._versions:  # the version as it was
                    await asyncio.sleep(0.05)
            await in_thread(lose_the_role)
            assert await crew.closed() == 4403

    def lose_the_role() -> None:
        ChannelRole.objects.filter(user=moderator, role=Role.MODERATOR).delete()
        Rulebook.objects.turn(channel.pk)

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


def test_an_editor_s_dashboard_hears_nothing_of_moderation(
    dial: Dial, channel: Channel, moderator: User, viewer: User
) -> None:
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    path = f"/ws/dashboard/{channel.slug}"

    async def steps() -> None:
        async with dial(path, who=editor) as theirs, dial(path, who=moderator) as crew:
            for client in (theirs, crew):
                await client.send("ping")
                await client.next("pong")
            await in_thread(moderation.ban, actor=moderator, channel=channel, user=viewer)
            entry = (await crew.next("moderation:action"))["entry"]
            assert (entry["action"], entry["subject"]["username"]) == ("person.ban", "viewer")
            report = await in_thread(make_report)
            assert (await crew.next("moderation:report"))["report"]["id"] == str(report.pk)
            plea = await in_thread(
                moderation.request_unban, actor=viewer, channel=channel, text="I will behave"
            )
            assert (await crew.next("moderation:unban-request"))["request"]["id"] == str(plea.pk)
            await in_thread(moderation.lift_sanction, actor=moderator, channel=channel, user=viewer)
            event = frame("stream:health-update", {"fps": 30})
            await in_thread(push, topic=topic("dashboard", channel.pk), event=event)
            assert await theirs.next("stream:health-update") == {"fps": 30}
            assert not theirs.frames
            assert await crew.silent("stream:health-update")

    def make_report() -> Report:
        return moderation.report(
            actor=viewer, kind="person", subject_id=editor.pk, channel=channel, reason="spam"
        )

    story(steps)


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
