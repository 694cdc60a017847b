"""Who gets in, by which address, and how many at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import selectors
from apps.chat.rooms import Rooms
from apps.core.realtime import doors
from apps.core.realtime.hub import Hub
from tests import factories

from .conftest import Dial, story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", ["channels", "dashboard"])
def test_a_ticket_works_once(dial: Dial, channel: Channel, streamer: User, kind: str) -> None:
    path = f"/ws/{kind}/{channel.slug}?ticket={factories.ticket(streamer)}"

    async def steps() -> None:
        async with dial(path) as first:
            await first.send("ping")
            await first.next("pong")
        async with dial(path) as second:
            assert await second.closed() == 4401

    story(steps)


@pytest.mark.parametrize("kind", ["channels", "dashboard"])
def test_used_tickets_take_none_of_their_persons_places(
    dial: Dial, channel: Channel, streamer: User, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(doors.people, "most", 2)
    path = f"/ws/{kind}/{channel.slug}"
    used = f"{path}?ticket={factories.ticket(streamer)}"

    async def steps() -> None:
        async with dial(used) as owner:
            async with dial(used) as one, dial(used) as two:  # neither answers that it is closed
                assert await one.closed() == await two.closed() == 4401
                async with dial(path, who=streamer) as again:
                    await again.send("ping")
                    await again.next("pong")
            await owner.send("ping")
            await owner.next("pong")
        assert not doors.people._open

    story(steps)


def test_who_is_not_let_in_takes_no_place_of_their_own(
    dial: Dial, channel: Channel, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors.people, "most", 1)
    path = f"/ws/channels/{channel.slug}"

    def away(*_: object) -> None:
        raise DatabaseError("away")

    async def steps() -> None:
        with monkeypatch.context() as broken:
            broken.setattr(selectors, "speakers", away)
            one, two = dial(path, who=viewer), dial(path, who=viewer)
            async with one as first, two as second:  # neither answers that it is closed
                assert await first.closed() == await second.closed() == 1013
                broken.undo()
                async with dial(path, who=viewer) as again:
                    await again.send("ping")
                    await again.next("pong")

    story(steps)


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/ws/channels/{slug}?ticket=forged", {}, 4401),
        ("/ws/channels/{slug}", {"authorization": "Bearer forged"}, 4401),
        ("/ws/channels/nowhere", {}, 4404),
        ("/ws/channels/a\0b", {}, 4404),
        ("/ws/dashboard/a\0b", {}, 4404),
        ("/ws/nothing", {}, 4404),
        ("/ws/channels/{slug}", {"origin": "https://evil.example", "host": "testserver"}, 4403),
        ("/ws/dashboard/{slug}", {}, 4403),
    ],
)
def test_who_may_not_come_in_is_told_by_the_close_code(
    dial: Dial, channel: Channel, path: str, headers: dict[str, str], code: int
) -> None:
    async def steps() -> None:
        async with dial(path.format(slug=channel.slug), headers=headers) as client:
            assert await client.closed() == code

    story(steps)


def test_a_page_of_this_host_may_open_sockets(dial: Dial, channel: Channel) -> None:
    async def steps() -> None:
        given = {"origin": "http://live.example:8000", "host": "live.example:8000"}
        async with dial(headers=given) as client:
            await client.next("chat:history")

    story(steps)


def test_a_former_address_leads_to_the_room_and_a_suspended_channel_to_none(
    dial: Dial, channel: Channel
) -> None:
    channel.old_slugs.create(slug="the-old-name")
    suspended = factories.channel(name="Shut")
    suspended.suspended_at = timezone.now()
    suspended.save()

    async def steps() -> None:
        async with dial("/ws/channels/the-old-name") as client:
            await client.next("chat:history")
        async with dial(f"/ws/channels/{suspended.slug}") as client:
            assert await client.closed() == 4404

    story(steps)


def test_one_person_holds_only_so_many_sockets(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors.people, "most", 2)

    async def steps() -> None:
        async with dial(who=viewer) as one, dial(who=viewer) as two:
            await one.next("chat:history")
            await two.next("chat:history")
            async with dial(who=viewer) as three:
                assert await three.closed() == 4429
            await one.send("ping")
            await one.next("pong")
        async with dial(who=viewer) as again:
            await again.next("chat:history")

    story(steps)


def test_one_address_holds_only_so_many_sockets(
    dial: Dial, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setattr(doors.addresses, "most", 2)
    here = {"x-forwarded-for": "forged, 203.0.113.5"}
    household = [{"x-forwarded-for": f"2001:db8::{n}"} for n in range(3)]

    async def steps() -> None:
        async with dial(headers=here), dial(headers=here), dial(headers=here) as three:
            assert await three.closed() == 4429
            async with dial(headers={"x-forwarded-for": "203.0.113.6"}) as neighbour:
                await neighbour.next("chat:history")
        one, two, three = (dial(headers=member) for member in household)
        async with one, two, three as third:
            assert await third.closed() == 4429

    story(steps)


def test_an_address_with_countless_parameters_is_read_as_one_with_none(dial: Dial, channel: Channel) -> None:
    async def steps() -> None:
        async with dial(f"/ws/channels/{channel.slug}?{'&'.join(f'p{n}=1' for n in range(100))}") as client:
            await client.next("chat:history")

    story(steps)


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"),
        ("2001:db8::5", "2001:db8::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
    ],
)
def test_an_address_counts_as_one_however_it_is_written(peer: str, address: str | None) -> None:
    assert doors.address_of({"client": (peer, 1), "headers": []}) == address


def test_everybody_gone_leaves_nothing_behind(
    dial: Dial, channel: Channel, streamer: User, viewer: User
) -> None:
    async def steps() -> None:
        hub, rooms = Hub.here(), Rooms.here()
        dashboard = dial(f"/ws/dashboard/{channel.slug}", who=streamer)
        async with dial(who=viewer) as one, dial() as two, dashboard as crew:
            await one.next("chat:history")
            await two.next("chat:history")
            await crew.send("ping")
            await crew.next("pong")
            assert len(hub.topics) == 5
        assert (hub.topics, hub.connections, rooms._rooms) == ({}, set(), {})
        assert not doors.people._open
        async with asyncio.timeout(5):
            while hub.joined:
                await asyncio.sleep(0.01)

    story(steps)
