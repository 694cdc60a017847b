"""Held messages: approved, rejected, taken back; and announcements."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from pytest import raises

from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation import undo

Say = Callable[..., Message]
Hold = Callable[..., HeldMessage]
pytestmark = pytest.mark.django_db


@pytest.fixture
def hold(room: ChatRoom, viewer: User) -> Hold:
    """`hold("words")`: the viewer wrote this, and a rule keeps it back."""

    def hold(content: str = "you fool", nonce: str = "n1", **more: object) -> HeldMessage:
        return HeldMessage.objects.create(
            room=room,
            user=viewer,
            content=content,
            nonce=nonce,
            badges=["vip"],
            rule="terms",
            matched_from=4,
            matched_to=8,
            **more,
        )

    return hold


def undo_last(actor: User, channel: Channel, action: str) -> None:
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None
    undo.undo_action(actor=actor, channel=channel, entry_id=entry.pk)


def readable() -> list[tuple[int, str]]:
    return list(Message.objects.standing().values_list("seq", "content"))


def test_an_approved_message_is_said_as_its_author_s_own(
    moderator: User, viewer: User, stranger: User, say: Say, hold: Hold
) -> None:
    answered = say(stranger, "what do you say?")
    held = hold(reply_to=answered)
    said = services.approve_held(actor=moderator, held_id=held.pk)
    assert (said.seq, said.user, said.content, said.nonce) == (2, viewer, "you fool", "n1")
    assert (said.badges, said.reply_to) == (["vip"], answered)
    held.refresh_from_db()
    assert (held.state, held.answered_by) == ("approved", moderator)
    assert held.answered_at


def test_the_same_message_sent_again_stays_one(channel: Channel, moderator: User, hold: Hold) -> None:
    held = hold()
    said = services.approve_held(actor=moderator, held_id=held.pk)
    again = services.send_message(actor=held.user, channel=channel, content="you fool", nonce="n1")
    assert again == said


def test_a_rejected_message_is_never_said(moderator: User, hold: Hold) -> None:
    held = services.reject_held(actor=moderator, held_id=hold().pk)
    assert held.state == "rejected"
    assert readable() == []


def test_a_held_message_is_answered_once(moderator: User, streamer: User, hold: Hold) -> None:
    held = hold()
    services.approve_held(actor=moderator, held_id=held.pk)
    for verb in (services.approve_held, services.reject_held):
        with raises(Conflict) as refusal:
            verb(actor=streamer, held_id=held.pk)
        assert refusal.value.code == "ANSWERED_BEFORE"
    assert len(readable()) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_one_is_refused(moderator: User, streamer: User, hold: Hold) -> None:
    held, start, outcomes = hold(), threading.Barrier(2), []

    def answer(actor: User, verb: Callable[..., object]) -> None:
        try:
            start.wait(timeout=10)
            verb(actor=actor, held_id=held.pk)
            outcomes.append("done")
        except Conflict as refusal:
            outcomes.append(refusal.code)
        finally:
            connection.close()

    pairs = ((moderator, services.approve_held), (streamer, services.reject_held))
    threads = [threading.Thread(target=answer, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["ANSWERED_BEFORE", "done"]
    held.refresh_from_db()
    assert len(readable()) == (1 if held.state == "approved" else 0)


def test_who_is_banned_by_now_does_not_speak_through_the_queue(
    channel: Channel, moderator: User, viewer: User, hold: Hold
) -> None:
    held = hold()
    moderation.ban(actor=moderator, channel=channel, user=viewer)
    with raises(Conflict) as refusal:
        services.approve_held(actor=moderator, held_id=held.pk)
    assert refusal.value.code == "AUTHOR_EXCLUDED"
    assert readable() == []
    services.reject_held(actor=moderator, held_id=held.pk)


def test_nobody_lets_their_own_message_pass(channel: Channel, viewer: User, hold: Hold) -> None:
    held = hold()
    ChannelRole.objects.create(channel=channel, user=viewer, role=Role.MODERATOR)
    with raises(NotAllowed):
        services.approve_held(actor=viewer, held_id=held.pk)
    assert readable() == []


def test_what_is_not_held_is_not_found(moderator: User, room: ChatRoom) -> None:
    with raises(NotFound):
        services.approve_held(actor=moderator, held_id=uuid.uuid4())


@pytest.mark.parametrize(
    ("verb", "action"),
    [(services.approve_held, "held.approve"), (services.reject_held, "held.reject")],
)
def test_an_undone_answer_lets_the_message_wait_again(
    channel: Channel, moderator: User, hold: Hold, verb: Callable[..., object], action: str
) -> None:
    held = hold()
    before = HeldMessage.objects.values().get()
    for _ in range(2):
        verb(actor=moderator, held_id=held.pk)
        undo_last(moderator, channel, action)
        assert HeldMessage.objects.values().get() == before
        assert readable() == []


def test_approved_anew_it_has_the_place_that_it_had(
    channel: Channel, moderator: User, stranger: User, say: Say, hold: Hold
) -> None:
    held = hold()
    services.approve_held(actor=moderator, held_id=held.pk)
    say(stranger, "later")
    undo_last(moderator, channel, "held.approve")
    services.approve_held(actor=moderator, held_id=held.pk)
    assert readable() == [(1, "you fool"), (2, "later")]


def test_an_approval_is_not_undone_once_the_message_was_removed(
    channel: Channel, moderator: User, hold: Hold
) -> None:
    said = services.approve_held(actor=moderator, held_id=hold().pk)
    services.delete_message(actor=moderator, message_id=said.pk)
    with raises(Conflict):
        undo_last(moderator, channel, "held.approve")
    assert HeldMessage.objects.get().state == "approved"


def test_an_announcement_is_a_message_of_its_own_kind(channel: Channel, moderator: User) -> None:
    for _ in range(2):
        said = services.announce(actor=moderator, channel=channel, content=" We start  soon ", nonce="n")
    assert (said.kind, said.content, said.badges) == ("announcement", "We start soon", ["moderator"])
    assert AuditEntry.objects.filter(action="message.announce").count() == 1
    with raises(Invalid):
        services.announce(actor=moderator, channel=channel, content="  ", nonce="m")


def test_who_is_timed_out_announces_nothing(channel: Channel, streamer: User, moderator: User) -> None:
    moderation.time_out(actor=streamer, channel=channel, user=moderator, seconds=60)
    with raises(NotAllowed) as refusal:
        services.announce(actor=moderator, channel=channel, content="And yet", nonce="n")
    assert refusal.value.code == "TIMED_OUT"
    assert readable() == []


def test_an_undone_announcement_is_removed(channel: Channel, moderator: User) -> None:
    services.announce(actor=moderator, channel=channel, content="We start soon", nonce="n")
    undo_last(moderator, channel, "message.announce")
    assert readable() == []


@pytest.mark.parametrize("by_author", [True, False])
def test_approving_brings_nothing_back_that_was_said_under_its_nonce_and_removed(
    moderator: User, viewer: User, say: Say, hold: Hold, by_author: bool
) -> None:
    held = hold("you fine fellow", nonce="n1")
    said = say(viewer, "you fine fellow" if by_author else "something rude", nonce="n1")
    services.delete_message(actor=viewer if by_author else moderator, message_id=said.pk)
    with raises(Conflict) as refusal:
        services.approve_held(actor=moderator, held_id=held.pk)
    assert refusal.value.code == "SAID_OTHERWISE"
    assert readable() == []
    assert services.reject_held(actor=moderator, held_id=held.pk).state == "rejected"
