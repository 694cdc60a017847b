"""The board: all that is on air and may stand in lists, read once for everybody."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Model
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.channels.models import Category, Channel
from apps.core.kept import Kept
from apps.streams.models import Broadcast

# Who goes live is listed within this time, and numbers of viewers are as old.
BOARD_SECONDS = 2.0
# More than this at once, and only the most watched are listed.
MOST_ON_BOARD = 5000


def _columns(model: type[Model], *names: str) -> list[str]:
    """These columns in the model's own order, which `from_db` wants."""
    return [str(field.attname) for field in model._meta.concrete_fields if field.attname in names]


# What lists and the API show. Nothing else is read: a node's reports change rows every second.
OF_BROADCAST = _columns(
    Broadcast, "id", "channel_id", "title", "description", "category_id", "tags", "language", "status",
    "viewer_count", "peak_viewers", "trend", "media_base", "provider", "playback_id", "picture",
    "scheduled_at", "started_at", "ends_at", "ended_at",
)  # fmt: skip
OF_CHANNEL = _columns(
    Channel, "id", "slug", "name", "avatar", "banner", "is_mature", "is_verified", "suspended_at"
)
OF_CATEGORY = _columns(Category, "id", "slug", "name")
COLUMNS = [
    *OF_BROADCAST,
    *(f"channel__{name}" for name in OF_CHANNEL),
    *(f"category__{name}" for name in OF_CATEGORY),
]


class OnAir:
    """A broadcast on the board and how lists show it, which is drawn once and not for each who looks.

    `row` are its COLUMNS; what is none of these is read when somebody asks for it.
    """

    def __init__(self, row: tuple[Any, ...]) -> None:
        self.row = row
        channel_at = len(OF_BROADCAST)
        category_at = channel_at + len(OF_CHANNEL)
        self.broadcast = Broadcast.from_db(None, OF_BROADCAST, row[:channel_at])
        self.broadcast.channel = Channel.from_db(None, OF_CHANNEL, row[channel_at:category_at])
        if self.broadcast.category_id is not None:
            self.broadcast.category = Category.from_db(None, OF_CATEGORY, row[category_at:])

    @property
    def channel(self) -> Channel:
        return self.broadcast.channel

    @cached_property
    def card(self) -> SafeString:
        return _card(self.broadcast)

    @cached_property
    def rail_item(self) -> SafeString:
        return render_to_string("components/rail_item.html", {"broadcast": self.broadcast})


class Numbers(NamedTuple):
    """How many broadcasts are on air, and how many people watch them."""

    live: int = 0
    watching: int = 0


class Board:
    """What was on air at one moment, the most watched first."""

    def __init__(self, all_on_air: list[OnAir]) -> None:
        self.all = all_on_air
        self._pieces: dict[str, SafeString] = {}

    def drawn(self, name: str, draw: Callable[[], SafeString]) -> SafeString:
        """A piece of a page that is the same for everybody: what `draw` returned first."""
        if name not in self._pieces:
            self._pieces[name] = draw()
        return self._pieces[name]

    @cached_property
    def open_to_all(self) -> list[OnAir]:
        """What is shown to who has not asked for a mature audience's channels."""
        return [row for row in self.all if not row.channel.is_mature]

    @cached_property
    def by_id(self) -> dict[uuid.UUID, OnAir]:
        return {row.broadcast.pk: row for row in self.all}

    @cached_property
    def by_channel(self) -> dict[uuid.UUID, OnAir]:
        return {row.broadcast.channel_id: row for row in self.all}

    @cached_property
    def by_category(self) -> dict[int, Numbers]:
        """Of each category by its id, without its children's."""
        counted: dict[int, Numbers] = defaultdict(Numbers)
        for row in self.open_to_all:
            if (category := row.broadcast.category_id) is not None:
                live, watching = counted[category]
                counted[category] = Numbers(live + 1, watching + row.broadcast.viewer_count)
        return counted


def _read(before: Board | None) -> Board:
    """A broadcast of which nothing has changed since `before` stays as it was drawn."""
    known = before.by_id if before else {}
    showing = Broadcast.objects.showing().order_by("-viewer_count", "-id")
    rows = showing.values_list(*COLUMNS)[:MOST_ON_BOARD]
    id_at = COLUMNS.index("id")

    def on_air(row: tuple[Any, ...]) -> OnAir:
        old = known.get(row[id_at])
        return old if old is not None and old.row == row else OnAir(row)

    return Board([on_air(row) for row in rows])


_board = Kept(_read, seconds=BOARD_SECONDS)


def board() -> Board:
    """What is on air now, or was up to BOARD_SECONDS ago."""
    return _board.get()


def on_air_card(channel: Channel, now: Board) -> SafeString | None:
    """The card of what the channel has on air at this moment, None when that is nothing. What the board does
    not list, such as an unlisted channel's, is read."""
    if not channel.is_live:
        return None
    if (row := now.by_channel.get(channel.pk)) is not None:
        return row.card
    broadcast = channel.broadcasts.on_air().select_related("category").first()
    return _card(broadcast) if broadcast else None


def _card(broadcast: Broadcast) -> SafeString:
    return render_to_string("components/stream_card.html", {"broadcast": broadcast})
