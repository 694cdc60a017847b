"""The rail at the side of pages: whom the reader follows, and who else is on air."""

from __future__ import annotations

from itertools import islice
from typing import Any

from apps.accounts.models import Actor

from .board import Board
from .selectors import MOST_AWAY, Followed, followed_by

IN_RAIL = 12


def rail_lists(user: Actor, now: Board, followed: Followed | None = None) -> dict[str, Any]:
    """What the rail lists: of all on air at most IN_RAIL, those that the reader follows first."""
    followed = followed if followed is not None else followed_by(user, now)
    mine = followed.on_air[:IN_RAIL]
    known = {row.broadcast.pk for row in followed.on_air}
    others = (row for row in now.open_to_all if row.broadcast.pk not in known)
    return {
        "on_air": mine,
        "away": followed.away[:MOST_AWAY],
        "others": list(islice(others, IN_RAIL - len(mine))),
    }
