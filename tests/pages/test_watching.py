"""The watch page: what it says in each state, and how much it asks the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat.models import ChatRoom, Message
from apps.streams.models import Broadcast, Status
from tests import factories

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def say(channel: Channel, user: User, content: str, **fields: Any) -> Message:
    room, _ = ChatRoom.objects.get_or_create(channel=channel)
    room.last_seq += 1
    room.save()
    return Message.objects.create(
        room=room,
        seq=room.last_seq,
        user=user,
        content=content,
        nonce=str(room.last_seq),
        created_at=timezone.now(),
        **fields,
    )


def test_the_watch_page_asks_the_database_little(
    channel: Channel, visitor: Client, stranger: Client, streamer: User, django_assert_num_queries: Any
) -> None:
    factories.live(channel)
    for number in range(3):
        say(channel, streamer, f"Line {number}")
    with django_assert_num_queries(6):
        visitor.get("/streams/night-shift")
    stranger.get("/streams/night-shift")
    with django_assert_num_queries(12):
        stranger.get("/streams/night-shift")


def test_a_live_page_carries_what_the_player_needs(channel: Channel, visitor: Client) -> None:
    broadcast = factories.live(channel)
    page = visitor.get("/streams/night-shift").content.decode()
    assert f'data-stream-id="{broadcast.pk}"' in page
    assert 'data-status="LIVE"' in page
    assert f"/{broadcast.pk.hex}/index.m3u8" in page
    assert "data-uptime data-started-at=" in page


def test_a_stream_whose_encoder_is_away_is_still_offered(channel: Channel, visitor: Client) -> None:
    broadcast = factories.live(channel)
    Broadcast.objects.filter(pk=broadcast.pk).update(status=Status.ENDING, ends_at=timezone.now())
    page = visitor.get("/streams/night-shift").content.decode()
    assert 'data-status="ENDING"' in page
    assert "RECONNECTING" in page
    assert "/live/" in page


def test_an_offline_page_says_so_and_keeps_the_chat(channel: Channel, visitor: Client) -> None:
    page = visitor.get("/streams/night-shift").content.decode()
    assert "Night shift is offline" in page
    assert 'data-hls-url=""' in page
    assert "data-chat " in page


def test_a_visitor_reads_the_chat_and_is_asked_to_sign_in(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    say(channel, streamer, "Hello there", badges=["owner"])
    page = visitor.get("/streams/night-shift").content.decode()
    assert "Hello there" in page
    assert 'title="Owner"' in page
    assert 'data-last-seq="1"' in page
    assert 'data-ticket=""' in page
    assert "data-chat-form" not in page
    assert "/auth/login?next=/streams/night-shift" in page


def test_a_removed_message_keeps_its_place_and_loses_its_words(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    say(channel, streamer, "Regret", deleted_at=timezone.now())
    page = visitor.get("/streams/night-shift").content.decode()
    assert "Message removed" in page
    assert "Regret" not in page


def test_markup_that_people_type_is_text(streamer: User, visitor: Client, owner: Client) -> None:
    channel = factories.channel(
        streamer, name="Night shift", description=HOSTILE, tags=["<b>", "\"'"], category="music"
    )
    Channel.objects.filter(pk=channel.pk).update(name=HOSTILE[:60])
    broadcast = factories.live(channel)
    Broadcast.objects.filter(pk=broadcast.pk).update(title=HOSTILE, description=HOSTILE)
    User.objects.filter(pk=streamer.pk).update(display_name="<script>alert(1)</script>")
    say(channel, streamer, HOSTILE)
    for path in ("/", "/streams/night-shift", "/embed/night-shift", "/c/night-shift", "/c/night-shift/about"):
        page = visitor.get(path).content.decode()
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
    for path in ("/dashboard", "/dashboard/night-shift", "/dashboard/night-shift/settings", "/settings"):
        page = owner.get(path).content.decode()
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path


def test_following_and_unfollowing_works_without_a_script(channel: Channel, stranger: Client) -> None:
    here = {"next": "/streams/night-shift"}
    answer = stranger.post("/c/night-shift/follow", {"follow": "yes", **here}, follow=True)
    assert 'name="follow" value="no"' in answer.content.decode()
    assert channel.follows.count() == 1
    answer = stranger.post("/c/night-shift/follow", {"follow": "no", **here}, follow=True)
    assert 'name="follow" value="no"' not in answer.content.decode()
    assert not channel.follows.exists()


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_following_never_leads_to_another_site(elsewhere: str, channel: Channel, stranger: Client) -> None:
    answer = stranger.post("/c/night-shift/follow", {"follow": "yes", "next": elsewhere})
    assert answer.headers["Location"] == "/c/night-shift"


def test_the_share_dialog_holds_full_addresses(channel: Channel, visitor: Client) -> None:
    page = visitor.get("/streams/night-shift").content.decode()
    assert 'value="http://testserver/streams/night-shift"' in page
    assert "http://testserver/embed/night-shift" in page
    assert '<meta property="og:title"' in page


def test_a_shared_page_shows_its_banner_by_a_full_address(channel: Channel, visitor: Client) -> None:
    Channel.objects.filter(pk=channel.pk).update(banner="banners/night.webp")
    page = visitor.get("/streams/night-shift").content.decode()
    assert '<meta property="og:image" content="http://testserver/media/banners/night.webp">' in page
