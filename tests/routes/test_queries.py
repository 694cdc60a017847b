"""How many queries each page and each list of the API takes, with one row of everything and with twenty."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.channels.models import Channel

from .cast import Who
from .growth import grow
from .pins import PINS
from .rows import ROWS
from .scene import Scene, set_scene
from .test_matrix import forgotten

Counts = dict[str, tuple[int | None, int | None]]


def asked() -> list[str]:
    """Every page and answer that somebody gets for asking."""
    return [name for name, row in ROWS.items() if name.startswith("GET ") and 200 in row.outcomes]


def counted(scene: Scene) -> Counts:
    """For each of them the queries of a visitor, and of the channel's owner or a member; None: not let in.

    Nothing is in the cache before, as for the first who asks after a while.
    """
    return {name: (_count(scene, name, [Who.ANONYMOUS]), _count(scene, name, [Who.OWNER, Who.MEMBER]))
            for name in sorted(asked())}  # fmt: skip


def _count(scene: Scene, name: str, readers: list[Who]) -> int | None:
    row = ROWS[name]
    address = name.removeprefix("GET ")
    reader = next((who for who in readers if row.outcome(who) == 200), None)
    if reader is None:
        return None
    path = scene.address(address, row.at) + (f"?{row.query}" if row.query else "")
    with forgotten(), CaptureQueriesContext(connection) as queries:
        answer = scene.browsers[reader].get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return len(queries)


def _is_looping(few: tuple[int | None, ...], many: tuple[int | None, ...]) -> bool:
    """A part of a page that was empty before may take a query or three; one in a loop takes twenty."""
    return any(
        after is not None and after > (before or 0) + 3 for before, after in zip(few, many, strict=True)
    )


def _is_above(count: tuple[int | None, ...], pin: tuple[int | None, ...]) -> bool:
    return any(now is not None and (most is None or now > most) for now, most in zip(count, pin, strict=True))


@pytest.mark.django_db
def test_no_page_takes_more_queries_than_it_did_nor_more_with_more_rows(
    channel: Channel, unlimited: None
) -> None:
    scene = set_scene(channel)
    few = counted(scene)
    grow(scene)
    many = counted(scene)
    grown = [name for name in few if _is_looping(few[name], many[name])]
    assert not grown, f"more rows, more queries: {[(name, few[name], many[name]) for name in grown]}"
    more = {name: count for name, count in many.items() if _is_above(count, PINS.get(name, (None, None)))}
    assert not more, f"more than pinned in tests/routes/pins.py, (visitor, signed in): {more}"
    assert sorted(PINS.keys() - many.keys()) == [], "pins without a page"
