"""Who is watching: browsers, counted once each, over sockets and fetched media and over all processes; which
of them proved it by fetching; which people are in a channel's chat, and which are on the site at all, in the
same way.

A viewer id stands for a browser. Whoever sees it, a socket process or an ingest node, `touch`es it every few
seconds; it ages out LIFE seconds after the last touch, so a process that dies takes its viewers with it.
With REDIS_URL the ids are in Redis, without in this process's memory. All functions block for one or two
short round trips; a coroutine calls them in a thread. When Redis does not answer, counts are 0 and touches
are lost until the next: presence never stops anything else.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import NamedTuple, TypeVar

import redis
from django.conf import settings

from apps.core.realtime.redis import client

log = logging.getLogger(__name__)

# Touch at least every HEARTBEAT seconds.
HEARTBEAT = 5.0
LIFE = 15.0
# A reload leaves and comes back: nobody needs to see that.
LINGER = 2.0
UNIQUE_DAYS = 8
_BATCH = 1_000
_BROADCASTS_MOST = 200
_ONLINE = "online"
_EVERYWHERE = uuid.UUID(int=0)

T = TypeVar("T")


def touch(channel_id: uuid.UUID, viewer_ids: Iterable[str]) -> None:
    """These browsers watch the channel now."""
    ids = list(viewer_ids)
    if not ids:
        return
    if settings.REDIS_URL:
        _ask(lambda: _redis_touch(_watching(channel_id), ids), None)
    else:
        _here.touch(channel_id, ids, time.time() + LIFE)


def prove(channel_id: uuid.UUID, viewer_ids: Iterable[str]) -> None:
    """These browsers were given media of the channel just now: they watch, and nobody has to believe it."""
    ids = list(viewer_ids)
    touch(channel_id, ids)
    if ids and settings.REDIS_URL:
        _ask(lambda: _redis_touch(_proven(channel_id), ids), None)
    elif ids:
        _proven_here.touch(channel_id, ids, time.time() + LIFE)


def proven(channel_id: uuid.UUID) -> set[str]:
    """The browsers that fetch the channel's media now, for whatever is given for watching."""
    if not settings.REDIS_URL:
        return _proven_here.viewers(channel_id, time.time())
    return _ask(lambda: _redis_members(_proven(channel_id)), set())


def count_proven(channel_id: uuid.UUID) -> int:
    """How many those are."""
    if settings.REDIS_URL:
        return _ask(lambda: int(client().zcount(_proven(channel_id), time.time(), "+inf") or 0), 0)
    return len(_proven_here.viewers(channel_id, time.time()))


def leave(channel_id: uuid.UUID, viewer_ids: Iterable[str]) -> None:
    """These browsers closed their last socket here; one that is seen elsewhere is touched again soon."""
    ids = list(viewer_ids)
    if not ids:
        return
    if settings.REDIS_URL:
        until = time.time() + LINGER
        _ask(lambda: _redis_leave(_watching(channel_id), ids, until), None)
    else:
        _here.leave(channel_id, ids, time.time() + LINGER)


def count(channel_id: uuid.UUID) -> int:
    """How many browsers watch the channel now."""
    if settings.REDIS_URL:
        return _ask(lambda: int(client().zcount(_watching(channel_id), time.time(), "+inf") or 0), 0)
    return len(_here.viewers(channel_id, time.time()))


def meet(channel_id: uuid.UUID, people_ids: Iterable[str]) -> None:
    """These people are in the channel's chat now."""
    ids = list(people_ids)
    if not ids:
        return
    if settings.REDIS_URL:
        _ask(lambda: _redis_touch(_chatting(channel_id), ids), None)
    else:
        _chatting_here.touch(channel_id, ids, time.time() + LIFE)


def part(channel_id: uuid.UUID, people_ids: Iterable[str]) -> None:
    """These people closed their last socket here."""
    ids = list(people_ids)
    if not ids:
        return
    until = time.time() + LINGER
    if settings.REDIS_URL:
        _ask(lambda: _redis_leave(_chatting(channel_id), ids, until), None)
    else:
        _chatting_here.leave(channel_id, ids, until)


def people(channel_id: uuid.UUID) -> set[str]:
    """Who is in the channel's chat now."""
    if not settings.REDIS_URL:
        return _chatting_here.viewers(channel_id, time.time())
    return _ask(lambda: _redis_members(_chatting(channel_id)), set())


def count_people(channel_id: uuid.UUID) -> int:
    """How many people are in the channel's chat now."""
    if settings.REDIS_URL:
        return _ask(lambda: int(client().zcount(_chatting(channel_id), time.time(), "+inf") or 0), 0)
    return len(_chatting_here.viewers(channel_id, time.time()))


def see(people_ids: Iterable[str]) -> None:
    """These people have a page with a room open now, wherever that is."""
    ids = list(people_ids)
    if ids and settings.REDIS_URL:
        _ask(lambda: _redis_touch(_ONLINE, ids), None)
    elif ids:
        _online_here.touch(_EVERYWHERE, ids, time.time() + LIFE)


