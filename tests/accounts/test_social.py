"""Accounts of other sites as a way in, against a site that speaks their wire format."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.discord.views import DiscordOAuth2Adapter
from allauth.socialaccount.providers.github.views import GitHubOAuth2Adapter
from allauth.socialaccount.providers.google.views import GoogleOAuth2Adapter
from allauth.socialaccount.providers.twitch.views import TwitchOAuth2Adapter
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from aethex.settings import social
from apps.accounts.models import User
from tests import factories
from tests.fakes.social import FakeSite

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db
SITES = ["github", "google", "discord", "twitch"]


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSite]:
    with FakeSite() as site:
        for adapter in (GitHubOAuth2Adapter, GoogleOAuth2Adapter, DiscordOAuth2Adapter, TwitchOAuth2Adapter):
            monkeypatch.setattr(adapter, "access_token_url", f"{site.url}/token")
        monkeypatch.setattr(GitHubOAuth2Adapter, "profile_url", f"{site.url}/github/user")
        monkeypatch.setattr(GitHubOAuth2Adapter, "emails_url", f"{site.url}/github/user/emails")
        monkeypatch.setattr(GoogleOAuth2Adapter, "identity_url", f"{site.url}/google/userinfo")
        monkeypatch.setattr(DiscordOAuth2Adapter, "profile_url", f"{site.url}/discord/users/@me")
        monkeypatch.setattr(TwitchOAuth2Adapter, "profile_url", f"{site.url}/twitch/users")
        yield site


@pytest.fixture
def browser(viewer: User) -> Client:
    """Vera's, signed in a moment ago."""
    return signed_in("vera_1")


@pytest.fixture
def later(time_machine) -> Callable[[], None]:
    return lambda: time_machine.move_to(timezone.now() + timedelta(minutes=20))


def signed_in(login: str) -> Client:
    browser = Client()
    assert browser.post("/auth/login", {"login": login, "password": PASSWORD}).status_code == 302
    return browser


def leave_for(browser: Client, name: str, process: str = "login") -> str:
    """The address at the other site that the browser is sent to."""
    answer = browser.post(f"/auth/with/{name}/login/?process={process}")
    assert answer.status_code == 302, answer.content.decode()
    return answer.url


def come_in(browser: Client, site: FakeSite, name: str = "github", process: str = "login"):
    """Go there, say yes and come back."""
    return browser.get(site.consent(leave_for(browser, name, process)))


def sign_up(browser: Client, site: FakeSite, name: str = "github", **form: str) -> User:
    assert come_in(browser, site, name).url == "/auth/with/signup/"
    filled = {"username": "newcomer", "email": site.email} | form
    answer = browser.post("/auth/with/signup/", filled)
    assert answer.status_code == 302, answer.content.decode()
    return User.objects.get(username=filled["username"])


def who(browser: Client) -> str | None:
    answer = browser.get("/api/auth/me")
    return answer.json()["username"] if answer.status_code == 200 else None


class TestComingIn:
    @pytest.mark.parametrize("name", SITES)
    def test_the_first_time_a_name_is_chosen_and_from_then_on_it_is_one_click(self, site, name):
        browser = Client()
        user = sign_up(browser, site, name)
        assert who(browser) == "newcomer" and not user.has_usable_password()
        address = EmailAddress.objects.get(user=user)
        assert (address.email, address.verified) == (
            site.email,
            name != "twitch",
        )  # which tells nothing of that
        browser.post("/auth/logout")
        assert come_in(browser, site, name).status_code == 302
        assert who(browser) == "newcomer" and User.objects.count() == 1

    @pytest.mark.parametrize("name", SITES)
    def test_the_way_there_is_the_sites_own(self, name):
        address = urlsplit(leave_for(Client(), name))
        query = parse_qs(address.query)
        assert f"{address.scheme}://{address.netloc}" == social._KNOWN[name][0]
        assert query["redirect_uri"] == [f"http://testserver/auth/with/{name}/login/callback/"]
        assert len(query["state"][0]) >= 16
        assert (query.get("code_challenge_method") == ["S256"]) is (name != "twitch")

    def test_the_page_asks_before_it_leads_elsewhere(self):
        page = Client().get("/auth/with/github/login/")
        assert page.status_code == 200 and "Sign in with GitHub?" in page.content.decode()

    def test_who_says_no_there_is_not_signed_in(self, site):
        browser = Client()
        answer = browser.get(site.deny(leave_for(browser, "github")), follow=True)
        assert "You turned back at the other site." in answer.content.decode()
        assert who(browser) is None and not User.objects.exists()

    def test_a_way_back_that_this_browser_did_not_begin_leads_nowhere(self, site):
        begun_elsewhere = site.consent(leave_for(Client(), "github"))
        browser = Client()
        answer = browser.get(begun_elsewhere)
        assert "This did not sign you in" in answer.content.decode()
        assert site.asked == [] and who(browser) is None

    def test_a_code_works_once(self, site):
        browser = Client()
        back = site.consent(leave_for(browser, "github"))
        assert browser.get(back).status_code == 302
        assert "This did not sign you in" in browser.get(back).content.decode()

    @pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"<html>"), (200, b"{}")])
    def test_a_site_that_is_broken_breaks_nothing(self, site, status, body):
        site.breaks(status, body, Content_Type="application/json")
        browser = Client()
        assert "This did not sign you in" in come_in(browser, site).content.decode()
        assert who(browser) is None

    @pytest.mark.parametrize("verified", [True, False])
    @pytest.mark.parametrize("name", SITES)
    def test_nobody_gets_into_an_account_by_its_address(self, site, viewer, name, verified):
        site.email, site.verified = viewer.email, verified
        browser = Client()
        assert come_in(browser, site, name).url == "/auth/with/signup/"
        answer = browser.post("/auth/with/signup/", {"username": "another", "email": viewer.email})
        assert answer.status_code == 200 and who(browser) is None
        assert not SocialAccount.objects.exists() and User.objects.count() == 1

    @pytest.mark.parametrize(
        ("username", "reason"), [("admin", "kept for"), ("a b", "Use 3 to 25"), ("VERA_1", "taken")]
    )
    def test_a_name_is_as_good_as_any_other(self, site, viewer, username, reason):
        browser = Client()
        come_in(browser, site)
        answer = browser.post("/auth/with/signup/", {"username": username, "email": site.email})
        assert reason in answer.content.decode() and User.objects.count() == 1


