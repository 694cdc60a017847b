"""The link in a letter: it asks by GET, ends the letters by POST, and needs no one to sign in."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from apps.channels.models import Follow
from apps.notifications.services import unsubscribe_url
from tests import factories


@pytest.fixture
def link(channel, follower):
    """The link in the letter of a viewer who follows; another follower is there, too."""
    follower("other")
    viewer = follower("vera")
    return urlsplit(unsubscribe_url(channel_id=channel.pk, user_id=viewer.pk)).path


def bells() -> dict[str, str]:
    return dict(Follow.objects.values_list("user__username", "bell"))


def test_opening_the_link_changes_nothing(link):
    page = Client().get(link)
    assert page.status_code == 200
    assert "No more letters about Night drive?" in page.content.decode()
    assert bells() == {"vera": "live", "other": "live"}


def test_one_click_of_a_mail_program_ends_the_letters_of_this_person_alone(link):
    program = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert program.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert bells() == {"vera": "off", "other": "live"}


def test_the_page_has_the_button(link):
    page = Client().post(link, follow=True).content.decode()
    assert "You still follow the channel" in page
    assert bells()["vera"] == "off"


@pytest.mark.parametrize("token", ["x", "a:b", "W10:x", "%00", "…" * 50])
def test_a_broken_link_says_so(db, token):
    for method in (Client().get, Client().post):
        assert method(f"/letters/off/{token}").status_code in (400, 404)


def test_a_link_of_another_token_is_none_of_ours(link, channel):
    stranger = factories.person()
    forged = unsubscribe_url(channel_id=channel.pk, user_id=stranger.pk).rpartition(":")[0]
    assert Client().post(f"{urlsplit(forged).path}:{link.rpartition(':')[2]}").status_code == 404
    assert bells() == {"vera": "live", "other": "live"}


def test_who_does_not_follow_any_more_is_told_the_same(link):
    Follow.objects.all().delete()
    assert Client().post(link).status_code == 200


def test_a_channel_that_is_gone_has_no_letters(link, channel):
    channel.delete()
    assert Client().get(link).status_code == 404
