"""Staff come in through the site's own sign-in, with a second factor where it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.moderation import services as moderation
from tests import factories
from tests.accounts.conftest import app_code
from tests.pages.conftest import browser_of

pytestmark = pytest.mark.django_db
LOGIN = {"login": "boss", "password": factories.PASSWORD}


def test_a_password_alone_does_not_do(settings, boss: User) -> None:
    settings.STAFF_SECOND_FACTOR = True
    browser = Client()
    browser.post("/auth/login", LOGIN)
    answer = browser.get("/admin/accounts/user/", follow=True)
    assert answer.status_code == 403
    assert "Set it up" in answer.content.decode()
    browser.post("/admin/accounts/user/", {"action": "suspend"})
    assert browser.get("/admin/").status_code == 302


def test_with_the_second_factor_it_opens_and_leads_on(settings, boss: User) -> None:
    settings.STAFF_SECOND_FACTOR = True
    secret = generate_totp_secret()
    TOTP.activate(boss, secret)
    browser = Client()
    assert browser.get("/admin/accounts/user/").url.startswith("/admin/login/")
    door = browser.get("/admin/login/?next=/admin/accounts/user/")
    assert door.url == "/auth/login?next=/admin/accounts/user/"
    browser.post("/auth/login", LOGIN)
    browser.post("/auth/2fa/authenticate/", {"code": app_code(secret)})
    assert browser.get("/admin/accounts/user/").status_code == 200
    assert browser.get("/admin/login/?next=/admin/accounts/user/").url == "/admin/accounts/user/"
    assert browser.get("/admin/login/?next=https://example.org/admin/").url == "/admin/"


def test_a_session_without_the_factor_is_asked_for_it(settings, boss: User) -> None:
    settings.STAFF_SECOND_FACTOR = True
    browser = Client()
    browser.post("/auth/login", LOGIN)
    TOTP.activate(boss, generate_totp_secret())
    page = browser.get("/admin/", follow=True)
    assert page.status_code == 403
    assert "/auth/2fa/reauthenticate/?next=/admin/" in page.content.decode()


def test_the_page_says_so_where_one_factor_suffices(settings, desk: Client) -> None:
    assert "STAFF_SECOND_FACTOR is off" in desk.get("/admin/").content.decode()


def test_others_are_turned_away_and_strangers_asked_to_sign_in(stranger: User) -> None:
    assert Client().get("/admin/login/").url == "/auth/login?next=/admin/"
    assert browser_of(stranger).get("/admin/login/").status_code == 403


def test_production_asks_for_it() -> None:
    prod = (Path(__file__).parents[2] / "aethex/settings/prod.py").read_text()
    assert 'STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=True)' in prod


def test_the_first_page_shows_what_waits_with_few_questions(
    desk: Client, channel: Channel, stranger: User, staff_with, django_assert_num_queries
) -> None:
    factories.live(channel)
    for _ in range(3):
        other = factories.channel(channel.owner)
        moderation.report(actor=stranger, kind="channel", subject_id=other.pk, reason="hate")
    desk.get("/admin/")
    with django_assert_num_queries(7):
        page = desk.get("/admin/").content.decode()
    assert "reports about channels wait for you</a></dt><dd>3</dd>" in page
    assert "channels are live</a></dt><dd>1</dd>" in page
    assert "people are new today</a></dt><dd>3</dd>" in page
    small = browser_of(staff_with("live_channels.view_channel")).get("/admin/").content.decode()
    assert "channels are live" in small
    assert "people are new" not in small
