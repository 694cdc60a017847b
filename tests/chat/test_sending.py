"""Saying something: stored, acknowledged, shown; once each, whatever is repeated."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message
from apps.chat.services import messages
from apps.chat.store import Draft, unavailable
from apps.core.errors import DomainError

from .conftest import Dial, accepted, in_thread, refused, story

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_message_is_acknowledged_and_everybody_sees_it_once(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as sender, dial() as reader:
            await sender.send("chat:send", content=" hello ", nonce="n1")
            ack = await sender.next("chat:ack")
            assert (ack["nonce"], ack["seq"]) == ("n1", 1)
            for client in (sender, reader):
                message = await client.next("chat:message")
                assert (message["id"], message["content"]) == (ack["id"], "hello")
                assert message["user"]["username"] == "viewer"
            await sender.send("chat:send", content="hello", nonce="n1")
            assert await sender.next("chat:ack") == ack
            assert await reader.silent("chat:message")

    story(steps)
    assert Message.objects.count() == 1


def test_a_nonce_of_another_connection_is_known_too(dial: Dial, say: Say, viewer: User) -> None:
    message = say(viewer, "before the line broke", "n1")

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="before the line broke", nonce="n1")
            assert await client.next("chat:ack") == {"nonce": "n1", "id": str(message.pk), "seq": 1}

    story(steps)


def test_a_sender_who_repeats_after_a_broken_line_is_acknowledged_although_the_limit_is_reached(
    dial: Dial, say: Say, viewer: User
) -> None:
    stored = [say(viewer, f"message {n}", f"n{n}") for n in range(messages.LIMIT.most)]

    async def steps() -> None:
        async with dial(who=viewer) as client:
            for message in stored:
                await client.send("chat:send", content=message.content, nonce=message.nonce)
                assert (await client.next("chat:ack"))["seq"] == message.seq
            await client.send("chat:send", content="one more", nonce="new")
            assert (await client.next("chat:error"))["code"] == "RATE_LIMITED"

    story(steps)
    assert Message.objects.count() == len(stored)


def all_turns() -> list[tuple[str, str]]:
    """As many nonces and messages, none like another, as a person may send in a moment."""
    return [(letter, 6 * letter) for letter in string.ascii_letters[: messages.LIMIT.most]]


def test_a_copy_of_what_another_process_stored_is_acknowledged_when_no_turn_is_left(
    dial: Dial, say: Say, viewer: User
) -> None:
    stored = say(viewer, "the line broke before the ack", "elsewhere")  # the first turn

    async def steps() -> None:
        async with dial(who=viewer) as client:
            for nonce, content in all_turns()[1:]:
                await client.send("chat:send", content=content, nonce=nonce)
                await client.next("chat:ack")
            await client.send("chat:send", content=stored.content, nonce=stored.nonce)
            assert (await client.next("chat:ack"))["id"] == str(stored.pk)

    story(steps)
    assert Message.objects.count() == messages.LIMIT.most


def test_in_unique_mode_what_the_limit_refused_was_not_said(
    dial: Dial, channel: Channel, streamer: User, viewer: User, stranger: User
) -> None:
    services.edit_modes(actor=streamer, channel=channel, unique=True)

    async def steps() -> None:
        async with dial(who=viewer) as hasty, dial(who=stranger) as other:
            for nonce, content in all_turns():
                await hasty.send("chat:send", content=content, nonce=nonce)
                await hasty.next("chat:ack")
            await hasty.send("chat:send", content="one too many", nonce="late")
            assert (await hasty.next("chat:error"))["code"] == "RATE_LIMITED"
            await other.send("chat:send", content="one too many", nonce="late")
            assert (await other.next("chat:ack"))["nonce"] == "late"

    story(steps)


def test_in_unique_mode_what_was_said_stays_said_when_a_repetition_is_refused(
    dial: Dial, channel: Channel, streamer: User, moderator: User, viewer: User, stranger: User
) -> None:
    services.edit_modes(actor=streamer, channel=channel, unique=True)

    async def steps() -> None:
        async with dial(who=viewer) as first, dial(who=moderator) as crew, dial(who=stranger) as other:
            await accepted(first, "said once")
            for _, content in all_turns():
                await accepted(crew, content)
            assert (await refused(crew, "said once"))["code"] == "RATE_LIMITED"
            assert (await refused(other, "said once"))["code"] == "NOT_UNIQUE"

    story(steps)


def test_in_unique_mode_what_found_the_room_busy_was_not_said(
    dial: Dial,
    channel: Channel,
    streamer: User,
    viewer: User,
    stranger: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.edit_modes(actor=streamer, channel=channel, unique=True)

    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=stranger) as other:
            with monkeypatch.context() as busy:
                busy.setattr("apps.chat.writer.WAITING_MOST", 0)
                assert (await refused(one, "not yet"))["code"] == "BUSY"
            await accepted(other, "not yet")

    story(steps)


def test_one_message_sent_by_two_tabs_at_once_is_stored_once_and_acknowledged_to_both(
    dial: Dial, viewer: User
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=viewer) as two:
            for client in (one, two):
                await client.send("chat:send", content="hi", nonce="n")
            assert await one.next("chat:ack") == await two.next("chat:ack")

    story(steps)
    assert Message.objects.count() == 1


def test_a_message_of_the_api_reaches_open_sockets(dial: Dial, channel: Channel, viewer: User) -> None:
    async def steps() -> None:
        async with dial() as reader:
            await reader.next("chat:history")
            await in_thread(services.send_message, actor=viewer, channel=channel, content="by API", nonce="n")
            assert (await reader.next("chat:message"))["content"] == "by API"

    story(steps)


def test_who_writes_too_fast_is_told_how_long_to_wait(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            for n in range(messages.LIMIT.most + 1):
                await client.send("chat:send", content="hi", nonce=f"n{n}")
            error = await client.next("chat:error")
            assert (error["code"], error["nonce"]) == ("RATE_LIMITED", f"n{messages.LIMIT.most}")
            assert 0 < error["retryAfter"] <= messages.LIMIT.seconds
            await client.send("chat:send", content="hi", nonce="n0")  # sent again: costs no turn
            for _ in range(messages.LIMIT.most + 1):
                await client.next("chat:ack")

    story(steps)


def test_anonymous_people_read_and_do_not_write(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            for type, payload in (
                ("chat:send", {"content": "hi", "nonce": "n"}),
                ("chat:typing", {}),
                ("chat:delete", {"id": "0" * 32}),
            ):
                await client.send(type, **payload)
                error = await client.next("chat:error")
                assert error["code"] == "SIGN_IN_NEEDED"
                assert error.get("nonce") == payload.get("nonce")

    story(steps)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"content": "  ", "nonce": "n"}, "CONTENT_EMPTY"),
        ({"content": "x" * 501, "nonce": "n"}, "CONTENT_TOO_LONG"),
        (
            {"content": "hi", "nonce": "n", "replyTo": "00000000-0000-7000-8000-000000000000"},
            "REPLY_NOT_FOUND",
        ),
        ({"content": ["hi"], "nonce": "n"}, "INVALID"),
        ({"content": "hi"}, "INVALID"),
    ],
)
def test_a_wrong_message_is_answered_with_its_nonce_and_the_reason(
    dial: Dial, viewer: User, payload: dict[str, Any], code: str
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", **payload)
            error = await client.next("chat:error")
            assert (error["code"], error.get("nonce")) == (code, payload.get("nonce"))
            assert error["message"]

    story(steps)
    assert not Message.objects.exists()


def test_a_fault_in_asking_for_limits_is_answered_and_the_line_goes_when_sent_again(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_turns, asked = messages.take_turns, 0

    async def broken_once(drafts: Sequence[Draft]) -> list[DomainError | None]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ValueError("a fault of ours")
        return await take_turns(drafts)

    monkeypatch.setattr(messages, "take_turns", broken_once)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="hi", nonce="n")
            error = await client.next("chat:error")
            assert (error["code"], error["nonce"]) == (unavailable().code, "n")
            await client.send("chat:send", content="hi", nonce="n")
            assert (await client.next("chat:ack"))["nonce"] == "n"

    story(steps)


def test_an_account_that_was_closed_can_no_longer_write(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.crowd.KNOWN_SECONDS", 0.0)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:history")
            await in_thread(User.objects.filter(pk=viewer.pk).update, is_active=False)
            await client.send("chat:send", content="hi", nonce="n")
            assert await client.closed() == 4403

    story(steps)
    assert not Message.objects.exists()


def test_who_writes_in_a_channel_that_was_suspended_meanwhile_is_seen_off(
    dial: Dial, channel: Channel, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.chat.crowd.KNOWN_SECONDS", 0.0)
    monkeypatch.setattr("apps.chat.identity.CHANNEL_SECONDS", 0.0)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.next("chat:history")
            await in_thread(Channel.objects.filter(pk=channel.pk).update, suspended_at=timezone.now())
            await client.send("chat:send", content="hi", nonce="n")
            assert await client.closed() == 4404

    story(steps)
    assert not Message.objects.exists()


def test_a_deed_that_the_database_does_not_take_may_be_tried_again(
    dial: Dial, say: Say, moderator: User, viewer: User
) -> None:
    message = say(viewer, "gone soon")
    deeds = [("chat:delete", {"id": str(message.pk)}), ("chat:send", {"content": "/delete"})]

    def rename(old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async def steps() -> None:
        async with dial(who=moderator) as client:
            await client.next("chat:history")
            await in_thread(rename, old="chat_message", new="elsewhere")
            try:
                for type, payload in deeds:
                    await client.send(type, nonce="n", **payload)
                    error = await client.next("chat:error")
                    assert (error["code"], error["retryAfter"]) == ("STORE_UNAVAILABLE", 2.0)
            finally:
                await in_thread(rename, old="elsewhere", new="chat_message")
            await client.send("chat:delete", id=str(message.pk))
            assert (await client.next("chat:deleted"))["id"] == str(message.pk)

    story(steps)