def online(people_ids: Iterable[str]) -> set[str]:
    """Which of these people are on the site now."""
    ids = list(people_ids)
    if not settings.REDIS_URL:
        return _online_here.viewers(_EVERYWHERE, time.time()) & set(ids)
    now = time.time()
    until: list[float | None] = _ask(lambda: client().zmscore(_ONLINE, ids), []) if ids else []
    return {one for one, life in zip(ids, until, strict=False) if life is not None and life > now}


class Seen(NamedTuple):
    """How many browsers watch a broadcast now, and how many did so far: exact in memory, within 1 % in Redis
    (HyperLogLog)."""

    watching: int
    unique: int


NOBODY = Seen(0, 0)


def remember(broadcasts: Mapping[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, Seen]:
    """Count whoever watches now among each broadcast's unique viewers. The keys are broadcasts, the values
    their channels; call it at least every LIFE seconds for all that are on air. Two round trips in all."""
    if settings.REDIS_URL:
        return _ask(lambda: _redis_remember(broadcasts), dict.fromkeys(broadcasts, NOBODY))
    return {pk: _here.remember(pk, channel_id, time.time()) for pk, channel_id in broadcasts.items()}


def _watching(channel_id: uuid.UUID) -> str:
    return f"watching:{channel_id.hex}"


def _proven(channel_id: uuid.UUID) -> str:
    return f"proven:{channel_id.hex}"


def _chatting(channel_id: uuid.UUID) -> str:
    return f"chatting:{channel_id.hex}"


def _watched(broadcast_id: uuid.UUID) -> str:
    return f"watched:{broadcast_id.hex}"


def _redis_touch(key: str, ids: list[str]) -> None:
    now = time.time()
    pipe = client().pipeline(transaction=False)
    for at in range(0, len(ids), _BATCH):
        pipe.zadd(key, dict.fromkeys(ids[at : at + _BATCH], now + LIFE))
    pipe.zremrangebyscore(key, "-inf", now)
    pipe.expire(key, int(LIFE) + 5)
    pipe.execute()


def _redis_members(key: str) -> set[str]:
    found = client().zrangebyscore(key, time.time(), "+inf")
    return {one.decode() if isinstance(one, bytes) else str(one) for one in found}


def _redis_leave(key: str, ids: list[str], until: float) -> None:
    """Shorten the lives of those who are there; XX: nobody is added, LT: nobody is given more."""
    client().zadd(key, dict.fromkeys(ids, until), xx=True, lt=True)


def _redis_remember(broadcasts: Mapping[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, Seen]:
    now = time.time()
    pipe = client().pipeline(transaction=False)
    for channel_id in broadcasts.values():
        pipe.zrangebyscore(_watching(channel_id), now, "+inf")
    found = dict(zip(broadcasts, pipe.execute(), strict=True))
    for pk, ids in found.items():
        for at in range(0, len(ids), _BATCH):
            pipe.pfadd(_watched(pk), *ids[at : at + _BATCH])
        pipe.expire(_watched(pk), UNIQUE_DAYS * 86_400)
        pipe.pfcount(_watched(pk))
    counts = iter(pipe.execute())
    seen = {}
    for pk, ids in found.items():
        # Of each broadcast the last answer is its number; those before it say nothing.
        *_, unique = islice(counts, -(-len(ids) // _BATCH) + 2)
        seen[pk] = Seen(len(ids), int(unique))
    return seen


def _ask(question: Callable[[], T], otherwise: T) -> T:
    try:
        return question()
    except redis.RedisError as error:
        log.warning("Redis does not answer about viewers: %s", error)
        return otherwise


class _Memory:
    """The same for one process; usable from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until: dict[uuid.UUID, dict[str, float]] = {}
        self._seen: dict[uuid.UUID, set[str]] = {}

    def touch(self, channel_id: uuid.UUID, ids: list[str], until: float) -> None:
        with self._lock:
            self._until.setdefault(channel_id, {}).update(dict.fromkeys(ids, until))

    def leave(self, channel_id: uuid.UUID, ids: list[str], until: float) -> None:
        with self._lock:
            held = self._until.get(channel_id, {})
            for viewer in ids:
                if viewer in held:
                    held[viewer] = min(held[viewer], until)

    def viewers(self, channel_id: uuid.UUID, now: float) -> set[str]:
        with self._lock:
            held = self._until.get(channel_id, {})
            for viewer in [viewer for viewer, until in held.items() if until <= now]:
                del held[viewer]
            if not held:
                self._until.pop(channel_id, None)
            return set(held)

    def remember(self, broadcast_id: uuid.UUID, channel_id: uuid.UUID, now: float) -> Seen:
        watching = self.viewers(channel_id, now)
        with self._lock:
            seen = self._seen.setdefault(broadcast_id, set())
            seen.update(watching)
            # Only running broadcasts are asked for: the oldest are over.
            while len(self._seen) > _BROADCASTS_MOST:
                del self._seen[next(iter(self._seen))]
            return Seen(len(watching), len(seen))


_here = _Memory()
_proven_here = _Memory()
_chatting_here = _Memory()
_online_here = _Memory()
