"""The rail beside pages: who stands in it, and what it costs to keep it fresh."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import follow_channel, schedule_broadcast, unschedule_broadcast
from apps.discovery.selectors import _back_at
from apps.streams.models import Broadcast, Status
from tests import factories
from tests.pages.conftest import browser_of

from .conftest import on_air


def rail_of(page: str) -> str:
    start = page.index('<nav class="rail"')
    return page[start : page.index("</nav>", start)]


def names(part: str) -> list[str]:
    return re.findall(r"<b>([^<]*)</b>", part)


def test_who_is_followed_stands_first_and_who_is_away_after_them(reader: User, browser: Client) -> None:
    on_air("Loud place", viewers=12)
    quiet, away = on_air("Quiet place"), factories.channel(name="Away place")
    for channel in (quiet.channel, away):
        follow_channel(actor=reader, channel=channel)
    rail = rail_of(browser.get("/c/quiet-place").content.decode())
    assert names(rail) == ["Quiet place", "Away place", "Loud place"]
    assert rail.index("<h2>Followed</h2>") < rail.index("Away place") < rail.index("<h2>Live now</h2>")
    assert "off air" in rail


def test_a_channel_that_is_away_says_when_it_was_last_seen(reader: User, browser: Client) -> None:
    broadcast = on_air("Away place")
    Broadcast.objects.filter(pk=broadcast.pk).update(
        status=Status.ARCHIVED, ended_at=timezone.now() - timedelta(days=3)
    )
    Channel.objects.filter(pk=broadcast.channel_id).update(is_live=False)
    follow_channel(actor=reader, channel=broadcast.channel)
    assert "live 3\xa0days ago" in rail_of(browser.get("/").content.decode())


def test_when_a_channel_is_back_is_asked_once_for_all_its_followers(
    kept: None, reader: User, browser: Client, monkeypatch: Any
) -> None:
    other = factories.person("other-reader")
    planned, idle = factories.channel(name="Planned place"), factories.channel(name="Idle place")
    tomorrow = timezone.now().date() + timedelta(days=1)
    plan = {"title": "Modular", "first_on": tomorrow, "start_time": time(18), "time_zone": "UTC"}
    scheduled = schedule_broadcast(actor=planned.owner, channel=planned, duration_minutes=60, **plan)
    for person in (reader, other):
        for channel in (planned, idle):
            follow_channel(actor=person, channel=channel)

    def shown(client: Client) -> tuple[bool, int]:
        with CaptureQueriesContext(connection) as queries:
            rail = rail_of(client.get("/discover").content.decode())
        return "18:00" in rail, sum("scheduledbroadcast" in each["sql"] for each in queries)

    assert [shown(browser), shown(browser), shown(browser_of(other))] == [(True, 1), (True, 0), (True, 0)]
    unschedule_broadcast(actor=planned.owner, scheduled=scheduled)
    monkeypatch.setattr(_back_at, "_seconds", 0.0)
    assert shown(browser) == (False, 1)


def test_only_the_open_channels_place_follows_its_stream(visitor: Client) -> None:
    on_air("Night shift")
    on_air("Loud place")
    rail = rail_of(visitor.get("/streams/night-shift").content.decode())
    assert rail.count("data-viewers") == rail.count('<li data-while="live">') == 1
    assert rail.count('aria-current="page"') == 1


def test_a_page_asks_for_fresh_lists_and_gets_nothing_where_nothing_changed(
    visitor: Client, reader: User, browser: Client
) -> None:
    broadcast = on_air("Loud place")
    first = visitor.get("/rail")
    assert names(first.content.decode()) == ["Loud place"]
    assert first["Cache-Control"] == "private, max-age=20"
    again = visitor.get("/rail", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    Broadcast.objects.filter(pk=broadcast.pk).update(viewer_count=5)
    assert visitor.get("/rail", HTTP_IF_NONE_MATCH=first["ETag"]).status_code == 200
    follow_channel(actor=reader, channel=broadcast.channel)
    assert "<h2>Followed</h2>" in browser.get("/rail").content.decode()


def test_ten_thousand_open_pages_of_visitors_ask_the_database_nothing(
    kept: None, visitor: Client, django_assert_num_queries: Any
) -> None:
    on_air("Loud place")
    visitor.get("/rail")
    with django_assert_num_queries(0):
        visitor.get("/rail")


def test_a_person_costs_one_query_besides_who_they_are(
    kept: None, reader: User, browser: Client, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        follow_channel(actor=reader, channel=on_air(f"Place {number}").channel)
    browser.get("/rail")
    with django_assert_num_queries(3):
        browser.get("/rail")
