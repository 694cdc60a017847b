"""Browse and categories: what the filters leave, and lists that neither repeat nor leave out."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from django.test import Client

from apps.channels.models import Category, Channel
from apps.discovery import feeds
from apps.streams.models import Broadcast

from .conftest import on_air


def cards(page: str) -> list[str]:
    """The names of the channels on the cards, in their order."""
    return re.findall(r'<article class="stream-card".*?<p>([^<]*?)</p>', page, re.DOTALL)


def more(page: str) -> str:
    """Where the "More" link leads, "" without one."""
    found = re.search(r'href="([^"]*)" data-feed-more', page)
    return found[1].replace("&amp;", "&") if found else ""


def listed(client: Client, path: str) -> list[str]:
    return cards(client.get(path).content.decode())


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch, db: None) -> list[Broadcast]:
    """Nine streams where four fit on a page, the first the most watched."""
    monkeypatch.setattr(feeds, "PAGE_SIZE", 4)
    return [on_air(f"Place {number}", viewers=100 - number) for number in range(9)]


def test_the_most_watched_come_first_and_others_may_ask_otherwise(visitor: Client) -> None:
    for name, viewers, trend in (("First", 5, 30), ("Second", 50, 10), ("Third", 1, 20)):
        broadcast = on_air(name, viewers=viewers)
        Broadcast.objects.filter(pk=broadcast.pk).update(trend=trend)
    assert listed(visitor, "/discover") == ["Second", "First", "Third"]
    assert listed(visitor, "/discover?sort=trending") == ["First", "Third", "Second"]
    assert listed(visitor, "/discover?sort=new") == ["Third", "Second", "First"]


def test_filters_narrow_what_is_listed(visitor: Client) -> None:
    on_air("Turntables", category="djs", tags=["Ambient"], language="de")
    on_air("Piano", category="music", tags=["ambience"])
    late = on_air("Late place", category="gaming")
    Channel.objects.filter(pk=late.channel_id).update(is_mature=True)
    assert set(listed(visitor, "/discover?category=music")) == {"Turntables", "Piano"}
    assert listed(visitor, "/discover?category=djs") == ["Turntables"]
    assert listed(visitor, "/discover?tag=%23AMBIENT") == ["Turntables"]
    assert listed(visitor, "/discover?language=de") == ["Turntables"]
    assert listed(visitor, "/discover?category=gaming") == []
    assert listed(visitor, "/discover?category=gaming&mature=1") == ["Late place"]


def test_an_empty_list_says_what_to_do(visitor: Client) -> None:
    assert "Nobody is live at the moment" in visitor.get("/discover").content.decode()
    assert "Nobody is live with these filters" in visitor.get("/discover?tag=x").content.decode()
    assert "Nobody is live here" in visitor.get("/category/music").content.decode()


@pytest.mark.parametrize("path", ["/discover?sort=viewers", "/category/other?"])
def test_a_list_shows_everybody_once_although_numbers_change_meanwhile(
    path: str, visitor: Client, many: list[Broadcast]
) -> None:
    Broadcast.objects.update(category=Category.objects.get(slug="other"))
    seen, page = [], visitor.get(path).content.decode()
    for _ in range(5):
        seen += cards(page)
        for broadcast in many:
            Broadcast.objects.filter(pk=broadcast.pk).update(viewer_count=random.randrange(1000))
        if not (address := more(page)):
            break
        page = visitor.get(path.partition("?")[0] + address).content.decode()
    assert sorted(seen) == [f"Place {number}" for number in range(9)]


def test_who_has_ended_is_left_out_and_nobody_else(visitor: Client, many: list[Broadcast]) -> None:
    page = visitor.get("/discover").content.decode()
    Broadcast.objects.filter(pk=many[5].pk).update(status="ARCHIVED")
    Channel.objects.filter(pk=many[5].channel_id).update(is_live=False)
    page = visitor.get("/discover" + more(page)).content.decode()
    assert cards(page) == ["Place 4", "Place 6", "Place 7"]


def test_a_list_that_was_forgotten_goes_on_at_its_place(visitor: Client, many: list[Broadcast]) -> None:
    assert listed(visitor, "/discover?after=17.4") == ["Place 4", "Place 5", "Place 6", "Place 7"]


@pytest.mark.parametrize("cursor", ["x", "1", "1.-4", "1.99999", "٣.4", "1.4 or 1"])
def test_what_never_was_a_cursor_is_refused(cursor: str, visitor: Client) -> None:
    assert visitor.get("/discover", {"after": cursor}).status_code == 400


def test_a_script_gets_the_next_piece_alone_and_a_reload_all_that_was_shown(
    visitor: Client, many: list[Broadcast]
) -> None:
    piece = visitor.get("/discover" + more(visitor.get("/discover").content.decode()) + "&part=feed")
    text = piece.content.decode()
    assert cards(text) == ["Place 4", "Place 5", "Place 6", "Place 7"]
    assert "<html" not in text
    assert "part=" not in more(text)
    assert len(listed(visitor, "/discover?shown=8")) == 8
    assert len(listed(visitor, "/discover?shown=99999")) == 4


def test_hostile_filters_are_shown_as_text(visitor: Client) -> None:
    page = visitor.get("/discover", {"tag": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


@pytest.mark.parametrize(("path", "most"), [("/discover", 2), ("/categories", 2), ("/category/music", 2)])
@pytest.mark.parametrize("lives", [1, 20])
def test_lists_ask_the_database_as_often_for_one_stream_as_for_many(
    lives: int, path: str, most: int, visitor: Client, django_assert_num_queries: Any
) -> None:
    for number in range(lives):
        on_air(f"Place {number}", category="djs")
    with django_assert_num_queries(most):
        visitor.get(path)


def test_a_category_tells_how_busy_it_and_its_children_are(visitor: Client) -> None:
    on_air("Turntables", viewers=1200, category="djs")
    page = visitor.get("/category/music").content.decode()
    assert '<span class="number">1,200</span> watching · <span class="number">1</span> live' in page
    assert re.search(r'href="/category/djs">.*?DJs <span class="viewers">1.2k<', page, re.DOTALL)
    child = visitor.get("/category/djs").content.decode()
    assert 'href="/category/music">Music</a>' in child
    everything = visitor.get("/categories").content.decode()
    assert everything.index("/category/music") < everything.index("/category/just-chatting")
