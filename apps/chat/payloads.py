"""A message as it is told: one shape in the API, in the history and live (spec: a chat message)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

from apps.accounts.models import User
from apps.accounts.payloads import person_payload
from apps.core.realtime.frames import iso
from apps.moderation.selectors import Standing

from .models import ChatRoom, Message

if TYPE_CHECKING:
    from .selectors import Speaker

# So much of a message stands above its answers.
QUOTED_MOST = 100

# Whoever has left the platform leaves numbered gaps in no conversation.
NOBODY = {
    "id": "",
    "username": "",
    "displayName": "Deleted account",
    "avatarUrl": "",
    "color": "",
    "verified": False,
}
BRIEF = ("id", "username", "displayName")
NOBODY_BRIEF = {key: NOBODY[key] for key in BRIEF}


def author_payload(user: User) -> dict[str, Any]:
    """Who speaks: the person's card with the colour of the name."""
    return {**person_payload(user), "color": user.color, "verified": user.is_verified}


def compose(
    *,
    id: uuid.UUID,
    seq: int,
    channel_id: uuid.UUID,
    broadcast_id: uuid.UUID | None,
    content: str,
    badges: Sequence[str],
    reply_to: uuid.UUID | None,
    created_at: datetime,
    user: Any,
    kind: str = Message.Kind.MESSAGE,
    thread: uuid.UUID | None = None,
    parent: dict[str, Any] | None = None,
    deleted_at: datetime | None = None,
) -> dict[str, Any]:
    """The payload. A deleted message keeps its place and tells no content."""
    told: dict[str, Any] = {
        "id": str(id),
        "seq": seq,
        "channelId": str(channel_id),
        "streamId": str(broadcast_id) if broadcast_id else None,
        "kind": str(kind),
        "content": "" if deleted_at else content,
        "badges": list(badges),
        "replyTo": str(reply_to) if reply_to else None,
        "thread": str(thread) if thread else None,
        "parent": parent,
        "createdAt": iso(created_at),
        "user": user,
    }
    if deleted_at:
        told["deletedAt"] = iso(deleted_at)
    return told


def message_payload(message: Message) -> dict[str, Any]:
    """A stored message, loaded `with_user`, as everybody reads it: a struck one without its content."""
    told = line_payload(message)
    return told | {"content": "", "struck": True} if message.is_struck else told


def moderated_payload(message: Message) -> dict[str, Any]:
    """The same as moderators read it: a struck one says that it is, and keeps its content."""
    told = line_payload(message)
    return told | {"struck": True} if message.is_struck else told


def line_payload(message: Message) -> dict[str, Any]:
    """The same as rooms keep it, which know by themselves who is kept out."""
    parent = message.reply_to
    return compose(
        id=message.pk,
        seq=message.seq,
        channel_id=message.room_id,
        broadcast_id=message.broadcast_id,
        content=message.content,
        badges=message.badges,
        reply_to=message.reply_to_id,
        created_at=message.created_at,
        user=author_payload(message.user) if message.user else NOBODY,
        kind=message.kind,
        thread=message.thread_id,
        parent=parent_payload(parent, is_struck=message.parent_is_struck) if parent else None,
        deleted_at=message.deleted_at,
    )


def parent_payload(message: Message, *, is_struck: bool) -> dict[str, Any]:
    """A message as it stands above its answers, with its `user` loaded."""
    is_readable = message.deleted_at is None and not is_struck
    author = author_payload(message.user) if message.user else NOBODY
    return {
        "id": str(message.pk),
        "user": {key: author[key] for key in BRIEF},
        "content": message.content[:QUOTED_MOST] if is_readable else "",
    }


def without_content(payload: bytes, deleted_at: str) -> bytes:
    """An encoded message as it is told after its removal at `deleted_at` (ISO 8601)."""
    return orjson.dumps(orjson.loads(payload) | {"content": "", "deletedAt": deleted_at})


def parent_of(payload: bytes) -> uuid.UUID | None:
    """The id of what an encoded message answers, None when it answers nothing."""
    # Most answer nothing: asked without decoding.
    return uuid.UUID(orjson.loads(payload)["parent"]["id"]) if b'"parent":{' in payload else None


def without_parent(payload: bytes) -> bytes:
    """An encoded answer as it is told when what it answers may not be read."""
    told = orjson.loads(payload)
    return orjson.dumps(told | {"parent": told["parent"] | {"content": ""}})


def settings_payload(room: ChatRoom, pinned: Message | None) -> dict[str, Any]:
    """`chat:settings`; `pinned` is what the room's pin shows, `room` has its `pinned_by` loaded."""
    by = author_payload(room.pinned_by) if pinned and room.pinned_by else None
    return {
        "slow": room.slow_seconds,
        "followersOnly": room.followers_only_minutes,
        "membersOnly": room.members_only,
        "emotesOnly": room.emotes_only,
        "unique": room.unique,
        "shield": room.shield_before is not None,
        "pinned": message_payload(pinned) if pinned else None,
        "pinnedBy": by and {key: by[key] for key in BRIEF},
    }


def you_payload(speaker: Speaker) -> dict[str, Any]:
    """`chat:you`: what a person may do in the room, and what keeps them from it."""
    standing = speaker.standing or Standing()
    warning = {"id": str(standing.warning_id), "text": standing.warning} if standing.warning_id else None
    return {
        "role": speaker.role.value if speaker.role else None,
        "powers": sorted(speaker.powers),
        "standing": {
            "banned": standing.banned,
            "until": iso(standing.until) if standing.until else None,
            "reason": standing.reason,
            "warning": warning,
            "unbanRequest": standing.plea,
        },
        "blocked": list(speaker.blocked),
    }
