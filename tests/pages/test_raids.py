"""The page of raids, and the banner on the pages of viewers."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from apps.channels.models import Channel
from apps.engagement import services
from apps.engagement.models import Raid
from tests import factories

PAGE = "/dashboard/night-shift/raids"


def text_of(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


@pytest.fixture
def orbit(channel: Channel) -> Channel:
    """Another channel; it and the streamer's are live."""
    factories.live(channel, "night")
    other = factories.channel(factories.person("orbiter"), "Orbit")
    factories.live(other, "orbit")
    return other


def begin(channel: Channel, **options: int) -> Raid:
    return services.begin_raid(actor=channel.owner, channel=channel, target="orbit", **options)


def test_a_raid_is_begun_watched_and_cancelled_by_hand(
    channel: Channel, orbit: Channel, owner: Client, visitor: Client
) -> None:
    assert owner.post(f"{PAGE}/begin", {"target": "orbit", "seconds": "60"}).status_code == 302
    assert "You raid Orbit" in text_of(owner.get(PAGE))
    raid = Raid.objects.get()
    watching = text_of(visitor.get("/streams/night-shift"))
    assert f'data-goes data-raid-id="{raid.pk}"' in watching
    assert f'href="/streams/orbit?raid={raid.pk}"' in watching
    assert "is cancelled" in text_of(owner.post(f"{PAGE}/cancel", follow=True))
    assert "data-raid-id" not in text_of(visitor.get("/streams/night-shift"))
    assert "No raid is counting down" in text_of(owner.post(f"{PAGE}/now", follow=True))


def test_the_page_tells_what_went_lately(channel: Channel, orbit: Channel, owner: Client) -> None:
    begin(channel)
    assert "on their way to Orbit" in text_of(owner.post(f"{PAGE}/now", follow=True))
    page = text_of(owner.get(PAGE))
    assert "You went to" in page
    assert "Send your viewers on" in page


@pytest.mark.parametrize("address", ["/embed/night-shift", "/chat/night-shift"])
def test_players_elsewhere_and_chats_by_themselves_only_show_a_link(
    channel: Channel, orbit: Channel, visitor: Client, address: str
) -> None:
    begin(channel)
    page = text_of(visitor.get(address))
    assert "Night shift raids" in page
    assert "data-goes" not in page
    assert "Stay here" not in page


def test_who_came_along_is_told_with_whom_and_nobody_else_is(
    channel: Channel, orbit: Channel, visitor: Client
) -> None:
    raid = begin(channel)
    assert "You came along" not in text_of(visitor.get(f"/streams/orbit?raid={raid.pk}"))
    services.go_now(actor=channel.owner, channel=channel)
    assert "You came along with Night shift" in text_of(visitor.get(f"/streams/orbit?raid={raid.pk}"))
    for wrong in ("x", "", str(channel.pk)):
        assert "You came along" not in text_of(visitor.get(f"/streams/orbit?raid={wrong}"))
    assert "You came along" not in text_of(visitor.get(f"/streams/night-shift?raid={raid.pk}"))


def test_a_channel_for_a_mature_audience_asks_who_comes_along(
    channel: Channel, orbit: Channel, visitor: Client
) -> None:
    Channel.objects.filter(pk=orbit.pk).update(is_mature=True)
    raid = begin(channel)
    services.go_now(actor=channel.owner, channel=channel)
    assert "data-player" not in text_of(visitor.get(f"/streams/orbit?raid={raid.pk}"))


def test_a_refusal_stands_at_its_field(channel: Channel, orbit: Channel, owner: Client) -> None:
    for target in ("nobody-here", "night-shift", ""):
        refused = owner.post(f"{PAGE}/begin", {"target": target, "seconds": "10"})
        assert refused.status_code == 422
        assert 'aria-invalid="true"' in text_of(refused)
    assert not Raid.objects.exists()


def test_who_is_not_live_has_nobody_to_send_on(channel: Channel, owner: Client) -> None:
    assert "No viewers to send on" in text_of(owner.get(PAGE))


def test_whose_raids_are_taken_is_chosen_and_blocks_come_and_go(
    channel: Channel, orbit: Channel, owner: Client
) -> None:
    owner.post(f"{PAGE}/settings", {"accepts": "known"})
    assert services.accepts_of(channel) == "known"
    assert 'name="blocked"' in text_of(owner.get(PAGE))
    assert owner.post(f"{PAGE}/settings", {"accepts": "all"}).status_code == 422
    assert "Raids of Orbit are not taken" in text_of(
        owner.post(f"{PAGE}/blocks", {"blocked": "orbit"}, follow=True)
    )
    owner.post(f"{PAGE}/blocks/{orbit.pk}/remove")
    assert not channel.raid_blocks.exists()


def test_a_moderator_raids_and_chooses_nothing(channel: Channel, orbit: Channel, desk: Client) -> None:
    page = text_of(desk.get(PAGE))
    assert "Send your viewers on" in page
    assert "Raids to this channel" not in page
