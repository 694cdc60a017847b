"""What pages say when something is not possible: what happened, and how to go on."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import path

from aethex.urls import *  # noqa: F403  the site's own addresses and handlers, and one that breaks
from aethex.urls import urlpatterns as site
from tests import factories

from .conftest import browser_of


def broken(request):
    raise ValueError("a bug")


urlpatterns = [path("broken", broken), *site]
pytestmark = pytest.mark.django_db


def test_an_address_of_nothing_leads_home(visitor: Client) -> None:
    answer = visitor.get("/no/such/page")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "<h1>Nothing here</h1>" in page
    assert 'href="/"' in page
    assert 'content="noindex"' in page


def test_who_may_not_learns_as_whom_and_what_to_do(visitor: Client) -> None:
    person = factories.person("vera")
    answer = browser_of(person).get("/design")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "<h1>Not for you</h1>" in page
    assert "You are signed in as @vera." in page
    assert "Use another account" in page
    assert visitor.get("/design").headers["Location"] == "/auth/login?next=/design"


def test_another_account_is_asked_for_the_same_page(visitor: Client) -> None:
    browser = browser_of(factories.person("vera"))
    answer = browser.post("/auth/logout", {"next": "/auth/login?next=/design"})
    assert answer.headers["Location"] == "/auth/login?next=/design"


def test_a_form_that_grew_old_says_so_to_who_is_signed_in() -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(factories.person("vera"))
    answer = browser.post("/settings")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "<h1>This page has grown old</h1>" in page
    assert "Use another account" not in page


def test_too_much_at_once_names_the_limit(visitor: Client) -> None:
    answer = visitor.post("/auth/login", {"login": "x" * 2_000_000})
    assert answer.status_code == 413
    assert "at most 1024 kB" in answer.content.decode()


@pytest.mark.urls(__name__)
def test_a_bug_says_nothing_of_itself() -> None:
    visitor = Client(raise_request_exception=False)
    answer = visitor.get("/broken")
    page = answer.content.decode()
    assert answer.status_code == 500
    assert "<h1>Something broke on our side</h1>" in page
    assert "a bug" not in page
