"""Q01: who is banned from a channel gets no address of its picture, wherever they ask."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.moderation import services as moderation
from apps.streams.models import Broadcast
from tests import factories
from tests.pages.conftest import browser_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def broadcast(channel: Channel) -> Broadcast:
    return factories.live(channel)


def lists(api: APIClient, broadcast: Broadcast) -> list[str | None]:
    """The address of the picture, as everything tells it that speaks of the stream."""
    slug = broadcast.channel.slug
    return [
        api.get(f"/api/streams/{broadcast.pk}").json()["hlsUrl"],
        api.get("/api/streams?status=live").json()["data"][0]["hlsUrl"],
        api.get(f"/api/stream/status?channel={slug}").json()["stream"]["hlsUrl"],
        api.get("/api/browse").json()["data"][0]["hlsUrl"],
    ]


def test_the_banned_are_refused_until_the_ban_is_lifted(
    theirs: APIClient, broadcast: Broadcast, stranger: User, streamer: User
) -> None:
    whom = {"actor": streamer, "channel": broadcast.channel, "user": stranger}
    address = f"/api/streams/{broadcast.pk}/hls"
    assert theirs.get(address).status_code == 200
    moderation.ban(**whom)
    refusal = theirs.get(address)
    assert (refusal.status_code, refusal.json()["code"]) == (403, "BANNED")
    assert lists(theirs, broadcast) == [None] * 4
    moderation.lift_sanction(**whom)
    assert theirs.get(address).status_code == 200
    assert all(lists(theirs, broadcast))


def test_pages_show_them_no_picture_and_say_why(broadcast: Broadcast, stranger: User, streamer: User) -> None:
    channel, browser = broadcast.channel, browser_of(stranger)
    pages = ("/", f"/streams/{channel.slug}", f"/embed/{channel.slug}")
    assert all("/live/" in browser.get(page).content.decode() for page in pages)
    moderation.ban(actor=streamer, channel=channel, user=stranger)
    for page in pages:
        shown = browser.get(page).content.decode()
        assert "/live/" not in shown
        assert ("You are banned from this channel" in shown) is (page != "/")


def test_a_time_out_a_ban_elsewhere_and_nobody_in_particular_may_watch(
    theirs: APIClient, visitor: APIClient, broadcast: Broadcast, stranger: User, streamer: User
) -> None:
    moderation.time_out(actor=streamer, channel=broadcast.channel, user=stranger, seconds=600)
    elsewhere = factories.channel()
    moderation.ban(actor=elsewhere.owner, channel=elsewhere, user=stranger)
    for api in (theirs, visitor):
        assert api.get(f"/api/streams/{broadcast.pk}/hls").status_code == 200
        assert all(lists(api, broadcast))
