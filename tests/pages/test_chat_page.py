"""The chat as a page of its own, and what the chat brings with every page it stands on."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import block_person
from apps.channels.models import Channel, ChannelRole, SlugHistory
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.models import ChatRoom, Message
from tests import factories

from .conftest import browser_of


def say(channel: Channel, user: User, content: str, **fields: Any) -> Message:
    room, _ = ChatRoom.objects.get_or_create(channel=channel)
    room.last_seq += 1
    room.save()
    nonce = str(room.last_seq)
    return Message.objects.create(
        room=room,
        seq=room.last_seq,
        user=user,
        content=content,
        nonce=nonce,
        created_at=timezone.now(),
        **fields,
    )


def test_the_chat_stands_on_a_page_of_its_own_and_its_reader_does_not_watch(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    say(channel, streamer, "good evening")
    page = visitor.get("/chat/night-shift").content.decode()
    assert "good evening" in page
    assert 'data-watch="0"' in page
    assert "data-pop-out" not in page
    assert "data-player" not in page


def test_the_watch_page_leads_to_the_chat_in_a_window_of_its_own(channel: Channel, visitor: Client) -> None:
    assert 'href="/chat/night-shift"' in visitor.get("/streams/night-shift").content.decode()


def test_a_former_address_leads_to_the_chats_page(channel: Channel, visitor: Client) -> None:
    SlugHistory.objects.create(slug="day-shift", channel=channel)
    assert visitor.get("/chat/day-shift").headers["Location"] == "/chat/night-shift"
    assert visitor.get("/chat/nothing").status_code == 404


def test_who_speaks_is_marked_the_same_by_the_page_and_by_its_script(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    for role in (Role.EDITOR, Role.MODERATOR, Role.VIP):
        helper = factories.person(role.value, is_staff=True, is_verified=True)
        ChannelRole.objects.create(channel=channel, user=helper, role=role)
        services.send_message(actor=helper, channel=channel, content=f"as {role}", nonce="n")
    services.send_message(actor=streamer, channel=channel, content="as owner", nonce="n")
    page = visitor.get("/chat/night-shift").content.decode()
    drawn = re.findall(r'class="badge (\w+)" role="img" aria-label', page.partition("<template")[0])
    assert drawn == [
        "editor", "staff", "verified", "moderator", "staff", "verified", "vip", "staff", "verified", "owner"
    ]  # fmt: skip
    assert set(re.findall(r'<template data-badge="(\w+)"><span class="badge \1"', page)) == set(drawn)


def test_a_reply_tells_what_it_answers_before_any_script(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    first = say(channel, streamer, "<b>what</b> is it")
    say(channel, streamer, "a station", reply_to=first, thread=first)
    page = visitor.get("/chat/night-shift").content.decode()
    assert "Reply to streamer: &lt;b&gt;what&lt;/b&gt; is it" in page
    assert f'data-thread="{first.pk}"' in page


def test_what_a_removed_message_said_is_not_told_by_its_replies(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    first = say(channel, streamer, "a secret", deleted_at=timezone.now())
    say(channel, streamer, "oh", reply_to=first, thread=first)
    page = visitor.get("/chat/night-shift").content.decode()
    assert "Reply to streamer: message removed" in page
    assert "a secret" not in page


def test_lines_of_people_whom_one_blocks_are_hidden_on_the_page(channel: Channel, streamer: User) -> None:
    reader, troll = factories.person("reader"), factories.person("troll")
    block_person(actor=reader, person=troll)
    say(channel, troll, "noise")
    say(channel, streamer, "music")
    hidden = browser_of(reader).get("/chat/night-shift").content.decode().count(" hidden><button")
    assert hidden == 1
    shown = browser_of(streamer).get("/chat/night-shift").content.decode()
    assert " hidden><button" not in shown


def test_the_chats_page_asks_the_database_little(
    channel: Channel, streamer: User, stranger: Client, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        first = say(channel, factories.person(f"talker{number}"), f"line {number}")
        say(channel, streamer, "yes", reply_to=first, thread=first)
    with django_assert_num_queries(7):  # session, person, channel, raid, room, messages, blocks
        stranger.get("/chat/night-shift")


def test_what_holds_in_the_room_stands_on_its_page_already(
    channel: Channel, streamer: User, visitor: Client
) -> None:
    services.edit_modes(actor=streamer, channel=channel, slow=30)
    page = visitor.get("/chat/night-shift").content.decode()
    assert "&quot;slow&quot;:30" in page
