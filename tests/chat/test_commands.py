"""Slash commands: how they are read, and what they lead to."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest import raises

from apps.accounts.models import Block, User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.models import ChatRoom, Message
from apps.chat.services.commands import COMMANDS, commands_for, is_command
from apps.chat.services.words import parse_duration, spoken
from apps.chat.store import Draft, append
from apps.core.errors import Invalid, NotAllowed, NotFound, SignInNeeded
from apps.core.ids import uuid7
from apps.moderation import undo
from apps.moderation.models import Sanction
from apps.moderation.selectors import log_of, standing_of
from tests import factories

from .conftest import Dial, in_thread, story

Say = Callable[..., Message]
Run = Callable[..., str]


@pytest.fixture
def run(channel: Channel) -> Run:
    return lambda actor, line: services.run_command(actor=actor, channel=channel, line=line)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400), ("1w", 604_800), ("1h30m", 5400),
        ("90", 90), ("0", 0), ("10M", 600), ("", None), ("m", None), ("10x", None), ("-5s", None),
        ("1.5h", None), ("٣", None), ("10m5", None), ("9999999999s", None),
    ],
)  # fmt: skip
def test_a_length_of_time_is_read(text: str, seconds: int | None) -> None:
    assert parse_duration(text) == seconds


@given(st.integers(1, 10**7))
def test_what_is_told_is_what_was_meant(seconds: int) -> None:
    short = spoken(seconds)
    for long, letter in (("day", "d"), ("hour", "h"), ("minute", "m"), ("second", "s")):
        short = short.replace(f" {long}s", letter).replace(f" {long}", letter)
    assert parse_duration(short.replace(" ", "")) == seconds


def test_a_line_with_a_slash_in_front_is_a_command() -> None:
    assert is_command("/help") and is_command("  /help") and is_command("/")
    assert not is_command("and/or") and not is_command("") and not is_command("hi /help")


@pytest.mark.django_db
class TestPeople:
    def test_nobody_commands_without_signing_in(self, run: Run) -> None:
        with raises(SignInNeeded):
            run(AnonymousUser(), "/help")

    @pytest.mark.parametrize("line", ["/", "/fly", "/ help", "//", "/fly to the moon"])
    def test_what_is_no_command_is_said(self, run: Run, viewer: User, line: str) -> None:
        with raises(Invalid) as refusal:
            run(viewer, line)
        assert refusal.value.code == "UNKNOWN_COMMAND"
        assert "/help" in refusal.value.message

    def test_help_lists_what_one_may_use_and_explains_it(
        self, run: Run, viewer: User, moderator: User
    ) -> None:
        assert "/block" in run(viewer, "/help") and "/ban" not in run(viewer, "/HELP")
        assert "/ban" in run(moderator, "/help") and "/mod " not in run(moderator, "/help") + " "
        assert run(moderator, "/help /timeout").startswith("/timeout @name [10m] [reason]: ")
        with raises(Invalid) as refusal:
            run(viewer, "/help ban")
        assert refusal.value.code == "BAD_COMMAND"

    def test_every_command_explains_itself(self, channel: Channel, streamer: User) -> None:
        assert [each.name for each in commands_for(streamer, channel)] == list(COMMANDS)
        for command in COMMANDS.values():
            assert command.help.endswith(".") and len(command.help) <= 90
        assert commands_for(AnonymousUser(), channel) == []

    def test_one_removes_one_s_own_newest_message(self, run: Run, say: Say, viewer: User) -> None:
        say(viewer, "one")
        say(viewer, "two")
        run(viewer, "/delete")
        assert [m.content for m in Message.objects.standing()] == ["one"]

    def test_one_does_not_remove_what_others_said(
        self, run: Run, say: Say, viewer: User, stranger: User
    ) -> None:
        message = say(stranger)
        for target in ("@stranger", str(message.pk)):
            with raises(NotAllowed):
                run(viewer, f"/delete {target}")
        with raises(NotFound):
            run(viewer, "/delete")
        assert Message.objects.standing().count() == 1

    def test_blocking_is_for_everybody(self, run: Run, viewer: User, stranger: User) -> None:
        run(viewer, "/block @Stranger")
        assert Block.objects.stands(by=viewer.pk, on=stranger.pk)
        run(viewer, "/unblock stranger")
        assert not Block.objects.exists()

    def test_the_moderators_are_named(
        self, run: Run, viewer: User, moderator: User, channel: Channel
    ) -> None:
        assert run(viewer, "/mods") == "Moderators: moderator."
        assert run(viewer, "/vips") == "This channel has no VIPs."


@pytest.mark.django_db
class TestModerators:
    @pytest.mark.parametrize(
        ("line", "seconds", "reason"),
        [
            ("/timeout @viewer", 600, ""),
            ("/timeout viewer 30s", 30, ""),
            ("/timeout viewer 1h Spam   and more", 3600, "Spam and more"),
            ("/timeout VIEWER Spam 5m", 600, "Spam 5m"),
            ("/Timeout  @viewer  1w", 604_800, ""),
        ],
    )
    def test_a_time_out(
        self, run: Run, moderator: User, viewer: User, channel: Channel, line: str, seconds: int, reason: str
    ) -> None:
        before = timezone.now()
        assert run(moderator, line) == f"viewer can't write for {spoken(seconds)}."
        sanction = Sanction.objects.get()
        assert (sanction.user, sanction.kind, sanction.reason) == (viewer, "timeout", reason)
        assert sanction.expires_at is not None
        late = sanction.expires_at - before - datetime.timedelta(seconds=seconds)
        assert datetime.timedelta(0) <= late < datetime.timedelta(seconds=5)

    def test_a_ban_and_its_end(self, run: Run, moderator: User, viewer: User, channel: Channel) -> None:
        run(moderator, "/ban @viewer Spam")
        assert standing_of([viewer.pk], channel)[viewer.pk].reason == "Spam"
        assert run(moderator, "/unban viewer") == "viewer can write again."
        assert run(moderator, "/untimeout viewer") == "Nothing keeps viewer from writing."
        assert standing_of([viewer.pk], channel) == {}

    def test_a_warning_needs_its_reason(self, run: Run, moderator: User, viewer: User) -> None:
        with raises(Invalid) as refusal:
            run(moderator, "/warn viewer")
        assert refusal.value.message == "Say why. It is written /warn @name reason"
        run(moderator, "/warn viewer Mind the tone")
        assert Sanction.objects.get().reason == "Mind the tone"

    @pytest.mark.parametrize(
        "line",
        [
            "/ban", "/ban @ghost", "/unban viewer now", "/clear all", "/slow soon", "/slow 30s please",
            "/announce", "/unmod viewer", "/unpin this", "/ban \x00", "/followers x", "/shield on",
        ],
    )  # fmt: skip
    def test_what_is_written_wrongly_says_how_it_is_written(
        self, run: Run, streamer: User, viewer: User, line: str
    ) -> None:
        with raises(Invalid) as refusal:
            run(streamer, line)
        assert refusal.value.code == "BAD_COMMAND"
        assert f"It is written {line.split()[0]}" in refusal.value.message
        assert not Sanction.objects.exists()

    def test_the_verb_s_own_refusal_is_told(self, run: Run, moderator: User, viewer: User) -> None:
        with raises(Invalid) as refusal:
            run(moderator, "/timeout viewer 3w")
        assert "14 days" in refusal.value.message
        with raises(NotAllowed):
            run(moderator, "/ban streamer")
        with raises(Invalid):
            run(moderator, "/slow 1h")

    def test_who_has_no_power_hears_that_first(self, run: Run, viewer: User) -> None:
        for line in ("/ban", "/ban ghost", "/clear all", "/slow soon"):
            with raises(NotAllowed):
                run(viewer, line)

    def test_modes(self, run: Run, moderator: User, channel: Channel) -> None:
        def modes() -> tuple[object, ...]:
            room = ChatRoom.objects.get(channel=channel)
            flags = (room.members_only, room.emotes_only, room.unique)
            return room.slow_seconds, room.followers_only_minutes, *flags

        for line in ("/slow", "/followers 10m", "/members", "/emoteonly", "/unique"):
            run(moderator, line)
        assert modes() == (30, 10, True, True, True)
        assert run(moderator, "/slow 2m") == "Slow mode is on: one message every 2 minutes."
        run(moderator, "/followers")
        assert modes() == (120, 0, True, True, True)
        run(moderator, "/followers 90")
        assert modes()[1] == 90
        for line in ("/slowoff", "/followersoff", "/membersoff", "/emoteonlyoff", "/uniqueoff"):
            run(moderator, line)
        assert modes() == (0, None, False, False, False)

    def test_purge_clear_and_shield(
        self, run: Run, say: Say, moderator: User, viewer: User, stranger: User, channel: Channel
    ) -> None:
        for person in (viewer, viewer, stranger):
            say(person)
        assert run(moderator, "/purge viewer") == "Removed 2 messages of viewer."
        run(moderator, "/clear")
        assert not Message.objects.standing().exists()
        run(moderator, "/shield")
        assert ChatRoom.objects.get(channel=channel).shield_before
        run(moderator, "/shieldoff")
        assert ChatRoom.objects.get(channel=channel).shield_before is None

    def test_pins_and_announcements(
        self, run: Run, say: Say, moderator: User, viewer: User, channel: Channel
    ) -> None:
        message = say(viewer)
        say(moderator, "mine")

        def pinned() -> Message | None:
            return ChatRoom.objects.get(channel=channel).pinned

        run(moderator, "/pin @viewer")
        assert pinned() == message
        run(moderator, "/pin")
        assert pinned() and pinned().content == "mine"
        run(moderator, f"/pin {message.pk}")
        assert pinned() == message
        run(moderator, "/unpin")
        assert pinned() is None
        run(moderator, "/announce Be kind /all of you")
        assert Message.objects.get(kind="announcement").content == "Be kind /all of you"

    def test_a_message_of_another_room_is_not_found(self, run: Run, moderator: User, viewer: User) -> None:
        other = factories.channel()
        said = services.send_message(actor=viewer, channel=other, content="hi", nonce="n")
        for line in (f"/pin {said.pk}", f"/delete {said.pk}", "/pin @viewer"):
            with raises(NotFound):
                run(moderator, line)

    def test_roles_are_offered_withdrawn_and_taken(
        self, run: Run, streamer: User, moderator: User, viewer: User, channel: Channel
    ) -> None:
        assert "invited as Moderator" in run(streamer, "/mod viewer")
        assert run(streamer, "/unmod viewer") == "The invitation of viewer is withdrawn."
        assert not channel.role_invitations.open().exists()
        assert run(streamer, "/unmod moderator") == "moderator is Moderator no longer."
        ChannelRole.objects.create(channel=channel, user=viewer, role=Role.VIP)
        assert run(streamer, "/unvip viewer") == "viewer is VIP no longer."
        assert not channel.roles.exists()


class TestSocket:
    def test_a_command_is_answered_to_its_sender_and_shown_to_nobody(
        self, dial: Dial, moderator: User, viewer: User, channel: Channel
    ) -> None:
        async def steps() -> None:
            async with dial(who=moderator) as commander, dial(who=viewer) as other:
                await commander.send("chat:send", content="/slow 30s", nonce="a")
                notice = await commander.next("chat:notice")
                assert notice == {
                    "nonce": "a",
                    "message": "Slow mode is on: one message every 30 seconds.",
                }
                await other.next("chat:settings")
                assert (await other.next("chat:settings"))["slow"] == 30
                assert await other.silent("chat:notice")
                assert await other.silent("chat:message")

        story(steps)
        assert not Message.objects.exists()

    def test_what_is_refused_says_why(self, dial: Dial, viewer: User) -> None:
        async def steps() -> None:
            async with dial(who=viewer) as client:
                for line, code in (
                    ("/ban x", "NOT_ALLOWED"),
                    ("/fly", "UNKNOWN_COMMAND"),
                    ("/help x y", "BAD_COMMAND"),
                ):
                    await client.send("chat:send", content=line, nonce=line)
                    error = await client.next("chat:error")
                    assert (error["nonce"], error["code"]) == (line, code)

        story(steps)
        assert not Message.objects.exists()

    def test_what_a_moderator_removes_leaves_every_screen_and_comes_back(
        self, dial: Dial, say: Say, moderator: User, viewer: User, channel: Channel
    ) -> None:
        say(viewer, "rude")

        async def steps() -> None:
            async with dial(who=moderator) as commander, dial() as other:
                await commander.send("chat:send", content="/purge viewer", nonce="a")
                assert await other.next("chat:cleared") == {"userId": str(viewer.pk), "upTo": 1}
                async with dial() as newcomer:
                    history = await newcomer.next("chat:history")
                    assert [line["content"] for line in history["messages"]] == [""]
                await in_thread(undo_last, actor=moderator, channel=channel)
                restored = await other.next("chat:restored")
                assert [line["content"] for line in restored["messages"]] == ["rude"]
                async with dial() as newcomer:
                    history = await newcomer.next("chat:history")
                    assert [line["content"] for line in history["messages"]] == ["rude"]

        story(steps)

    def test_a_long_chat_that_was_cleared_comes_back_whole(
        self, dial: Dial, moderator: User, channel: Channel, room: ChatRoom
    ) -> None:
        drafts = [Draft(uuid7(), moderator.pk, f"line {n}", str(n), ()) for n in range(150)]
        append(room.pk, drafts)

        async def steps() -> None:
            async with dial() as other:
                await other.next("chat:history")
                await in_thread(services.clear_room, actor=moderator, channel=channel)
                await other.next("chat:cleared")
                await in_thread(undo_last, actor=moderator, channel=channel)
                restored = [await other.next("chat:restored") for _ in range(2)]
                assert sum(len(part["messages"]) for part in restored) == 150
                async with dial() as newcomer:
                    history = await newcomer.next("chat:history")
                    told = [line["content"] for line in history["messages"]]
                    assert told == [f"line {n}" for n in range(50, 150)]

        story(steps)

    def test_a_pinned_message_goes_and_comes_back_with_its_removal(
        self, dial: Dial, say: Say, moderator: User, viewer: User, channel: Channel
    ) -> None:
        message = say(viewer, "be kind")
        services.pin_message(actor=moderator, channel=channel, message_id=message.pk)

        async def steps() -> None:
            async with dial() as other:
                assert (await other.next("chat:settings"))["pinned"]["content"] == "be kind"
                await in_thread(services.delete_message, actor=moderator, message_id=message.pk)
                assert (await other.next("chat:settings"))["pinned"] is None
                await in_thread(services.restore_message, actor=moderator, message_id=message.pk)
                assert (await other.next("chat:settings"))["pinned"]["content"] == "be kind"

        story(steps)

    def test_a_pin_and_an_announcement_reach_everybody(
        self, dial: Dial, say: Say, moderator: User, viewer: User
    ) -> None:
        say(viewer, "be kind")

        async def steps() -> None:
            async with dial(who=moderator) as commander, dial() as other:
                assert (await other.next("chat:settings"))["pinned"] is None
                await commander.send("chat:send", content="/pin @viewer", nonce="a")
                settings = await other.next("chat:settings")
                assert settings["pinned"]["content"] == "be kind"
                assert settings["pinnedBy"]["username"] == "moderator"
                await commander.send("chat:send", content="/announce Soon", nonce="b")
                said = await other.next("chat:message")
                assert (said["kind"], said["content"]) == ("announcement", "Soon")

        story(steps)


def undo_last(*, actor: User, channel: Channel) -> None:
    undo.undo_action(actor=actor, channel=channel, entry_id=log_of(channel)[0].pk)
