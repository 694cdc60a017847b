"""Endless lists of what is on air: what may be asked for, and pages that neither repeat nor leave out.

Numbers of viewers change while somebody scrolls. So the order that a first page was cut from is remembered
for a quarter of an hour, and a cursor says which order and where in it: whoever was there when the list began
is shown once, wherever it would stand by now. What has ended meanwhile is left out, what has begun since is
found on a new first page.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import redis
from django.core.cache import cache

from apps.core.errors import Invalid

from .board import Board, OnAir
from .categories import Shelf, Tree

log = logging.getLogger(__name__)

PAGE_SIZE = 24
# All who begin a list within this time share its order.
ORDER_SECONDS = 10
ORDER_LIVES_SECONDS = 15 * 60
# Who has scrolled past so many begins anew.
MOST_IN_ORDER = 1000
ID_BYTES = 16
CURSOR = re.compile(r"([0-9]{1,12})\.([0-9]{1,4})", re.ASCII)

SORTS: dict[str, Callable[[OnAir], Any]] = {
    "viewers": lambda row: (row.broadcast.viewer_count, row.broadcast.pk),
    "trending": lambda row: (row.broadcast.trend, row.broadcast.viewer_count, row.broadcast.pk),
    "new": lambda row: (row.broadcast.started_at, row.broadcast.pk),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for: a sort, and filters that are None or "" where they don't matter.

    A category stands for its children, too. Tags and languages are compared as a whole, in any casing.
    """

    sort: str = "viewers"
    category: Shelf | None = None
    tag: str = ""
    language: str = ""
    mature: bool = False

    @property
    def is_filtered(self) -> bool:
        return bool(self.category or self.tag or self.language)

    @property
    def key(self) -> str:
        """A name for it, as short for hostile words as for others."""
        slug = self.category.category.slug if self.category else ""
        words = "\n".join((self.sort, slug, self.tag, self.language, str(self.mature)))
        return hashlib.blake2s(words.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def wanted_from(asked: Mapping[str, str], tree: Tree, *, sort: str = "", category: str = "") -> Wanted:
    """What a query string asks for; `sort` and `category` are fixed by the address where it names them.

    Raises Invalid that names a sort that there is not, and NotFound for an unheard-of category.
    """
    chosen = sort or asked.get("sort") or "viewers"
    if chosen not in SORTS:
        raise Invalid.field("sort", f"sort is one of {', '.join(sorted(SORTS))}.")
    slug = category or asked.get("category") or ""
    return Wanted(
        sort=chosen,
        category=tree.find(slug) if slug else None,
        tag=(asked.get("tag") or "").strip().removeprefix("#").lower(),
        language=(asked.get("language") or "").strip().lower(),
        mature=asked.get("mature") == "1",
    )


def matching(wanted: Wanted, now: Board) -> list[OnAir]:
    """All of it that is on the board, sorted."""
    rows = now.all if wanted.mature else now.open_to_all
    if wanted.category:
        rows = [row for row in rows if row.broadcast.category_id in wanted.category.ids]
    if wanted.tag:
        rows = [row for row in rows if any(tag.lower() == wanted.tag for tag in row.broadcast.tags)]
    if wanted.language:
        rows = [row for row in rows if row.broadcast.language.lower() == wanted.language]
    return sorted(rows, key=SORTS[wanted.sort], reverse=True)


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list, and the cursor of the next piece ("" at the end)."""

    rows: list[OnAir]
    next: str


def page_of(wanted: Wanted, now: Board, *, after: str = "", size: int = PAGE_SIZE) -> Page:
    """The `size` rows behind the cursor `after`, or the first ones.

    A cursor that has become too old goes on at its place in today's order. Raises Invalid for what never was
    a cursor.
    """
    slot, start = _parsed(after) if after else (0, 0)
    order = _remembered(slot, wanted) if after else None
    if order is None:
        slot, order = _new_order(wanted, now, size)
    end = min(start + size, len(order) // ID_BYTES)
    shown = (_id_at(order, place) for place in range(start, end))
    rows = [now.by_id[pk] for pk in shown if pk in now.by_id]
    return Page(rows, f"{slot}.{end}" if end < len(order) // ID_BYTES else "")


def _parsed(cursor: str) -> tuple[int, int]:
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid.field("after", "after is the cursor that the page before named.")
    return int(found[1]), int(found[2])


def _new_order(wanted: Wanted, now: Board, size: int) -> tuple[int, bytes]:
    """The order of now, and the name under which it is remembered; that of who was first counts for all."""
    slot = int(time.time()) // ORDER_SECONDS
    order = _remembered(slot, wanted)
    if order is None:
        order = b"".join(row.broadcast.pk.bytes for row in matching(wanted, now)[:MOST_IN_ORDER])
        # What fits on a page has no second one.
        if len(order) > size * ID_BYTES and not _remember(slot, wanted, order):
            order = _remembered(slot, wanted) or order
    return slot, order


def _id_at(order: bytes, place: int) -> uuid.UUID:
    return uuid.UUID(bytes=order[place * ID_BYTES : (place + 1) * ID_BYTES])


def _remembered(slot: int, wanted: Wanted) -> bytes | None:
    """The ids, one behind the other, and only those shown are unpacked."""
    try:
        return cache.get(_name(slot, wanted))
    except redis.RedisError as error:
        log.warning("Redis does not remember the order of lists: %s", error)
        return None


def _remember(slot: int, wanted: Wanted, order: bytes) -> bool:
    """Whether it was kept; not when somebody was quicker."""
    try:
        return bool(cache.add(_name(slot, wanted), order, ORDER_LIVES_SECONDS))
    except redis.RedisError:
        return True


def _name(slot: int, wanted: Wanted) -> str:
    return f"discovery:order:{slot}:{wanted.key}"
