"""A message as it is told: one shape in the API, in the history and live (spec: a chat message)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from apps.accounts.models import User
from apps.accounts.payloads import person_payload

from .models import Message

# Whoever has left the platform leaves numbered gaps in no conversation.
NOBODY = {
    "id": "",
    "username": "",
    "displayName": "Deleted account",
    "avatarUrl": "",
    "color": "",
    "verified": False,
}


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
    deleted_at: datetime | None = None,
) -> dict[str, Any]:
    """The payload. A deleted message keeps its place and tells no content."""
    told: dict[str, Any] = {
        "id": str(id),
        "seq": seq,
        "channelId": str(channel_id),
        "streamId": str(broadcast_id) if broadcast_id else None,
        "content": "" if deleted_at else content,
        "badges": list(badges),
        "replyTo": str(reply_to) if reply_to else None,
        "createdAt": iso(created_at),
        "user": user,
    }
    if deleted_at:
        told["deletedAt"] = iso(deleted_at)
    return told


def message_payload(message: Message) -> dict[str, Any]:
    """A stored message, with its `user` loaded."""
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
        deleted_at=message.deleted_at,
    )


def without_content(payload: bytes, deleted_at: str) -> bytes:
    """An encoded message as it is told after its removal at `deleted_at` (ISO 8601)."""
    return orjson.dumps(orjson.loads(payload) | {"content": "", "deletedAt": deleted_at})


def iso(moment: datetime) -> str:
    """UTC with milliseconds and Z, like the timestamp of frames."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
