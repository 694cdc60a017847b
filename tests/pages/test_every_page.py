"""The list of pages that pictures and tests walk over."""

from __future__ import annotations

from tests.routes.urls import all_routes
from tools.pages import APART, PAGES


def test_every_page_is_on_the_list() -> None:
    """A page that nobody photographs is a page that nobody looks at."""
    pages = {route.address for route in all_routes() if "GET" in route.methods and not route.is_api}
    listed = {page.route for page in PAGES}
    assert sorted(pages - listed - APART) == [], "pages without an entry in tools/pages.py"
    assert sorted((listed | APART) - pages - {"/nothing-here"}) == [], "entries without a page"
    assert not listed & APART


def test_no_two_pages_share_a_name() -> None:
    assert len({page.name for page in PAGES}) == len(PAGES)
