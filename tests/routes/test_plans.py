"""On PostgreSQL no page that many ask for reads a table whole that grows with the site.

The crowd here is small, and a table of some pages is quickest read whole. So the planner is told to avoid
that, and each plan is run: what counts is how many of a table's rows it touched, by whatever way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from aethex.crowd import Size, gather
from apps.accounts.models import User
from apps.channels.models import Channel, Follow
from apps.chat.models import Message
from apps.streams import services as streams
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast
from tests.pages.conftest import browser_of

pytestmark = pytest.mark.django_db

# Tables of some rows, whatever the size of the site.
SMALL = {"live_channels_category", "streams_node"}
# So many rows may be touched of any table; of one with more, at most this share.
FEW, SHARE = 150, 0.34


@dataclass(frozen=True)
class Reading:
    """What a step of a plan read of a table."""

    table: str
    step: str
    rows: float


def readings(plan: dict[str, Any]) -> Iterator[Reading]:
    for inner in plan.get("Plans", ()):
        yield from readings(inner)
    if "Relation Name" in plan:
        thrown = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        # A step in a loop tells the average of one turn.
        yield Reading(plan["Relation Name"], plan["Node Type"], plan["Actual Rows"] + thrown)


def whole_readings(deed: Callable[[], Any]) -> list[str]:
    """Every step of the deed's queries that read most of a large table, with its query."""
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        deed()
    assert len(queries), "nothing was asked"
    found = []
    with connection.cursor() as cursor:
        for query in queries:
            if not query["sql"].startswith("SELECT"):
                continue
            cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query["sql"].replace("%", "%%"), ())
            answer = cursor.fetchone()[0]
            plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
            found += [f"{each} in {query['sql'][:600]}" for each in readings(plan) if _is_whole(each)]
    return found


def _is_whole(reading: Reading) -> bool:
    if reading.table in SMALL or reading.rows <= FEW:
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [reading.table])
        return reading.rows > SHARE * cursor.fetchone()[0]


def test_hot_pages_touch_few_rows() -> None:
    if connection.vendor != "postgresql":
        assert connection.vendor == "sqlite"  # which has plans of another kind
        return
    gather(Size(people=2000, channels=600, live=60))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    slow = {name: found for name, deed in _hot().items() if (found := whole_readings(deed))}
    assert not slow


def _hot() -> dict[str, Callable[[], Any]]:
    """What a crowd does, as visitors and as the person who follows most."""
    on_air = Broadcast.objects.on_air().listed().filter(channel__is_mature=False).select_related("channel")
    channel: Channel = on_air.order_by("-viewer_count")[3].channel
    person: User = Follow.objects.filter(channel=channel)[0].user
    last = Message.objects.filter(room=channel.pk).order_by("-seq")[0]
    pages = [
        "/", "/discover", "/discover?sort=trending", "/discover?sort=new", "/discover?category=music",
        "/discover?tag=ambient", "/discover?language=de", "/category/gaming", "/categories", "/following",
        "/rail", f"/c/{channel.slug}", f"/c/{channel.slug}/about", f"/streams/{channel.slug}",
        f"/u/{person.username}", f"/api/channels/{channel.slug}", f"/api/channels/{channel.slug}/followers",
        f"/api/channels/{channel.slug}/messages?before={last.pk}", "/api/streams?status=live&sort=trending",
        "/api/streams?status=live&category=music", "/api/streams?status=live&tag=ambient", "/dashboard",
    ]  # fmt: skip
    visitor, signed_in = Client(), browser_of(person)
    hot: dict[str, Callable[[], Any]] = {}
    for path in pages:
        hot[path] = lambda path=path: _open(signed_in, path)
        if path not in ("/following", "/dashboard"):
            hot[f"{path}, visitor"] = lambda path=path: _open(visitor, path)
    owner = browser_of(channel.owner)
    hot["people by name"] = lambda: _open(owner, f"/dashboard/{channel.slug}/moderation/people?q=quiet_f")
    return hot | {"a key": _unknown_key}


def _open(browser: Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200, f"{path}: {answer.status_code}"


def _unknown_key() -> None:
    with pytest.raises(Refused):
        streams.claim_publish(
            key="live_unknown",
            session_id="s",
            node="n",
            address="127.0.0.1",
            silent_for=lambda stream_id: None,
        )
