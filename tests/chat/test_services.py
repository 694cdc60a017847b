"""Saying and removing, by whichever door."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.roles import Role
from apps.channels.services import delete_channel
from apps.chat import selectors, services
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.chat.services import messages
from apps.core.errors import Invalid, NotAllowed, NotFound, SignInNeeded, TooMany
from apps.core.models import AuditEntry
from tests import factories

Say = Callable[..., Message]
pytestmark = pytest.mark.django_db


def test_a_message_is_stored_with_its_number_and_the_sender_s_badges(
    say: Say, streamer: User, viewer: User, moderator: User
) -> None:
    assert [(m.seq, m.badges) for m in (say(streamer), say(viewer), say(moderator))] == [
        (1, ["owner"]),
        (2, []),
        (3, ["moderator"]),
    ]


def test_the_same_nonce_returns_the_message_of_then(say: Say, viewer: User) -> None:
    first = say(viewer, "one", "n")
    assert say(viewer, "two", "n") == first
    assert Message.objects.get().content == "one"


def test_nobody_writes_without_signing_in(channel: Channel) -> None:
    with pytest.raises(SignInNeeded):
        services.send_message(actor=AnonymousUser(), channel=channel, content="hi", nonce="n")
    assert not Message.objects.exists()


def test_an_empty_message_is_refused_and_takes_no_number(say: Say, viewer: User) -> None:
    with pytest.raises(Invalid):
        say(viewer, " \u200b ")
    assert say(viewer, "here").seq == 1


def test_a_person_who_writes_too_fast_is_told_how_long_to_wait(channel: Channel, stranger: User) -> None:
    limit = messages.LIMIT
    for turn in range(limit.most):
        services.send_message(actor=stranger, channel=channel, content="hi", nonce=str(turn))
    with pytest.raises(TooMany) as refusal:
        services.send_message(actor=stranger, channel=channel, content="hi", nonce="more")
    assert refusal.value.code == "RATE_LIMITED"
    assert refusal.value.retry_after is not None and 0 < refusal.value.retry_after <= limit.seconds
    assert Message.objects.count() == limit.most
    again = services.send_message(actor=stranger, channel=channel, content="hi", nonce="0")
    assert again.seq == 1, "what is stored is acknowledged, however often it is asked"


def test_people_remove_their_own_messages_and_the_number_stays(say: Say, viewer: User) -> None:
    message = say(viewer, "oops")
    services.delete_message(actor=viewer, message_id=message.pk)
    message.refresh_from_db()
    assert message.deleted_at is not None and message.deleted_by == viewer
    assert message.content == "oops", "moderators may still need to read it"
    assert say(viewer, "next").seq == 2
    assert AuditEntry.objects.filter(action="message.delete").count() == 1


@pytest.mark.parametrize("who", ["moderator", "streamer"])
def test_the_crew_removes_other_people_s_messages(
    who: str, say: Say, viewer: User, request: pytest.FixtureRequest
) -> None:
    message = say(viewer)
    services.delete_message(actor=request.getfixturevalue(who), message_id=message.pk)
    message.refresh_from_db()
    assert message.deleted_at is not None


def test_a_viewer_may_not_remove_other_people_s_messages(say: Say, viewer: User, stranger: User) -> None:
    message = say(viewer)
    with pytest.raises(NotAllowed):
        services.delete_message(actor=stranger, message_id=message.pk)
    message.refresh_from_db()
    assert message.deleted_at is None
    assert not AuditEntry.objects.filter(action="message.delete").exists()


def test_removing_twice_changes_nothing(say: Say, viewer: User, streamer: User) -> None:
    message = say(viewer)
    services.delete_message(actor=viewer, message_id=message.pk)
    services.delete_message(actor=streamer, message_id=message.pk)
    message.refresh_from_db()
    assert message.deleted_by == viewer
    assert AuditEntry.objects.filter(action="message.delete").count() == 1


def test_a_message_of_another_room_is_not_found(say: Say, room: ChatRoom, viewer: User) -> None:
    message = say(viewer)
    for wrong in ({"message_id": uuid.uuid4()}, {"message_id": message.pk, "room_id": uuid.uuid4()}):
        with pytest.raises(NotFound):
            services.delete_message(actor=viewer, **wrong)


def test_a_room_keeps_its_numbers_when_an_account_goes(say: Say, viewer: User, stranger: User) -> None:
    say(viewer, "gone soon")
    viewer.delete()
    assert say(stranger).seq == 2
    assert Message.objects.get(seq=1).user is None


def test_the_push_waits_for_the_commit(
    say: Say, viewer: User, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        say(viewer)
    assert len(callbacks) == 1


def test_a_crowd_is_looked_up_at_once(
    channel: Channel, streamer: User, django_assert_num_queries: Any
) -> None:
    crowd = [streamer, *(factories.person() for _ in range(4))]
    with django_assert_num_queries(1):
        found = selectors.speakers([person.pk for person in crowd], channel)
    assert [speaker and speaker.role for speaker in found] == [Role.OWNER, None, None, None, None]


def test_a_deleted_channel_takes_what_was_said_with_it_however_much_it_was(streamer: User) -> None:
    def deleting(said: int) -> int:
        """How many questions it takes to delete a channel in which so much was said."""
        channel = factories.channel(streamer)
        room = ChatRoom.objects.create(channel=channel)
        lines = [
            Message(
                room=room, seq=seq, user=streamer, content="hi", nonce=str(seq), created_at=timezone.now()
            )
            for seq in range(1, said + 1)
        ]
        for before, line in pairwise(lines):
            line.reply_to = line.thread = before
        Message.objects.bulk_create(lines)
        ChatRoom.objects.filter(pk=room.pk).update(pinned=lines[-1])
        HeldMessage.objects.create(
            room=room, user=streamer, content="hm", nonce="h", reply_to=lines[0], matched_from=0, matched_to=1
        )
        with CaptureQueriesContext(connection) as asked:
            delete_channel(actor=streamer, channel=channel, confirmation=channel.slug)
        return len(asked)

    assert deleting(1) == deleting(500)
    connection.check_constraints()
    assert not Message.objects.exists()
