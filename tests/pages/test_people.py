"""Signing up to the first channel, a person's settings, and how pages look."""

from __future__ import annotations

import html
from datetime import UTC, datetime

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.channels.models import Channel
from tests import factories
from tests.pages.conftest import browser_of


@pytest.fixture
def newcomer(db: None) -> User:
    return factories.person("newcomer")


def test_a_newcomer_comes_from_sign_up_to_a_channel(visitor: Client) -> None:
    joined = visitor.post(
        "/auth/register",
        {"username": "newcomer", "email": "newcomer@example.org", "password1": "a long password 17"},
    )
    assert joined.headers["Location"] == "/onboarding"
    introduced = visitor.post(
        "/onboarding", {"username": "new_comer", "display_name": "New Comer", "bio": "Hello."}
    )
    assert introduced.headers["Location"] == "/onboarding/channel"
    created = visitor.post("/onboarding/channel", {"name": "Comer's corner"})
    assert created.headers["Location"] == "/dashboard/comer-s-corner"
    user = User.objects.get()
    assert (user.username, user.display_name, user.is_onboarded) == ("new_comer", "New Comer", True)


def test_onboarding_can_be_skipped_and_is_asked_once(newcomer: User) -> None:
    browser = browser_of(newcomer)
    assert browser.post("/onboarding/skip").headers["Location"] == "/"
    assert browser.get("/onboarding").headers["Location"] == "/dashboard/new"


def test_a_taken_name_is_refused_at_its_field_and_the_rest_stays(newcomer: User) -> None:
    factories.person("somebody_else")
    answer = browser_of(newcomer).post(
        "/onboarding", {"username": "Somebody_Else", "display_name": "Me", "bio": "Keep me"}
    )
    page = html.unescape(answer.content.decode())
    assert answer.status_code == 422
    assert 'id="id_username_error"' in page
    assert "already taken" in page
    assert "Keep me" in page


def test_settings_are_saved_and_shown(newcomer: User) -> None:
    browser = browser_of(newcomer)
    settings = {
        "display_name": "Renamed",
        "bio": "",
        "color": "#4670e0",
        "theme": "light",
        "language": "de",
        "time_zone": "Europe/Berlin",
    }
    assert browser.post("/settings", settings).status_code == 302
    page = browser.get("/settings").content.decode()
    assert 'data-theme="light"' in page
    assert 'value="Renamed"' in page
    newcomer.refresh_from_db()
    assert (newcomer.color, newcomer.time_zone) == ("#4670e0", "Europe/Berlin")


def test_a_refused_setting_changes_nothing(newcomer: User) -> None:
    answer = browser_of(newcomer).post("/settings", {"display_name": "x" * 41, "theme": "neon"})
    assert answer.status_code == 422
    assert answer.content.decode().count('aria-invalid="true"') >= 2
    newcomer.refresh_from_db()
    assert newcomer.display_name == ""


def test_a_visitors_theme_lives_in_their_browser(visitor: Client) -> None:
    assert "data-theme" not in visitor.get("/").content.decode().split(">", 2)[1]
    visitor.post("/theme", {"theme": "dark", "next": "/"})
    assert 'data-theme="dark"' in visitor.get("/").content.decode()
    visitor.post("/theme", {"theme": "neon"})
    assert 'data-theme="dark"' in visitor.get("/").content.decode()
    visitor.cookies["theme"] = '"><script>'
    assert "<script>" not in visitor.get("/").content.decode()


def test_a_refused_sign_in_says_how_to_go_on(newcomer: User, visitor: Client) -> None:
    answer = visitor.post("/auth/login", {"login": "newcomer", "password": "wrong"})
    page = html.unescape(answer.content.decode())
    assert "reset your password" in page
    assert 'value="newcomer"' in page


def test_times_on_pages_are_the_readers_own(newcomer: User, visitor: Client) -> None:
    channel = factories.channel(newcomer, name="Round the clock")
    made = datetime(2026, 5, 1, 23, 30, tzinfo=UTC)
    Channel.objects.filter(pk=channel.pk).update(created_at=made)
    User.objects.filter(pk=newcomer.pk).update(time_zone="Asia/Tokyo")
    assert "1 May 2026" in visitor.get("/c/round-the-clock/about").content.decode()
    assert "2 May 2026" in browser_of(newcomer).get("/c/round-the-clock/about").content.decode()


@pytest.mark.parametrize(
    ("path", "title", "heading"),
    [
        ("/auth/email", "Email", "Your email addresses"),
        ("/auth/password", "Password", "Change your password"),
        ("/auth/2fa/", "Two-factor", "Two-factor"),
        ("/auth/sessions", "Sessions", "Where you are signed in"),
    ],
)
def test_settings_that_a_library_answers_look_like_ours(
    stranger: Client, path: str, title: str, heading: str
) -> None:
    page = stranger.get(path, follow=True).content.decode()
    assert f"<h1>{heading}</h1>" in page
    assert f"<title>{title} — AeThex LIVE</title>" in page
    assert '<p class="page-title">Settings</p>' in page


@pytest.mark.parametrize(
    ("path", "heading", "way_out"),
    [
        ("/auth/verify/no:such", "This link does not work any more", "/auth/email"),
        ("/auth/password/reset/1-no-such", "This link does not work any more", "/auth/password/reset"),
        ("/auth/password/changed", "Your password is changed", "/auth/login"),
        ("/auth/verify", "Confirm your address", "/auth/login"),
    ],
)
def test_who_comes_from_a_letter_is_led_on(visitor: Client, path: str, heading: str, way_out: str) -> None:
    page = visitor.get(path, follow=True).content.decode()
    assert f"<h1>{heading}</h1>" in page
    assert f'href="{way_out}"' in page.partition("<main")[2]
