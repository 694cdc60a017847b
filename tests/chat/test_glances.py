"""What a page shows of a room is read once for a crowd, and looks to each of them as it should."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.services import block_person
from apps.channels.models import Channel
from apps.chat.glances import _glances
from apps.chat.models import ChatRoom, Message
from apps.moderation.models import Sanction
from tests import factories
from tests.pages.conftest import browser_of
from tests.pages.test_watching import say

PAGE = "/streams/night-shift"


@pytest.fixture
def channel(db: None) -> Channel:
    return factories.channel(name="Night shift")


@pytest.fixture
def kept(settings: Any) -> None:
    """A glance is shared for a second, as it is outside of tests."""
    settings.KEEP_LISTS = True
    _glances.forget()


def line(page: str, words: str) -> str:
    """The line of the log that holds these words."""
    return next(each for each in re.findall(r"<li data-seq.*?</li>", page, re.DOTALL) if words in each)


def test_a_crowd_that_comes_at_once_reads_the_room_once(
    kept: None, channel: Channel, django_assert_max_num_queries: Any
) -> None:
    say(channel, channel.owner, "Hello there")
    first = Client().get(PAGE).content.decode()
    Message.objects.update(content="Told later by the socket")
    with django_assert_max_num_queries(4) as asked:
        second = Client().get(PAGE).content.decode()
    assert "Hello there" in line(first, "Hello") and "Hello there" in line(second, "Hello")
    assert not [each for each in asked.captured_queries if "chat_" in each["sql"]]
    # From there the socket goes on: not from when this page was made.
    marks = [re.findall(r'data-(?:since|last-seq)="[^"]+"', page) for page in (first, second)]
    assert marks[0] == marks[1] and len(marks[0]) == 2


def test_a_glance_is_forgotten_after_a_second(kept: None, channel: Channel) -> None:
    Client().get(PAGE)
    say(channel, channel.owner, "Hello there")
    _glances._of(channel.pk)._held = (0.0, _glances.get(channel.pk))
    assert "Hello there" in Client().get(PAGE).content.decode()


def test_rooms_are_kept_apart(kept: None, channel: Channel) -> None:
    other = factories.channel(name="Day shift")
    say(channel, channel.owner, "Good night")
    say(other, other.owner, "Good morning")
    for _ in range(2):
        pages = [Client().get(path).content.decode() for path in (PAGE, "/streams/day-shift")]
        assert ["Good night" in page for page in pages] == [True, False]
        assert ["Good morning" in page for page in pages] == [False, True]


def test_whom_one_blocks_nobody_else_misses(kept: None, channel: Channel) -> None:
    noisy, blocker, other = (factories.person(name) for name in ("noisy", "blocker", "other"))
    say(channel, noisy, "Loud words")
    say(channel, channel.owner, "Quiet words")
    block_person(actor=blocker, person=noisy)
    for reader, is_hidden in ((other, False), (blocker, True), (other, False), (None, False)):
        page = (browser_of(reader) if reader else Client()).get(PAGE).content.decode()
        assert bool(re.search(r"^<li [^>]* hidden>", line(page, "Loud words"))) == is_hidden
        assert not re.search(r"^<li [^>]* hidden>", line(page, "Quiet words"))


def test_only_moderators_read_what_people_wrote_who_are_kept_out(kept: None, channel: Channel) -> None:
    banned = factories.person("banned")
    say(channel, banned, "Bad words")
    Sanction.objects.create(channel=channel, user=banned, kind=Sanction.Kind.BAN, created_by=channel.owner)
    visitors, stranger = Client(), browser_of(factories.person("stranger"))
    for _ in range(2):
        assert "Bad words" in line(browser_of(channel.owner).get(PAGE).content.decode(), "data-struck")
        for reader in (visitors, stranger):
            page = reader.get(PAGE).content.decode()
            assert "Bad words" not in page
            assert "Message removed" in line(page, "data-struck")


def test_each_reads_the_time_of_their_own_zone(kept: None, channel: Channel) -> None:
    message = say(channel, channel.owner, "Hello there")
    said = timezone.now().replace(hour=12, minute=0)
    Message.objects.filter(pk=message.pk).update(created_at=said)

    def reader(zone: str) -> Client:
        person = factories.person(zone.rpartition("/")[2].lower())
        User.objects.filter(pk=person.pk).update(time_zone=zone)
        return browser_of(person)

    there, here = reader("Asia/Tokyo"), reader("UTC")
    for _ in range(2):
        shown = [line(each.get(PAGE).content.decode(), "Hello")[-400:] for each in (there, here, Client())]
        assert [">21:00<" in each for each in shown] == [True, False, False]
        assert [">12:00<" in each for each in shown] == [False, True, True]


def test_nobodys_ticket_or_name_is_in_anothers_page(kept: None, channel: Channel) -> None:
    say(channel, channel.owner, "Hello there")
    people = [factories.person(name) for name in ("ann", "ben")]
    pages = [browser_of(person).get(PAGE).content.decode() for person in people]
    pages.append(Client().get(PAGE).content.decode())
    assert ['data-me="ann"' in page for page in pages] == [True, False, False]
    assert ['data-me="ben"' in page for page in pages] == [False, True, False]
    tickets = [re.findall(r'data-ticket="([^"]*)"', page)[0] for page in pages]
    assert tickets[2] == "" and len(set(tickets)) == 3


def test_a_pin_and_modes_are_part_of_a_glance(kept: None, channel: Channel) -> None:
    message = say(channel, channel.owner, "Hello there")
    ChatRoom.objects.filter(pk=channel.pk).update(pinned=message, slow_seconds=30)
    page = Client().get(PAGE).content.decode()
    assert "&quot;slow&quot;:30" in page
    assert f"&quot;pinned&quot;:{{&quot;id&quot;:&quot;{message.pk}" in page


def test_a_time_out_that_is_over_is_over_on_pages(channel: Channel) -> None:
    person = factories.person("loud")
    say(channel, person, "Bad words")
    past = timezone.now() - timedelta(minutes=1)
    Sanction.objects.create(
        channel=channel, user=person, kind=Sanction.Kind.TIMEOUT, expires_at=past, created_by=channel.owner
    )
    assert "Bad words" in Client().get(PAGE).content.decode()