class TestWhichSites:
    def test_are_on_the_pages_when_their_keys_are_set(self, client, settings):
        page = client.get("/auth/login").content.decode()
        assert all(f"Continue with {name}" in page for name in ("GitHub", "Google", "Discord", "Twitch"))
        settings.SOCIALACCOUNT_PROVIDERS = {"github": settings.SOCIALACCOUNT_PROVIDERS["github"]}
        page = client.get("/auth/register").content.decode()
        assert "Continue with GitHub" in page and "Continue with Google" not in page
        settings.SOCIALACCOUNT_PROVIDERS = {}
        assert "Continue with" not in client.get("/auth/login").content.decode()

    def test_are_those_of_the_environment(self, monkeypatch):
        for name in SITES:
            monkeypatch.delenv(f"{name.upper()}_CLIENT_ID")
            monkeypatch.delenv(f"{name.upper()}_CLIENT_SECRET")
        assert social._apps() == {}
        monkeypatch.setenv("TWITCH_CLIENT_ID", "x")
        with pytest.raises(ImproperlyConfigured, match="TWITCH_CLIENT_SECRET"):
            social._apps()
        monkeypatch.setenv("TWITCH_CLIENT_SECRET", "y")
        assert list(social._apps()) == ["twitch"]


class TestLinking:
    def test_is_done_and_undone_in_the_settings(self, site, browser, viewer, posted):
        letters = posted(lambda: come_in(browser, site, process="connect"))
        assert [letter.subject for letter in letters] == ["Another way to sign in"]
        page = browser.get("/auth/with/").content.decode()
        assert "octo_vera" in page and "Unlink" in page
        browser.post("/auth/logout")
        come_in(browser, site)
        assert who(browser) == "Vera_1"
        account = SocialAccount.objects.get(user=viewer)
        assert browser.post("/auth/with/", {"account": account.pk}).status_code == 302
        assert not SocialAccount.objects.exists()

    def test_the_last_way_in_stays(self, site):
        browser = Client()
        user = sign_up(browser, site)
        account = SocialAccount.objects.get(user=user)
        answer = browser.post("/auth/with/", {"account": account.pk})
        assert answer.status_code == 200 and "notice bad" in answer.content.decode()
        assert SocialAccount.objects.exists()
        site.uid = "4712"
        come_in(browser, site, "twitch", "connect")
        assert browser.post("/auth/with/", {"account": account.pk}).status_code == 302
        assert SocialAccount.objects.get().provider == "twitch"

    def test_an_account_belongs_to_one_person(self, site, browser, stranger):
        come_in(browser, site, process="connect")
        theirs = signed_in("stan")
        come_in(theirs, site, process="connect")
        assert SocialAccount.objects.get().user.username == "Vera_1"

    def test_those_of_others_are_not_ones_own_to_unlink(self, site, browser, stranger):
        come_in(browser, site, process="connect")
        account = SocialAccount.objects.get()
        assert signed_in("stan").post("/auth/with/", {"account": account.pk}).status_code == 200
        assert SocialAccount.objects.exists()

    def test_takes_a_recent_proof(self, site, browser, later):
        later()
        assert urlsplit(browser.get("/auth/with/").url).path == "/auth/reauthenticate"
        come_in(browser, site, process="connect")
        assert not SocialAccount.objects.exists()


class TestTheProof:
    def test_of_who_has_nothing_else_is_to_come_in_again(self, site, later):
        browser = Client()
        user = sign_up(browser, site)
        channel = factories.channel(user, "Night drive")
        later()
        page = f"/dashboard/{channel.slug}/key"
        asked = browser.post(page)
        assert urlsplit(asked.url).path == "/auth/reauthenticate/elsewhere"
        shown = browser.get(asked.url).content.decode()
        assert "Sign in anew with GitHub" in shown
        address = html.unescape(re.search(r'action="(/auth/with/github/login/[^"]*)"', shown)[1])
        back = browser.get(site.consent(browser.post(address).url))
        done = browser.get(back.url)
        assert done.status_code == 200 and b'id="key"' in done.content

    def test_is_not_another_persons_account(self, site, browser, viewer, later):
        user = sign_up(Client(), site)
        channel = factories.channel(viewer, "Night drive")
        assert user != viewer
        later()
        come_in(browser, site, process="connect")
        assert browser.post(f"/dashboard/{channel.slug}/key").status_code == 302
        assert browser.get("/auth/reauthenticate/done").status_code == 302
