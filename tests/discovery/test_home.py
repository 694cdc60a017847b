"""Home: what it says in each state, and how much it asks the database."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.channels.services import follow_channel
from apps.discovery.board import _board
from apps.streams.models import Broadcast
from tests import factories

from .conftest import on_air


def section(page: str, name: str) -> str:
    """The part of a page whose heading has this id."""
    start = page.index(f'aria-labelledby="{name}"')
    return page[start : page.index("</section>", start)]


def titles(part: str) -> list[str]:
    return re.findall(r'<article class="stream-card".*?<p>([^<]*?)</p>', part, re.DOTALL)


def test_a_visitor_is_told_what_this_is_and_how_to_start_while_nobody_is_live(visitor: Client) -> None:
    page = visitor.get("/").content.decode()
    assert "Live, about a second behind the camera" in page
    assert "Nobody is live at the moment" in page
    assert 'href="/dashboard"' in page
    assert 'href="/auth/register"' in page
    assert "Top creators" not in page


def test_who_is_signed_in_is_not_welcomed(browser: Client) -> None:
    page = browser.get("/").content.decode()
    assert "Live, about a second behind the camera" not in page
    assert '<h1 class="visually-hidden">Home</h1>' in page


def test_the_most_watched_stream_plays_and_all_are_listed(visitor: Client) -> None:
    quiet, busy = on_air("Quiet place"), on_air("Loud place", viewers=12)
    page = visitor.get("/").content.decode()
    assert titles(section(page, "live-now")) == ["Loud place", "Quiet place"]
    assert f'data-stream-id="{busy.pk}"' in page
    assert f'data-stream-id="{quiet.pk}"' not in page
    hero = page[page.index('<section class="hero"') : page.index('id="live-now"')]
    assert re.search(r"^<section [^>]*data-channel>", hero)  # its numbers follow the stream's own
    assert {"data-viewers", "data-title", "data-while"} <= set(re.findall(r"data-[a-z]+", hero))


def test_what_is_mature_unlisted_or_suspended_is_not_on_home(visitor: Client) -> None:
    mature, unlisted, suspended = (
        on_air(name, viewers=50) for name in ("Late place", "Hidden place", "Closed place")
    )
    Channel.objects.filter(pk=mature.channel_id).update(is_mature=True)
    Channel.objects.filter(pk=unlisted.channel_id).update(visibility="unlisted")
    Channel.objects.filter(pk=suspended.channel_id).update(suspended_at=timezone.now())
    on_air("Open place")
    page = visitor.get("/").content.decode()
    assert titles(page) == ["Open place"]
    for name in ("Late place", "Hidden place", "Closed place"):
        assert name not in page


def test_who_follows_finds_what_is_live_of_it_first(reader: User, browser: Client) -> None:
    followed, mature = on_air("Followed place"), on_air("Late place", viewers=3)
    on_air("Loud place", viewers=12)
    Channel.objects.filter(pk=mature.channel_id).update(is_mature=True)
    for broadcast in (followed, mature):
        follow_channel(actor=reader, channel=broadcast.channel)
    page = browser.get("/").content.decode()
    assert titles(section(page, "followed")) == ["Late place", "Followed place"]
    assert "Late place" not in section(page, "live-now")


def test_busy_categories_come_first_and_count_their_children(visitor: Client) -> None:
    on_air("Blues", viewers=3, category="music")
    on_air("Turntables", viewers=1200, category="djs")
    page = section(visitor.get("/").content.decode(), "categories")
    first = page[page.index("<li>") : page.index("</li>")]
    assert 'href="/category/music"' in first
    assert '<span class="number">1.2k</span> watching' in first
    assert "/category/djs" not in page


def test_creators_need_followers_and_hours(visitor: Client) -> None:
    """The rule is in apps.discovery.selectors.top_creators."""
    now = timezone.now()
    for name, followers, days_ago, hours in (
        ("Busy and known", 100, 1, 8),
        ("Known", 1000, 60, 8),
        ("Busy", 5, 1, 40),
        ("Seldom", 90, 2, 1),
    ):
        channel = factories.channel(name=name)
        Channel.objects.filter(pk=channel.pk).update(follower_count=followers)
        began = now - timedelta(days=days_ago, hours=hours)
        Broadcast.objects.create(
            channel=channel,
            title=name,
            status="ARCHIVED",
            started_at=began,
            ended_at=began + timedelta(hours=hours),
        )
    part = section(visitor.get("/").content.decode(), "creators")
    assert re.findall(r"<b>([^<]*)</b>", part) == ["Busy and known", "Seldom", "Busy"]


@pytest.mark.parametrize(
    "change", [{"suspended_at": timezone.now()}, {"visibility": "unlisted"}, {"is_mature": True}]
)
def test_a_creator_who_may_not_stand_on_home_any_more_is_gone_with_the_next_board(
    change: dict[str, Any], kept: None, visitor: Client
) -> None:
    leaves = on_air("Leaving place").channel
    on_air("Open place")
    part = section(visitor.get("/").content.decode(), "creators")
    assert set(re.findall(r"<b>([^<]*)</b>", part)) == {"Leaving place", "Open place"}
    Channel.objects.filter(pk=leaves.pk).update(**change)
    _board.forget()  # as it is after BOARD_SECONDS
    part = section(visitor.get("/").content.decode(), "creators")
    assert re.findall(r"<b>([^<]*)</b>", part) == ["Open place"]


@pytest.mark.parametrize("lives", [1, 5])
def test_home_asks_the_database_as_often_for_one_stream_as_for_many(
    lives: int, visitor: Client, django_assert_num_queries: Any
) -> None:
    for number in range(lives):
        on_air(f"Channel of {number}", category="music")
    # The board, the tree of categories, what staff placed (two), and of creators who is followed, who was on
    # air, and who of the chosen may stand there now.
    with django_assert_num_queries(7):
        visitor.get("/")


@pytest.mark.parametrize("follows", [0, 5])
def test_home_of_a_person_asks_for_them_their_session_follows_and_bans_besides(
    follows: int, reader: User, browser: Client, django_assert_num_queries: Any
) -> None:
    on_air("Loud place")
    for number in range(follows):
        follow_channel(actor=reader, channel=on_air(f"Channel of {number}").channel)
    browser.get("/")
    with django_assert_num_queries(11):
        browser.get("/")


def test_a_crowd_shares_what_it_looks_at(kept: None, visitor: Client, django_assert_num_queries: Any) -> None:
    on_air("Loud place")
    visitor.get("/")
    with django_assert_num_queries(0):
        visitor.get("/")
