"""Reading a room: pages of messages by their numbers, and who speaks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import orjson

from apps.accounts.models import User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Role

from .models import ChatRoom, Message
from .payloads import author_payload, message_payload

ROLE_BADGES = {Role.OWNER: "owner", Role.MODERATOR: "moderator", Role.VIP: "vip"}


@dataclass(frozen=True, slots=True)
class Line:
    """One stored message on its way to sockets: its number, its id and its payload as JSON."""

    seq: int
    id: uuid.UUID
    payload: bytes


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who writes here: what their messages carry. `card` is the encoded author."""

    user_id: uuid.UUID
    brief: dict[str, Any]
    card: bytes
    badges: tuple[str, ...]


def open_room(channel_id: uuid.UUID, limit: int) -> tuple[int, list[Line]]:
    """The room's last number and its newest messages, oldest first; the room is made when it is new."""
    room, _ = ChatRoom.objects.get_or_create(channel_id=channel_id)
    # The number was read first: messages that came since are newer and are left to the next question.
    return room.last_seq, _lines(newest(channel_id, limit=limit, before=room.last_seq + 1))


def last_numbers(room_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The last number of each room."""
    return dict(ChatRoom.objects.filter(pk__in=room_ids).values_list("pk", "last_seq"))


def lines_after(room_id: uuid.UUID, seq: int, limit: int) -> list[Line]:
    """The first `limit` messages after number `seq`, ready to send."""
    return _lines(after(room_id, seq=seq, limit=limit))


def after(room_id: uuid.UUID, *, seq: int, limit: int) -> list[Message]:
    """The first `limit` messages after number `seq`, oldest first."""
    found = Message.objects.of_room(room_id).with_user().filter(seq__gt=seq)
    return list(found.order_by("seq")[:limit])


def newest(room_id: uuid.UUID, *, limit: int, before: int | None = None) -> list[Message]:
    """The last `limit` messages before number `before` (without it: of all), oldest first."""
    found = Message.objects.of_room(room_id).with_user()
    if before is not None:
        found = found.filter(seq__lt=before)
    return list(reversed(found.order_by("-seq")[:limit]))


def seq_of(room_id: uuid.UUID, message_id: uuid.UUID) -> int | None:
    """The number of a message of this room."""
    return Message.objects.of_room(room_id).filter(pk=message_id).values_list("seq", flat=True).first()


def find_nonce(room_id: uuid.UUID, user_id: uuid.UUID, nonce: str) -> Message | None:
    """The message that this person stored with this nonce."""
    return Message.objects.of_room(room_id).with_user().filter(user_id=user_id, nonce=nonce).first()


def speakers(user_ids: list[uuid.UUID], channel: Channel) -> list[Speaker | None]:
    """What the messages of each of these people in this channel carry; None for an account that is gone."""
    users = User.objects.filter(is_active=True).in_bulk(user_ids)
    roles = policies.roles_of(set(users), channel)
    return [
        _speaker(users[user_id], roles.get(user_id)) if user_id in users else None for user_id in user_ids
    ]


def badges_of(user: User, channel: Channel) -> tuple[str, ...]:
    """What stands before the name of this person in this channel."""
    return _badges(user, policies.role_of(user, channel))


def _speaker(user: User, role: Role | None) -> Speaker:
    author = author_payload(user)
    return Speaker(
        user_id=user.pk,
        brief={key: author[key] for key in ("id", "username", "displayName")},
        card=orjson.dumps(author),
        badges=_badges(user, role),
    )


def _badges(user: User, role: Role | None) -> tuple[str, ...]:
    held = [ROLE_BADGES[role]] if role in ROLE_BADGES else []
    if user.is_staff:
        held.append("staff")
    if user.is_verified:
        held.append("verified")
    return tuple(held)


def _lines(messages: list[Message]) -> list[Line]:
    return [Line(m.seq, m.pk, orjson.dumps(message_payload(m))) for m in messages]
