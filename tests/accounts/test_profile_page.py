"""A person's page and card, their privacy settings, and what a newcomer's browser says of them."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from apps.accounts import services
from apps.accounts.models import Block, PersonFollow, User
from apps.core import presence
from tests import factories
from tests.pages.conftest import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    return Client()


def text_of(answer) -> str:
    return html.unescape(answer.content.decode())


class TestTheProfile:
    def test_shows_who_somebody_is_and_where_they_go_live(self, viewer, visitor):
        services.edit_profile(
            actor=viewer,
            display_name="Vera B.",
            bio="One\nTwo",
            links={"twitch": "twitch.tv/vera", "website": "vera.example.org"},
        )
        live = factories.channel(viewer, "On air")
        factories.channel(viewer, "Off air")
        hidden = factories.channel(viewer, "Hidden")
        hidden.visibility = "unlisted"
        hidden.save()
        factories.live(live)
        page = visitor.get("/u/Vera_1").content.decode()
        assert "<h1>Vera B." in page
        assert "One<br>Two" in page
        for url in ("https://twitch.tv/vera", "https://vera.example.org"):
            assert f'href="{url}" rel="me nofollow ugc noopener"' in page
        assert re.findall(r'<h3><a href="([^"]+)', page) == ["/streams/on-air", "/c/off-air"]
        assert "unlisted" in browser_of(viewer).get("/u/Vera_1").content.decode()

    @pytest.mark.parametrize("other_way", ["/u/vera_1", "/u/{id}"])
    def test_has_one_address(self, viewer, visitor, other_way):
        answer = visitor.get(other_way.format(id=viewer.pk))
        assert (answer.status_code, answer.headers["Location"]) == (302, "/u/Vera_1")

    @pytest.mark.parametrize(
        "who", ["nobody", "x" * 300, "%3Cb%3E", "..", "11111111-2222-3333-4444-555555555555"]
    )
    def test_of_nobody_is_not_found(self, who, visitor):
        for end in ("", "/followers", "/card"):
            assert visitor.get(f"/u/{who}{end}").status_code == 404

    def test_of_a_closed_account_is_not_found(self, viewer, visitor):
        User.objects.filter(pk=viewer.pk).update(is_active=False)
        assert visitor.get("/u/Vera_1").status_code == 404
        assert visitor.get("/u/Vera_1/card").status_code == 404

    def test_hostile_words_are_words(self, viewer, visitor):
        evil = "\"><script>alert('x')</script>"
        services.edit_profile(actor=viewer, display_name=evil, bio=f"{evil}{{{{ user.email }}}}")
        factories.channel(viewer, evil)
        for path in ("/u/Vera_1", "/u/Vera_1/card"):
            page = visitor.get(path).content.decode()
            assert "<script>alert" not in page
            assert evil in html.unescape(page)
        tags = re.findall(r"<meta [^>]*>", visitor.get("/u/Vera_1").content.decode())
        told = {name: html.unescape(value) for tag in tags for name, value in [_meta(tag)] if name}
        assert told["og:title"] == evil
        assert told["og:description"].startswith(evil)
        assert told["og:type"] == "profile"
        assert told["og:url"].endswith("/u/Vera_1")
        assert "vera@example.org" not in visitor.get("/u/Vera_1").content.decode()

    def test_a_link_that_was_stored_by_other_ways_is_no_script(self, viewer, visitor):
        # The verb refuses it; should a row hold one, no browser runs it: there is a policy, too.
        User.objects.filter(pk=viewer.pk).update(links={"myspace": "javascript:alert(1)"})
        assert "javascript:" not in visitor.get("/u/Vera_1").content.decode()

    @pytest.mark.parametrize("privacy", ["friends", "private"])
    def test_what_is_not_for_everybody_is_not_in_the_page(self, viewer, stranger, visitor, privacy):
        services.edit_profile(actor=viewer, bio="My secret", links={"x": "x.com/secret"}, privacy=privacy)
        factories.channel(viewer, "Secret channel")
        services.follow_person(actor=stranger, person=viewer)
        for browser in (visitor, browser_of(stranger)):
            for path in ("/u/Vera_1", "/u/Vera_1/card"):
                answer = browser.get(path)
                assert answer.status_code == 200
                assert "secret" not in answer.content.decode().lower().replace("/u/", "")
            assert 'content="noindex"' in browser.get("/u/Vera_1").content.decode()
            for tab in ("followers", "following", "friends"):
                assert browser.get(f"/u/Vera_1/{tab}").status_code == 403
        if privacy == "friends":
            services.follow_person(actor=viewer, person=stranger)
            assert "My secret" in browser_of(stranger).get("/u/Vera_1").content.decode()

    def test_whom_somebody_blocks_sees_a_name_and_can_not_follow(self, viewer, stranger):
        services.edit_profile(actor=viewer, bio="My secret")
        services.block_person(actor=viewer, person=stranger)
        browser = browser_of(stranger)
        for path in ("/u/Vera_1", "/u/Vera_1/card"):
            page = browser.get(path).content.decode()
            assert "My secret" not in page
            assert 'name="follow"' not in page
        assert browser.post("/u/Vera_1/follow", {"follow": "yes"}).status_code == 403
        assert not PersonFollow.objects.exists()

    def test_a_long_list_comes_in_pages(self, viewer, visitor):
        crowd = User.objects.bulk_create(User(username=f"person{n}") for n in range(50))
        PersonFollow.objects.bulk_create(PersonFollow(follower=one, followed=viewer) for one in crowd)
        assert text_of(visitor.get("/u/Vera_1/followers")).count('data-card="') == 48
        assert text_of(visitor.get("/u/Vera_1/followers?page=2")).count('data-card="') == 2
        assert visitor.get("/u/Vera_1/followers?page=elephant").status_code == 200


class TestFollowing:
    def test_a_button_follows_and_unfollows_and_leads_back(self, viewer, stranger):
        browser = browser_of(stranger)
        answer = browser.post("/u/Vera_1/follow", {"follow": "yes", "next": "/u/Vera_1/card"}, follow=True)
        assert answer.redirect_chain == [("/u/Vera_1/card", 302)]
        assert 'aria-pressed="true"' in answer.content.decode()
        assert PersonFollow.objects.filter(follower=stranger, followed=viewer).exists()
        browser.post("/u/Vera_1/follow", {"follow": "no", "next": "https://evil.example/"})
        assert not PersonFollow.objects.exists()

    def test_a_visitor_is_shown_the_way_in(self, viewer, visitor):
        assert "/auth/login?next=/u/Vera_1" in text_of(visitor.get("/u/Vera_1"))
        answer = visitor.post("/u/Vera_1/follow", {"follow": "yes"})
        assert answer.headers["Location"].startswith("/auth/login")

    def test_friends_and_followers_are_told_apart(self, viewer, stranger):
        services.follow_person(actor=viewer, person=stranger)
        browser = browser_of(stranger)
        page = text_of(browser.get("/u/Vera_1"))
        assert "Follows you" in page
        assert "Follow back" in page
        browser.post("/u/Vera_1/follow", {"follow": "yes"})
        assert "Friend" in text_of(browser.get("/u/Vera_1"))
        assert "@Vera_1" in text_of(browser.get("/u/stan/friends"))

    def test_a_follower_sees_who_is_online(self, viewer, stranger):
        presence.see([str(viewer.pk)])
        browser = browser_of(stranger)
        assert ">Online<" not in browser.get("/u/Vera_1").content.decode()
        browser.post("/u/Vera_1/follow", {"follow": "yes"})
        assert ">Online<" in browser.get("/u/Vera_1").content.decode()
        services.edit_profile(actor=viewer, shows_online=False)
        assert ">Online<" not in browser.get("/u/Vera_1").content.decode()

    def test_somebody_is_blocked_from_their_page(self, viewer, stranger):
        browser = browser_of(stranger)
        assert 'value="Vera_1"' in browser.get("/u/Vera_1").content.decode()
        browser.post("/settings/blocks", {"username": "Vera_1"})
        assert Block.objects.stands(by=stranger.pk, on=viewer.pk)
        assert "You block Vera_1." in text_of(browser.get("/u/Vera_1"))


class TestSettings:
    FORM = {"display_name": "V", "color": "#4670e0", "theme": "dark", "language": "en", "time_zone": "UTC"}

    def test_links_are_saved_and_shown(self, viewer):
        browser = browser_of(viewer)
        sent = self.FORM | {"links.github": "github.com/vera", "links.x": ""}
        assert browser.post("/settings", sent).status_code == 302
        viewer.refresh_from_db()
        assert viewer.links == {"github": "https://github.com/vera"}
        assert 'value="https://github.com/vera"' in browser.get("/settings").content.decode()

    def test_a_link_is_refused_at_its_field_and_what_was_typed_stays(self, viewer):
        sent = self.FORM | {"links.website": "javascript:alert(1)", "links.x": "evil.example"}
        answer = browser_of(viewer).post("/settings", sent)
        page = text_of(answer)
        assert answer.status_code == 422
        assert page.count('aria-invalid="true"') == 2
        assert "begins with https://" in page
        assert 'value="javascript:alert(1)"' in page
        viewer.refresh_from_db()
        assert viewer.links == {}

    def test_privacy_is_saved_and_shown(self, viewer):
        browser = browser_of(viewer)
        assert browser.post("/settings/privacy", {"privacy": "friends"}).status_code == 302
        viewer.refresh_from_db()
        assert (viewer.privacy, viewer.shows_online) == ("friends", False)
        assert re.search(r'value="friends"[^>]*checked', browser.get("/settings/privacy").content.decode())
        assert browser.post("/settings/privacy", {"privacy": "secret"}).status_code == 422

    def test_the_editor_has_one_place(self, visitor):
        assert visitor.get("/dashboard/profile").headers["Location"] == "/settings"


class TestWhatABrowserSays:
    @pytest.mark.parametrize(
        ("spoken", "zone", "kept"),
        [
            ("fr-CA,fr;q=0.9,en;q=0.5", "America/Toronto", ("fr", "America/Toronto")),
            ("tlh", "Mars/Olympus", ("en", "UTC")),
            ("", "x" * 10_000, ("en", "UTC")),
        ],
    )
    @pytest.mark.parametrize("way", ["/onboarding", "/onboarding/skip"])
    def test_is_where_a_newcomer_begins(self, spoken, zone, kept, way):
        newcomer = factories.person("newcomer")
        sent = {"username": "newcomer", "display_name": "New", "time_zone": zone}
        answer = browser_of(newcomer).post(way, sent, HTTP_ACCEPT_LANGUAGE=spoken)
        assert answer.status_code == 302
        newcomer.refresh_from_db()
        assert (newcomer.language, newcomer.time_zone) == kept


def _meta(tag: str) -> tuple[str, str]:
    name = re.search(r'(?:property|name)="([^"]+)"', tag)
    value = re.search(r'content="([^"]*)"', tag)
    return (name[1] if name else "", value[1] if value else "")
