"""What the verbs of a room tell its open sockets, in every process, once their transaction has committed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.accounts.payloads import person_payload
from apps.channels.models import topic
from apps.chat.models import ChatRoom, HeldMessage, Message, Rulebook
from apps.chat.notes import messages_note, restored_note
from apps.chat.review import held_payload
from apps.chat.room import A_FRAME
from apps.chat.selectors import Line
from apps.core.realtime import note, push
from apps.core.realtime.frames import frame, iso


def rules_moved(channel_id: uuid.UUID) -> None:
    """What decides who may say what has changed, or what is pinned: rooms read it anew."""
    _tell_counted(channel_id, kind="rules")


def message_said(message: Message) -> None:
    """A message was stored, by whichever door."""
    told = messages_note([Line.of(message)], iso(message.created_at))
    note(topic("room", message.room_id), told)


def message_removed(message: Message) -> None:
    """Its content is to be seen no more."""
    assert message.deleted_at is not None
    at = iso(message.deleted_at)
    _tell_counted(message.room_id, kind="deleted", id=message.pk.bytes, seq=message.seq, at=at)


def messages_cleared(channel_id: uuid.UUID, *, user_id: uuid.UUID | None, up_to: int, at: datetime) -> None:
    """All up to a number was removed, or all of one person."""
    who = user_id.bytes if user_id else None
    _tell_counted(channel_id, kind="cleared", user=who, up_to=up_to, at=iso(at))


def messages_restored(channel_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> None:
    """These messages are there again."""
    found = Message.objects.with_user().filter(pk__in=ids).order_by("seq")
    lines = list(map(Line.of, found))
    for start in range(0, len(lines), A_FRAME):
        _tell_counted(channel_id, **restored_note(channel_id, lines[start : start + A_FRAME]))
    if ChatRoom.objects.filter(pk=channel_id, pinned__in=ids).exists():
        rules_moved(channel_id)


def person_told(channel_id: uuid.UUID, user_id: uuid.UUID, message: str, *, nonce: str | None = None) -> None:
    """Words for one person in the room."""
    _tell(channel_id, kind="notice", user=user_id.bytes, nonce=nonce, message=message)


def held_changed(held: HeldMessage) -> None:
    """A held message waits (again), or was answered: moderators at their page hear of it."""
    if held.state == HeldMessage.State.OPEN:
        told = frame("moderation:held", {"held": held_payload(held)})
    else:
        by = person_payload(held.answered_by) if held.answered_by else None
        answer = {"kind": "held", "id": str(held.pk), "state": held.state, "by": by}
        told = frame("moderation:answered", answer)
    push(topic("moderation", held.room_id), told)


def _tell_counted(channel_id: uuid.UUID, **content: Any) -> None:
    """With the version that the room's rulebook has now: who misses this note sees that one is missing."""
    _tell(channel_id, **content, version=Rulebook.objects.turn(channel_id))


def _tell(channel_id: uuid.UUID, **content: Any) -> None:
    note(topic("room", channel_id), content)
