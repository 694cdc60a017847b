"""Keeping messages: one short transaction numbers and stores all that came to a room in a moment.

Two stores keep one contract: this module's, on Django's ORM, for every database and for callers in threads,
and `store_postgres`, for socket processes on PostgreSQL. Both lock the room's row, so whoever writes in
whichever process takes the next numbers, and numbers are visible in their order.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.core.errors import DomainError, NotFound, StoreUnavailable, Unavailable
from apps.core.realtime import database
from apps.streams.models import Broadcast

from .models import ChatRoom, Message
from .payloads import parent_payload

BATCH_MOST = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that is not stored yet; all of it was checked but `reply_to`."""

    id: uuid.UUID
    user_id: uuid.UUID
    content: str
    nonce: str
    badges: tuple[str, ...]
    reply_to: uuid.UUID | None = None
    kind: Message.Kind = Message.Kind.MESSAGE


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a draft ended up. Not `is_new`: its nonce was known, this is the message of then.

    A new answer has its `thread`, and what it answers as `parent_payload` tells it.
    """

    id: uuid.UUID
    seq: int
    is_new: bool
    thread: uuid.UUID | None = None
    parent: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of each draft, in their order, and what all new ones share."""

    outcomes: list[Receipt | DomainError]
    created_at: datetime
    broadcast_id: uuid.UUID | None


class Conflicting(Exception):
    """One draft of the batch can't be stored, such as one of a person whose account is gone, and none was."""


class Store(Protocol):
    """Appends to rooms from a coroutine."""

    async def append(self, room_id: uuid.UUID, drafts: Sequence[Draft]) -> Appended:
        """Store at most BATCH_MOST drafts, whose (user, nonce) differ, in one transaction.

        Raises Unavailable when the database does not answer; then nobody knows whether it was stored, and the
        same nonces tell. Raises NotFound when the room is gone and Conflicting when a draft spoils the batch.
        """

    async def close(self) -> None:
        """Give back what it holds open."""


def append(room_id: uuid.UUID, drafts: Sequence[Draft]) -> Appended:
    """`Store.append` for callers in threads."""
    try:
        with transaction.atomic():
            return _append(room_id, drafts)
    except IntegrityError as error:
        raise Conflicting from error
    except DatabaseError as error:
        raise unavailable() from error


def unavailable() -> Unavailable:
    return Unavailable(
        "The chat can't be reached at the moment. Try again.", code=StoreUnavailable.code, retry_after=2.0
    )


def room_is_gone() -> NotFound:
    return NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")


def reply_not_found() -> NotFound:
    return NotFound("The message you answer is not in this room.", code="REPLY_NOT_FOUND")


def _append(room_id: uuid.UUID, drafts: Sequence[Draft]) -> Appended:
    room = ChatRoom.objects.select_for_update().filter(pk=room_id).first()
    if room is None:
        raise room_is_gone()
    known = _already_stored(room_id, drafts)
    answered = _answered(room_id, drafts)
    created_at = timezone.now()
    broadcast_id = Broadcast.objects.on_air().filter(channel_id=room_id).values_list("pk", flat=True).first()
    outcomes: list[Receipt | DomainError] = []
    rows: list[Message] = []
    for draft in drafts:
        if receipt := known.get((draft.user_id, draft.nonce)):
            outcomes.append(receipt)
        elif draft.reply_to is not None and draft.reply_to not in answered:
            outcomes.append(reply_not_found())
        else:
            room.last_seq += 1
            parent = answered[draft.reply_to] if draft.reply_to else None
            thread = (parent.thread_id or parent.pk) if parent else None
            rows.append(
                Message(
                    id=draft.id,
                    room_id=room_id,
                    seq=room.last_seq,
                    user_id=draft.user_id,
                    kind=draft.kind,
                    content=draft.content,
                    nonce=draft.nonce,
                    badges=list(draft.badges),
                    reply_to_id=draft.reply_to,
                    thread_id=thread,
                    broadcast_id=broadcast_id,
                    created_at=created_at,
                )
            )
            told = parent_payload(parent, is_struck=parent.is_struck) if parent else None
            outcomes.append(Receipt(draft.id, room.last_seq, True, thread, told))
    Message.objects.bulk_create(rows)
    ChatRoom.objects.filter(pk=room_id).update(last_seq=room.last_seq)
    return Appended(outcomes, created_at, broadcast_id)


def _already_stored(
    room_id: uuid.UUID, drafts: Sequence[Draft]
) -> dict[tuple[uuid.UUID | None, str], Receipt]:
    found = Message.objects.of_room(room_id).filter(
        user_id__in={draft.user_id for draft in drafts}, nonce__in=[draft.nonce for draft in drafts]
    )
    return {
        (user_id, nonce): Receipt(pk, seq, False)
        for pk, seq, user_id, nonce in found.values_list("pk", "seq", "user_id", "nonce")
    }


def _answered(room_id: uuid.UUID, drafts: Sequence[Draft]) -> dict[uuid.UUID, Message]:
    """The messages of this room that a draft answers."""
    asked = {draft.reply_to for draft in drafts if draft.reply_to is not None}
    messages = Message.objects.of_room(room_id).select_related("user").with_strikes()
    return messages.in_bulk(asked) if asked else {}


class ThreadStore:
    """The ORM in one thread of its own: on SQLite writers take turns anyway."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="chat-store")

    async def append(self, room_id: uuid.UUID, drafts: Sequence[Draft]) -> Appended:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, database.run, append, room_id, drafts)

    async def close(self) -> None:
        self._thread.submit(connection.close)
        self._thread.shutdown(wait=True)


def store_maker() -> Callable[[], Store]:
    """What makes the store for this process's database, loaded."""
    if connection.vendor == "postgresql":
        from .store_postgres import PostgresStore

        return partial(PostgresStore, connection.settings_dict)
    return ThreadStore
