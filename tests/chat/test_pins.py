"""The pinned message of a room."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from pytest import raises

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import ChatRoom, Message
from apps.core.errors import Conflict, NotFound
from apps.core.models import AuditEntry
from apps.moderation import undo
from tests import factories

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db


def pinned() -> tuple[uuid.UUID | None, uuid.UUID | None]:
    room = ChatRoom.objects.get()
    assert (room.pinned_id is None) == (room.pinned_at is None)
    return room.pinned_id, room.pinned_by_id


def undo_last(actor: User, channel: Channel, action: str) -> None:
    entry = AuditEntry.objects.filter(action=action).first()
    assert entry is not None
    undo.undo_action(actor=actor, channel=channel, entry_id=entry.pk)


def test_the_newest_pin_wins_and_taking_it_down_leaves_none(
    channel: Channel, moderator: User, streamer: User, viewer: User, say: Say
) -> None:
    one, two = say(viewer, "one"), say(viewer, "two")
    services.pin_message(actor=moderator, channel=channel, message_id=one.pk)
    services.pin_message(actor=streamer, channel=channel, message_id=two.pk)
    assert pinned() == (two.pk, streamer.pk)
    for _ in range(2):
        services.unpin_message(actor=moderator, channel=channel)
    assert pinned() == (None, None)
    assert AuditEntry.objects.filter(action="message.unpin").count() == 1


def test_pinning_the_pinned_changes_nothing(
    channel: Channel, moderator: User, streamer: User, viewer: User, say: Say
) -> None:
    message = say(viewer)
    for actor in (moderator, streamer):
        services.pin_message(actor=actor, channel=channel, message_id=message.pk)
    assert pinned() == (message.pk, moderator.pk)
    assert AuditEntry.objects.filter(action="message.pin").count() == 1


def test_what_is_not_in_the_room_is_not_pinned(
    channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    gone = say(viewer, "gone")
    services.delete_message(actor=viewer, message_id=gone.pk)
    other = factories.channel()
    elsewhere = services.send_message(actor=viewer, channel=other, content="hi", nonce="n")
    for message_id in (gone.pk, elsewhere.pk, uuid.uuid4()):
        with raises(NotFound):
            services.pin_message(actor=moderator, channel=channel, message_id=message_id)
    assert ChatRoom.objects.get(channel=channel).pinned is None


def test_an_undone_pin_brings_the_one_before_back_with_who_pinned_it(
    channel: Channel, moderator: User, streamer: User, viewer: User, say: Say
) -> None:
    one, two = say(viewer, "one"), say(viewer, "two")
    services.pin_message(actor=streamer, channel=channel, message_id=one.pk)
    before = ChatRoom.objects.get().pinned_at
    services.pin_message(actor=moderator, channel=channel, message_id=two.pk)
    undo_last(moderator, channel, "message.pin")
    assert pinned() == (one.pk, streamer.pk)
    assert ChatRoom.objects.get().pinned_at == before
    services.unpin_message(actor=moderator, channel=channel)
    undo_last(moderator, channel, "message.unpin")
    assert pinned() == (one.pk, streamer.pk)


def test_a_pin_that_was_replaced_is_not_undone(
    channel: Channel, moderator: User, viewer: User, say: Say
) -> None:
    one, two = say(viewer, "one"), say(viewer, "two")
    services.pin_message(actor=moderator, channel=channel, message_id=one.pk)
    entry = AuditEntry.objects.get(action="message.pin")
    services.pin_message(actor=moderator, channel=channel, message_id=two.pk)
    with raises(Conflict):
        undo.undo_action(actor=moderator, channel=channel, entry_id=entry.pk)
    assert pinned() == (two.pk, moderator.pk)
