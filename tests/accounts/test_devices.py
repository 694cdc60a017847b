"""Devices: what they are called, and the letter about a new one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.core.mail import EmailMessage
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.devices import device_in_words
from apps.accounts.models import User
from apps.core.addresses import prefix_of

from .conftest import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "
    "Safari/537.36 Edg/140.0.0.0"
)
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)
NEW = "A new device has signed in to your account"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (EDGE, "Edge on Windows"),
        (SAFARI, "Safari on an iPhone"),
        ("curl/8.1.2", "curl"),
        ("", "An unknown device"),
        ("\x00\x1b[31m", "An unknown device"),
        ("x" * 1000, "x" * 40),
    ],
)
def test_are_called_by_what_people_know(user_agent: str, words: str) -> None:
    assert device_in_words(user_agent) == words


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("nonsense", ""),
    ],
)
def test_of_an_address_its_network_is_told(address: str, prefix: str) -> None:
    assert prefix_of(address) == prefix


@pytest.fixture
def known_address(viewer: User) -> None:
    EmailAddress.objects.filter(user=viewer).update(verified=True)


@pytest.fixture
def told(posted: Callable[..., list[EmailMessage]]) -> Callable[..., list[EmailMessage]]:
    """The letters about a new device that signing in posts."""

    def told(browser: Client, login: str = "vera_1") -> list[EmailMessage]:
        return [letter for letter in posted(lambda: sign_in(browser, login)) if letter.subject == NEW]

    return told


def sign_in(browser: Client, login: str = "vera_1") -> None:
    assert browser.post("/auth/login", {"login": login, "password": PASSWORD}).status_code == 302


@pytest.mark.django_db
class TestTheLetter:
    def test_comes_once_for_each_device(self, viewer, known_address, told):
        browser = Client(HTTP_USER_AGENT=FIREFOX, REMOTE_ADDR="203.0.113.7")
        (letter,) = told(browser)
        assert letter.to == ["vera@example.org"]
        for words in ("@Vera_1", "Firefox on Linux", "203.0.113.0/24", "UTC", "/auth/sessions"):
            assert words in letter.body
        assert "203.0.113.7" not in letter.body and browser.session.session_key not in letter.body
        browser.post("/auth/logout")
        assert told(browser) == []
        assert len(told(Client())) == 1

    def test_does_not_come_at_sign_up(self, db, told, posted):
        browser = Client()
        form = {"username": "newcomer", "email": "new@example.org", "password1": PASSWORD}
        assert NEW not in [letter.subject for letter in posted(lambda: browser.post("/auth/register", form))]
        EmailAddress.objects.update(verified=True)
        browser.post("/auth/logout")
        assert told(browser, "newcomer") == []

    def test_is_not_sent_to_an_address_that_nobody_confirmed(self, viewer, told):
        assert told(Client()) == []

    def test_comes_for_an_app_too_and_an_app_may_be_known(self, viewer, known_address, posted):
        known = {"login": "vera_1", "password": PASSWORD}
        app, other = APIClient(), APIClient()
        counts = [
            len(posted(lambda app=each: app.post("/api/auth/login", known, format="json")))
            for each in (app, app, other)
        ]
        assert counts == [1, 0, 1]

    def test_is_not_kept_away_by_a_forged_cookie_or_one_of_somebody_else(
        self, viewer, stranger, known_address, told
    ):
        theirs = Client()
        sign_in(theirs, "stan")
        for cookie in ("forged", "", "é", theirs.cookies["device"].value):
            browser = Client()
            browser.cookies["device"] = cookie
            assert len(told(browser)) == 1

    def test_several_people_may_share_a_device(self, viewer, stranger, known_address, told):
        browser, letters = Client(), 0
        for login in ("vera_1", "stan", "vera_1"):
            letters += len(told(browser, login))
            browser.post("/auth/logout")
        assert letters == 1
        assert viewer.pk.hex not in browser.cookies["device"].value
        assert browser.cookies["device"]["httponly"]
