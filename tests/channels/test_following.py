"""Following a channel and its bell: counts that hold, and who may ring."""

from __future__ import annotations

import pytest
from pytest import raises

from apps.accounts.models import User
from apps.channels import services
from apps.channels.models import Channel, Follow
from apps.core.errors import Invalid
from tests import factories
from tests.pages.conftest import browser_of

from .conftest import at_once


def test_a_new_follow_hears_of_going_live_and_its_bell_can_be_changed(channel, stranger):
    assert services.follow_channel(actor=stranger, channel=channel).bell == "live"
    assert services.follow_channel(actor=stranger, channel=channel, bell="all").bell == "all"
    assert services.follow_channel(actor=stranger, channel=channel).bell == "all", (
        "following again is no change"
    )
    assert Channel.objects.get().follower_count == 1


def test_an_unknown_bell_is_refused_and_nobody_follows(channel, stranger):
    with raises(Invalid) as refusal:
        services.follow_channel(actor=stranger, channel=channel, bell="loud")
    assert list(refusal.value.fields) == ["bell"]
    assert not Follow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_count_is_exact_whatever_happens_at_once(channel):
    people = [factories.person() for _ in range(6)]

    def follow_twice_and_leave(user: User) -> None:
        services.follow_channel(actor=user, channel=channel)
        services.follow_channel(actor=user, channel=channel, bell="off")
        if user.pk in leaving:
            services.unfollow_channel(actor=user, channel=channel)

    leaving = {user.pk for user in people[:2]}
    # Each of them in two tabs.
    assert at_once(follow_twice_and_leave, people * 2) == [None] * 12
    count = Channel.objects.get().follower_count
    assert count == Follow.objects.count()
    assert 4 <= count <= 6


def test_the_api_follows_with_a_bell_and_tells_how_one_follows(theirs, visitor, channel):
    address = f"/api/channels/{channel.pk}/follow"
    assert theirs.get(address).json() == {"isFollowing": False, "bell": None, "followerCount": 0}
    followed = theirs.post(address, {"bell": "off"}, format="json").json()
    assert followed == {"isFollowing": True, "bell": "off", "followerCount": 1}
    assert theirs.get(address).json() == followed
    assert theirs.post(address, {"bell": "loud"}, format="json").json()["fields"].keys() == {"bell"}
    assert theirs.post(address, {"bell": ["all"]}, format="json").status_code == 400
    assert visitor.post(address, {"bell": "all"}, format="json").status_code == 401
    assert theirs.delete(address).json() == {"isFollowing": False, "bell": None, "followerCount": 0}


def test_the_bell_is_a_form_of_the_page(channel, stranger):
    browser = browser_of(stranger)
    address = f"/c/{channel.slug}"
    assert 'name="bell"' not in browser.get(address).content.decode()
    browser.post(f"{address}/follow", {"follow": "yes"})
    assert 'name="bell" value="all"' in browser.get(address).content.decode()
    browser.post(f"{address}/follow", {"bell": "all"})
    assert Follow.objects.get().bell == "all"
    assert 'aria-label="Bell: Everything' in browser.get(f"/streams/{channel.slug}").content.decode()
    assert browser.post(f"{address}/follow", {"bell": "loud"}).status_code == 400
    browser.post(f"{address}/follow", {"follow": "no"})
    assert Channel.objects.get().follower_count == 0
