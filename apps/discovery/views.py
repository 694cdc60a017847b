"""Where people find something to watch: home, browse, categories, what they follow, and the rail beside."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.utils.safestring import SafeString
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from apps.core.viewers import viewer_id
from apps.streams import services as streams

from . import feeds, selectors
from .board import Board, board
from .categories import busiest, busy, tree
from .rails import rail_lists

ON_HOME = 12
FOLLOWED_ON_HOME = 8
CATEGORIES_ON_HOME = 9
TABS = [("viewers", "Most viewers"), ("trending", "Trending"), ("new", "New")]
RAIL_SECONDS = 20
# A list that is loaded again comes as long as it was, up to ten pages.
MOST_AT_ONCE = 10 * feeds.PAGE_SIZE


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    now, placed = board(), selectors.placed()
    hero = selectors.hero_of(now, placed.channels)
    viewer = streams.Viewer(request.user, viewer_id(request))
    if hero and viewer.is_banned_from(hero.broadcast.channel):
        hero = None
    followed = selectors.followed_by(request.user, now)
    context = {
        "board": now,
        "followed": followed,
        "hero": hero.broadcast if hero else None,
        "hero_url": streams.playback_url(broadcast=hero.broadcast, viewer=viewer) if hero else "",
        "banners": placed.banners,
        "followed_on_air": followed.on_air[:FOLLOWED_ON_HOME],
        "for_all": now.drawn("home", lambda: _home_for_all(now)),
    }
    return render(request, "discovery/home.html", context)


def _home_for_all(now: Board) -> SafeString:
    context = {
        "live_now": now.open_to_all[:ON_HOME],
        "has_more": len(now.open_to_all) > ON_HOME,
        "categories": busiest(tree().top, now)[:CATEGORIES_ON_HOME],
        "creators": [(each, each.pk in now.by_channel) for each in selectors.top_creators()],
    }
    return render_to_string("discovery/_home.html", context)


@require_safe
def browse(request: HttpRequest) -> HttpResponse:
    shelves = tree()
    wanted = feeds.wanted_from(request.GET, shelves)
    now = board()
    context = {
        "board": now,
        "tabs": TABS,
        "shelves": shelves.top,
        "languages": settings.LANGUAGES,
    }
    return _with_feed(request, wanted, now, "discovery/browse.html", context)


@require_safe
def categories(request: HttpRequest) -> HttpResponse:
    now = board()
    shelves = [(row, busiest(row.shelf.children, now)) for row in busiest(tree().top, now)]
    return render(request, "discovery/categories.html", {"board": now, "shelves": shelves})


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    wanted = feeds.wanted_from(request.GET, tree(), category=slug)
    assert wanted.category is not None
    now = board()
    context = {
        "board": now,
        "page_url": request.build_absolute_uri(request.path),
        "here": busy(wanted.category, now),
        "children": busiest(wanted.category.children, now),
    }
    return _with_feed(request, wanted, now, "discovery/category.html", context)


@require_safe
@login_required
def following(request: HttpRequest) -> HttpResponse:
    now = board()
    most = selectors.MOST_ON_THEIR_PAGE
    followed = selectors.followed_by(request.user, now, most=most, most_away=most)
    return render(request, "discovery/following.html", {"board": now, "followed": followed})


@require_safe
@cache_control(private=True, max_age=RAIL_SECONDS)
def rail(request: HttpRequest) -> HttpResponse:
    """The lists of the rail as they are now, for a script that puts them in place of older ones."""
    html = render_to_string("discovery/_rail.html", rail_lists(request.user, board()))
    response = HttpResponse(html)
    response["ETag"] = quote_etag(hashlib.blake2s(html.encode(), digest_size=12).hexdigest())
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _with_feed(
    request: HttpRequest, wanted: feeds.Wanted, now: Board, template: str, context: dict[str, Any]
) -> HttpResponse:
    """A page with an endless list, or with `?part=feed` only the list's next piece, for a script to add."""
    after = request.GET.get("after", "")
    page = feeds.page_of(wanted, now, after=after, size=_size(request))
    feed = {"page": page, "wanted": wanted, "is_first": not after}
    if request.GET.get("part") == "feed":
        return render(request, "discovery/_feed.html", feed)
    return render(request, template, context | feed)


def _size(request: HttpRequest) -> int:
    """As many as were shown before a page was loaded again, else a page of them."""
    shown = request.GET.get("shown", "")
    if "after" in request.GET or not (shown.isascii() and shown.isdigit() and len(shown) < 5):
        return feeds.PAGE_SIZE
    return max(feeds.PAGE_SIZE, min(int(shown), MOST_AT_ONCE))
