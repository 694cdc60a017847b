"""Removing many messages at once, and bringing exactly those back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest import raises

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message
from apps.chat.services import purge
from apps.core.errors import Conflict, Invalid, NotAllowed
from apps.core.models import AuditEntry
from apps.moderation import undo
from tests import factories

Say = Callable[..., Message]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]


def readable() -> list[str]:
    return list(Message.objects.standing().values_list("content", flat=True))


def undo_last(actor: User, channel: Channel, action: str) -> None:
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None
    undo.undo_action(actor=actor, channel=channel, entry_id=entry.pk)


def test_a_person_s_messages_are_removed_and_nobody_else_s(
    channel: Channel, moderator: User, viewer: User, stranger: User, say: Say
) -> None:
    elsewhere = factories.channel()
    services.send_message(actor=viewer, channel=elsewhere, content="elsewhere", nonce="n")
    for word in ("one", "two"):
        say(viewer, word)
        say(stranger, f"not {word}")
    assert services.purge_person(actor=moderator, channel=channel, user=viewer) == 2
    assert sorted(readable()) == ["elsewhere", "not one", "not two"]
    assert say(viewer, "again").seq == 5, "numbers go on"
    assert services.purge_person(actor=moderator, channel=channel, user=viewer) == 1


def test_nobody_removes_what_those_said_who_stand_as_high(
    channel: Channel, moderator: User, streamer: User, say: Say
) -> None:
    say(streamer, "mine")
    say(moderator, "also mine")
    with raises(NotAllowed):
        services.purge_person(actor=moderator, channel=channel, user=streamer)
    with raises(Invalid):
        services.purge_person(actor=moderator, channel=channel, user=moderator)
    assert len(readable()) == 2


def test_a_cleared_chat_is_empty_and_its_rows_stay(
    channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    for word in ("one", "two"):
        say(viewer, word)
    assert services.clear_room(actor=moderator, channel=channel) == 2
    assert readable() == []
    assert sorted(Message.objects.values_list("content", "deleted_by")) == [
        ("one", moderator.pk),
        ("two", moderator.pk),
    ]
    assert services.clear_room(actor=moderator, channel=channel) == 0
    assert AuditEntry.objects.filter(action="chat.clear").count() == 1


def test_clearing_reaches_back_a_bounded_way(
    channel: Channel, moderator: User, viewer: User, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purge, "CLEARED_MOST", 3)
    for n in range(1, 6):
        say(viewer, str(n))
    services.clear_room(actor=moderator, channel=channel)
    assert readable() == ["1", "2"]


def test_an_undone_clear_brings_back_what_it_removed_and_nothing_else(
    channel: Channel, moderator: User, viewer: User, stranger: User, say: Say
) -> None:
    own, named = say(viewer, "own slip"), say(viewer, "rude")
    say(viewer, "fine")
    say(stranger, "fine, too")
    services.delete_message(actor=viewer, message_id=own.pk)
    services.delete_message(actor=moderator, message_id=named.pk)
    before = readable()
    services.purge_person(actor=moderator, channel=channel, user=viewer)
    services.clear_room(actor=moderator, channel=channel)
    assert readable() == []
    undo_last(moderator, channel, "chat.clear")
    assert readable() == ["fine, too"]
    undo_last(moderator, channel, "person.purge")
    assert readable() == before
    undo_last(moderator, channel, "message.delete")
    assert readable() == ["rude", *before]


def test_a_removed_message_is_restored_where_it_was(
    channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    message = say(viewer, "misread")
    say(viewer, "later")
    services.delete_message(actor=moderator, message_id=message.pk)
    for _ in range(2):
        services.restore_message(actor=moderator, message_id=message.pk)
    assert readable() == ["misread", "later"]
    undo_last(moderator, channel, "message.restore")
    assert readable() == ["later"]
    undo_last(moderator, channel, "message.delete")
    assert readable() == ["misread", "later"]
    assert AuditEntry.objects.filter(action="message.restore").count() == 1


def test_what_its_author_removed_stays_removed(
    channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    message = say(viewer, "own slip")
    services.delete_message(actor=viewer, message_id=message.pk)
    with raises(Conflict) as refusal:
        undo_last(moderator, channel, "message.delete")
    assert refusal.value.code == "REMOVED_BY_AUTHOR"
    with raises(Conflict) as refusal:
        services.restore_message(actor=moderator, message_id=message.pk)
    assert refusal.value.code == "REMOVED_BY_AUTHOR"
    assert readable() == []


def test_a_moderator_does_not_bring_their_own_removed_message_back(
    channel: Channel, streamer: User, moderator: User, say: Say
) -> None:
    message = say(moderator, "too much")
    services.delete_message(actor=streamer, message_id=message.pk)
    with raises(NotAllowed):
        services.restore_message(actor=moderator, message_id=message.pk)
    with raises(NotAllowed):
        undo_last(moderator, channel, "message.delete")
    assert readable() == []
    undo_last(streamer, channel, "message.delete")
    assert readable() == ["too much"]


def test_a_restored_message_is_removed_again_whoever_removed_it_has_left(
    channel: Channel, streamer: User, moderator: User, viewer: User, say: Say
) -> None:
    message = say(viewer, "one")
    services.delete_message(actor=moderator, message_id=message.pk)
    moderator.delete()
    services.restore_message(actor=streamer, message_id=message.pk)
    undo_last(streamer, channel, "message.restore")
    assert readable() == []
