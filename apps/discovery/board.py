"""The board: all that is on air and may stand in lists, read once for everybody."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable
from functools import cached_property
from typing import NamedTuple

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.channels.models import Channel
from apps.streams.models import Broadcast

from .kept import Kept

# Who goes live is listed within this time, and numbers of viewers are as old.
BOARD_SECONDS = 2.0
# More than this at once, and only the most watched are listed.
MOST_ON_BOARD = 5000
# Long or unneeded in lists.
UNREAD = ["video", "channel__description", "channel__suspension_reason", "channel__next_title"]


class OnAir:
    """A broadcast on the board and how lists show it, which is drawn once and not for each who looks."""

    def __init__(self, broadcast: Broadcast) -> None:
        self.broadcast = broadcast

    @property
    def channel(self) -> Channel:
        return self.broadcast.channel

    @cached_property
    def card(self) -> SafeString:
        return render_to_string("components/stream_card.html", {"broadcast": self.broadcast})

    @cached_property
    def rail_item(self) -> SafeString:
        return render_to_string("components/rail_item.html", {"broadcast": self.broadcast})


class Numbers(NamedTuple):
    """How many broadcasts are on air, and how many people watch them."""

    live: int = 0
    watching: int = 0


class Board:
    """What was on air at one moment, the most watched first."""

    def __init__(self, broadcasts: list[Broadcast]) -> None:
        self.all = [OnAir(broadcast) for broadcast in broadcasts]
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


def _read() -> Board:
    rows = (
        Broadcast.objects.showing()
        .select_related("channel", "category")
        .defer(*UNREAD)
        .order_by("-viewer_count", "-id")
    )
    return Board(list(rows[:MOST_ON_BOARD]))


_board = Kept(_read, seconds=BOARD_SECONDS)


def board() -> Board:
    """What is on air now, or was up to BOARD_SECONDS ago."""
    return _board.get()
