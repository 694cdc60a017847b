"""What everybody sees of a channel: its tabs, who follows, its pictures, and the question before it."""

from __future__ import annotations

import html
import io

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image
from pytest import raises

from apps.accounts.models import User
from apps.channels import services
from apps.channels.models import Channel, ChannelRole, ChannelTag
from apps.channels.roles import Role
from apps.core.errors import Conflict, Invalid
from tests import factories
from tests.pages.conftest import browser_of


def words(page) -> str:
    return html.unescape(page.content.decode())


def upload(size: tuple[int, int] = (800, 200)) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(file, "PNG")
    return file


def stored() -> set[str]:
    return {
        f"{folder}/{name}"
        for folder in ("avatars", "banners", "cards")
        if default_storage.exists(folder)
        for name in default_storage.listdir(folder)[1]
    }


def test_the_page_has_its_tabs_and_no_dead_one(channel):
    for address, tab in (("", "Live & upcoming"), ("/about", "About"), ("/followers", "Followers")):
        page = words(Client().get(f"/c/night-drive{address}"))
        assert f'aria-current="page">{tab}</a>' in page
        assert "Videos" not in page


def test_an_old_address_leads_to_the_same_tab(channel, streamer):
    services.edit_channel(actor=streamer, channel=channel, slug="day-drive")
    assert Client().get("/c/night-drive/followers")["Location"] == "/c/day-drive/followers"


@pytest.fixture
def crowd(channel):
    """Three who follow: one with an open profile, one who shows it to friends, one whose account is shut."""
    people = [factories.person(name) for name in ("open", "friends", "shut")]
    for person in people:
        services.follow_channel(actor=person, channel=channel)
    User.objects.filter(username="friends").update(privacy="friends")
    User.objects.filter(username="shut").update(is_active=False)
    return people


def listed(page) -> set[str]:
    return {name for name in ("open", "friends", "shut") if f"@{name}<" in words(page)}


def test_followers_are_those_who_let_people_see_it_and_all_for_the_crew(channel, crowd, streamer):
    moderator = factories.person()
    ChannelRole.objects.create(channel=channel, user=moderator, role=Role.MODERATOR)
    assert listed(Client().get("/c/night-drive/followers")) == {"open"}
    assert listed(browser_of(crowd[1]).get("/c/night-drive/followers")) == {"open", "friends"}
    for person in (streamer, moderator):
        assert listed(browser_of(person).get("/c/night-drive/followers")) == {"open", "friends"}


def test_the_owner_may_keep_the_list_for_the_crew(channel, crowd, streamer, visitor, mine):
    services.edit_channel(actor=streamer, channel=channel, shows_followers=False)
    page = Client().get("/c/night-drive")
    assert "/followers" not in words(page)
    assert "3</span> followers" in words(page)
    assert Client().get("/c/night-drive/followers").status_code == 403
    refused = visitor.get(f"/api/channels/{channel.pk}/followers")
    assert (refused.status_code, refused.json()["code"]) == (403, "FOLLOWERS_HIDDEN")
    assert mine.get(f"/api/channels/{channel.pk}/followers").json()["total"] == 2
    assert "Only you and the channel's team see this list" in words(
        browser_of(streamer).get("/c/night-drive/followers")
    )


def test_followers_come_in_pages_the_latest_first(channel, visitor):
    for number in range(3):
        services.follow_channel(actor=factories.person(f"viewer{number}"), channel=channel)
    page = visitor.get(f"/api/channels/{channel.pk}/followers?limit=2").json()
    assert [person["username"] for person in page["data"]] == ["viewer2", "viewer1"]
    assert (page["total"], page["hasMore"]) == (3, True)


def test_a_mature_channel_asks_first_and_leads_back_to_its_page(channel, streamer):
    services.edit_channel(actor=streamer, channel=channel, is_mature=True, description="For adults only")
    visitor = Client()
    for tab in ("", "/about", "/followers"):
        assert "For adults only" not in words(visitor.get(f"/c/night-drive{tab}"))
    assert "For adults only" in words(browser_of(streamer).get("/c/night-drive/about"))
    answer = visitor.post("/streams/night-drive/mature", {"next": "/c/night-drive/about"}, follow=True)
    assert answer.redirect_chain == [("/c/night-drive/about", 302)]
    assert "For adults only" in words(answer)
    away = visitor.post("/streams/night-drive/mature", {"next": "https://evil.example"})
    assert away["Location"] == "/streams/night-drive"


