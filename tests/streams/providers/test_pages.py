"""What creators and viewers see of a site whose pictures are elsewhere."""

from __future__ import annotations

import html

import pytest
from django.test import Client

from apps.streams import services
from apps.streams.models import LiveInput
from tests.pages.conftest import browser_of


@pytest.fixture
def owner(channel) -> Client:
    return browser_of(channel.owner)


def read(client: Client, path: str, **posted: str) -> str:
    answer = client.post(path, posted, follow=True) if posted else client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_dashboard_names_the_provider_and_shows_its_door_with_the_key(host, channel, owner):
    dashboard = f"/dashboard/{channel.slug}"
    page = read(owner, dashboard)
    assert "This site takes streams through" in page
    assert "Show the key: then the server's address stands here" in page
    assert "data-health-panel" not in page
    assert host.asked == []
    page = html.unescape(owner.post(f"{dashboard}/key").content.decode())
    stream = next(iter(host.streams.values()))
    assert (stream.get("stream_key") or stream["rtmps"]["streamKey"]) in page
    assert LiveInput.objects.get().ingest_url in page
    assert 'id="door" hidden' in page


def test_a_provider_that_is_down_is_said_on_the_page(host, channel, owner):
    host.breaks(500)
    answer = owner.post(f"/dashboard/{channel.slug}/key")
    assert answer.status_code == 503
    assert "does not answer at the moment" in answer.content.decode()


def test_viewers_get_the_provider_s_playlist_and_no_stills(host, channel, owner, tell):
    services.reveal_key(actor=channel.owner, channel=channel)
    door = LiveInput.objects.get()
    tell(host.started(door.external_id))
    for path in (f"/streams/{channel.slug}", f"/embed/{channel.slug}", "/"):
        page = read(Client(), path)
        assert f'data-hls-url="{host.url}/{door.playback_id}' in page
        assert 'data-storyboard-url=""' in page
    page = read(owner, f"/dashboard/{channel.slug}")
    assert f'data-hls-url="{host.url}/{door.playback_id}' in page
    page = read(owner, f"/dashboard/{channel.slug}/end", sure="yes")
    assert "It is let in when you announce the next stream" in page
    assert 'id="door" hidden' not in page


def test_the_simulcast_page_says_that_nothing_is_forwarded(mux_host, channel, owner):
    page = read(owner, f"/dashboard/{channel.slug}/simulcast")
    assert "This site takes streams through Mux" in page
