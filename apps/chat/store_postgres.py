"""The store of socket processes on PostgreSQL: psycopg on the server's own loop, one round trip a batch.

The ORM would need a thread that shares the interpreter with the fan-out; this ceiling is half as high again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
import psycopg
from django.utils import timezone
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apps.accounts.models import User
from apps.moderation.models import Sanction
from apps.streams.models import Broadcast, Status

from .models import ChatRoom, Message
from .payloads import NOBODY_BRIEF, QUOTED_MOST
from .store import Appended, Conflicting, Draft, Receipt, reply_not_found, room_is_gone, unavailable

log = logging.getLogger(__name__)

# Each room writes one batch at a time; so many rooms write at once.
CONNECTIONS = 4
PATIENCE = 5.0
# A server that is away is asked so often. The pool by itself would wait twice as long each time, and sit out
# minutes after a long outage has ended.
ASK_AGAIN = 1.0

# A plan that was cached while the table was small reads all of it, a thousand times slower once it has grown.
_SETTINGS = {
    "statement_timeout": int(PATIENCE * 1000),
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
}
_ROOM = ChatRoom._meta.db_table
_MESSAGE = Message._meta.db_table
_BROADCAST = Broadcast._meta.db_table
_USER = User._meta.db_table
_SANCTION = Sanction._meta.db_table
# One parameter, and drafts as orjson writes them: to make seven arrays took psycopg longer than all the rest.
_DRAFTS = """ROWS FROM (json_to_recordset(%(drafts)s::json) AS (
    id uuid, user_id uuid, content text, nonce text, badges jsonb, reply_to uuid, kind text
)) WITH ORDINALITY AS draft (id, user_id, content, nonce, badges, reply_to, kind, place)"""

_LOCK = f"SELECT last_seq FROM {_ROOM} WHERE channel_id = %(room)s FOR UPDATE"  # noqa: S608

# A statement of its own after the lock: it sees what the holder before us committed. The questions about each
# draft are scalar, and below LATERAL with a LIMIT: the planner turns neither into a join, so each stays one
# look into a unique index. As a join a table without fresh statistics is read as a whole for every batch.
_INSERT = f"""
WITH fresh AS (
    SELECT draft.*, row_number() OVER (ORDER BY place) AS turn FROM {_DRAFTS}
    WHERE (
        SELECT known.id FROM {_MESSAGE} known
        WHERE known.room_id = %(room)s AND known.user_id = draft.user_id AND known.nonce = draft.nonce
    ) IS NULL AND (
        reply_to IS NULL
        OR (SELECT a.room_id FROM {_MESSAGE} a WHERE a.id = reply_to) = %(room)s
    )
), kept AS (
    INSERT INTO {_MESSAGE} (
        id, room_id, seq, user_id, kind, content, nonce, badges, reply_to_id, thread_id, broadcast_id,
        created_at
    )
    SELECT id, channel_id, last_seq + turn, user_id, kind, content, nonce, badges, reply_to,
        (SELECT coalesce(a.thread_id, a.id) FROM {_MESSAGE} a WHERE a.id = reply_to),
        (SELECT id FROM {_BROADCAST} WHERE channel_id = %(room)s AND status = ANY(%(on_air)s)), %(now)s
    FROM fresh, {_ROOM} WHERE channel_id = %(room)s
    RETURNING seq
)
UPDATE {_ROOM} SET last_seq = last_seq + (SELECT count(*) FROM kept)
WHERE channel_id = %(room)s AND EXISTS (SELECT FROM kept)
"""  # noqa: S608

_RECEIPTS = f"""
SELECT draft.place, stored.*, parent.* FROM {_DRAFTS}
CROSS JOIN LATERAL (
    SELECT m.id, m.seq, m.broadcast_id, m.thread_id FROM {_MESSAGE} m
    WHERE m.room_id = %(room)s AND m.user_id = draft.user_id AND m.nonce = draft.nonce LIMIT 1
) stored
LEFT JOIN LATERAL (
    SELECT a.id,
        CASE WHEN a.deleted_at IS NULL AND (
            SELECT s.id FROM {_SANCTION} s
            WHERE s.channel_id = a.room_id AND s.user_id = a.user_id AND s.kind IN ('timeout', 'ban')
                AND s.lifted_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > %(now)s)
        ) IS NULL THEN left(a.content, {QUOTED_MOST}) ELSE '' END,
        u.id, u.username, coalesce(nullif(u.display_name, ''), u.username)
    FROM {_MESSAGE} a LEFT JOIN {_USER} u ON u.id = a.user_id WHERE a.id = draft.reply_to LIMIT 1
) parent ON true
"""  # noqa: S608


class PostgresStore:
    """Implements `Store`. Connections open on first use and heal by themselves."""

    def __init__(self, database: Mapping[str, Any]) -> None:
        named = {
            "dbname": database["NAME"],
            "user": database["USER"],
            "password": database["PASSWORD"],
            "host": database["HOST"],
            "port": database["PORT"],
        }
        # What DATABASE_URL says behind its ?, such as sslmode=verify-full, holds here, too.
        given = dict(database["OPTIONS"])
        settings = [given.pop("options", ""), *(f"-c {name}={value}" for name, value in _SETTINGS.items())]
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] = AsyncConnectionPool(
            min_size=1,
            max_size=CONNECTIONS,
            timeout=PATIENCE,
            reconnect_timeout=ASK_AGAIN,
            reconnect_failed=AsyncConnectionPool.check,  # gives up this try and begins another
            open=False,
            kwargs={
                **given,
                **{name: value for name, value in named.items() if value},
                "autocommit": True,
                "application_name": "aethex-chat",
                "connect_timeout": int(PATIENCE),
                "options": " ".join(settings),
            },
        )
        self._opening = asyncio.Lock()

    async def append(self, room_id: uuid.UUID, drafts: Sequence[Draft]) -> Appended:
        try:
            return await self._append(room_id, drafts)
        except psycopg.IntegrityError as error:
            raise Conflicting from error
        except PoolTimeout as error:  # it was tried all the time
            raise unavailable() from error
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.warning("The chat's database does not answer: %s", error)
        # A server that restarted leaves dead connections behind. The nonces make a second try harmless.
        try:
            await self._pool.check()
            return await self._append(room_id, drafts)
        except (psycopg.Error, PoolTimeout, OSError, TimeoutError) as error:
            raise unavailable() from error

    async def close(self) -> None:
        await self._pool.close()

    async def plans(self, room_id: uuid.UUID, drafts: Sequence[Draft]) -> str:
        """How PostgreSQL would store these drafts (EXPLAIN); nothing is stored."""
        values = _values(room_id, drafts, timezone.now())
        async with self._connection() as connection:
            explained = [
                await connection.execute(f"EXPLAIN {query}", values) for query in (_INSERT, _RECEIPTS)
            ]
            return "\n".join([line for cursor in explained for (line,) in await cursor.fetchall()])

    async def _append(self, room_id: uuid.UUID, drafts: Sequence[Draft]) -> Appended:
        now = timezone.now()
        async with asyncio.timeout(2 * PATIENCE), self._connection() as connection:
            locked, receipts = await _transact(connection, _values(room_id, drafts, now))
        if not locked:
            raise room_is_gone()
        stored: list[Receipt | None] = [None] * len(drafts)
        broadcast_id = None
        for place, id, seq, of_broadcast, thread, *parent in receipts:
            is_new = id == drafts[place - 1].id
            stored[place - 1] = Receipt(id, seq, is_new, thread, _parent(*parent))
            broadcast_id = of_broadcast if is_new else broadcast_id
        return Appended([receipt or reply_not_found() for receipt in stored], now, broadcast_id)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        if self._pool.closed:
            async with self._opening:
                await self._pool.open()
        async with self._pool.connection() as connection:
            yield connection


def _values(room_id: uuid.UUID, drafts: Sequence[Draft], now: datetime) -> dict[str, Any]:
    return {
        "room": room_id,
        "now": now,
        "on_air": [Status.LIVE.value, Status.ENDING.value],
        "drafts": orjson.dumps(list(drafts)).decode(),
    }


def _parent(
    id: uuid.UUID | None, content: str, user_id: uuid.UUID | None, username: str, name: str
) -> dict[str, Any] | None:
    """What `parent_payload` tells of the row."""
    if id is None:
        return None
    user = {"id": str(user_id), "username": username, "displayName": name} if user_id else NOBODY_BRIEF
    return {"id": str(id), "user": user, "content": content}


async def _transact(
    connection: psycopg.AsyncConnection[Any], values: dict[str, Any]
) -> tuple[list[Any], list[Any]]:
    """Lock, number, insert, read the receipts, commit: sent at once, answered at once."""
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            locked = await connection.execute(_LOCK, values)
            await connection.execute(_INSERT, values)
            receipts = await connection.execute(_RECEIPTS, values)
            await connection.execute("COMMIT")
        return await locked.fetchall(), await receipts.fetchall()
    except psycopg.Error:
        with contextlib.suppress(psycopg.Error):
            await connection.rollback()
        raise