def test_links_are_kept_shown_and_refused_by_kind(channel, streamer, mine):
    services.edit_channel(actor=streamer, channel=channel, links={"website": "example.org/night"})
    page = words(Client().get("/c/night-drive"))
    assert '<a class="person-link" href="https://example.org/night" rel="nofollow ugc noopener"' in page
    refused = mine.patch(
        "/api/channels/night-drive", {"links": {"website": "javascript:alert(1)"}}, format="json"
    )
    assert list(refused.json()["fields"]) == ["links.website"]
    assert mine.get("/api/channels/night-drive").json()["links"] == {"website": "https://example.org/night"}


def test_the_settings_page_keeps_links_and_says_which_one_is_wrong(channel, streamer):
    browser = browser_of(streamer)
    form = {"name": "Night drive", "slug": "night-drive", "language": "en", "visibility": "public"}
    wrong = browser.post("/dashboard/night-drive/settings", form | {"links.github": "https://example.org/x"})
    assert wrong.status_code == 422
    assert 'id="id_links.github_error"' in words(wrong)
    browser.post("/dashboard/night-drive/settings", form | {"links.github": "github.com/night"})
    assert Channel.objects.get().links == {"github": "https://github.com/night"}
    assert not Channel.objects.get().shows_followers, "the box was not ticked"


def test_links_to_it_carry_a_card_of_both_pictures(channel, streamer):
    assert "og:image" not in words(Client().get("/c/night-drive"))
    services.edit_channel(actor=streamer, channel=channel, banner=upload())
    edited = services.edit_channel(actor=streamer, channel=channel, avatar=upload((300, 300)))
    with Image.open(edited.card) as card:
        assert (card.size, card.format) == ((1200, 630), "JPEG")
    page = words(Client().get("/c/night-drive"))
    assert f'<meta property="og:image" content="http://testserver{edited.card_url}">' in page
    assert '<meta property="og:image:width" content="1200">' in page
    assert 'content="summary_large_image"' in page
    services.edit_channel(actor=streamer, channel=channel, is_mature=True)
    assert Channel.objects.get().card_url == ""


@pytest.mark.django_db(transaction=True)
def test_no_file_is_left_behind(channel, streamer):
    before = stored()
    factories.channel(streamer, "Taken")
    with raises(Conflict):
        services.edit_channel(actor=streamer, channel=channel, avatar=upload(), name="Taken")
    with raises(Invalid):
        services.edit_channel(actor=streamer, channel=channel, avatar=upload(), banner=io.BytesIO(b"no"))
    assert stored() == before
    for _ in range(2):
        services.edit_channel(actor=streamer, channel=channel, avatar=upload(), banner=upload())
    assert len(stored() - before) == 3
    services.edit_channel(actor=streamer, channel=channel, avatar=None)
    assert len(stored() - before) == 2
    services.delete_channel(
        actor=streamer, channel=Channel.objects.get(slug="night-drive"), confirmation="night-drive"
    )
    assert stored() == before


def test_tags_in_use_are_suggested_by_their_beginning(channel, streamer, visitor):
    services.edit_channel(actor=streamer, channel=channel, tags=["synth", "Sylt", "ambient"])
    factories.channel(tags=["synth", "100% live"])
    hidden = factories.channel(tags=["sydney"])
    services.edit_channel(actor=hidden.owner, channel=hidden, visibility="unlisted")

    def ask(typed: str):
        return visitor.get("/api/tags", {"q": typed}).json()["data"]

    assert ask("sy") == ["synth", "sylt"]
    assert ask("#SYN") == ["synth"]
    assert ask("100%") == ["100% live"]
    assert ask("_") == ask("%") == []
    assert ask("")[0] == "synth"
    assert visitor.get("/api/tags", {"q": "x" * 100}).json()["fields"].keys() == {"q"}
    services.edit_channel(actor=streamer, channel=channel, tags=["ambient"])
    assert ask("sy") == ["synth"]
    assert ChannelTag.objects.filter(channel=channel).count() == 1
    page = words(browser_of(streamer).get("/dashboard/night-drive/settings"))
    assert '<option value="synth"></option>' in page
    assert 'list="tags-in-use"' in page
