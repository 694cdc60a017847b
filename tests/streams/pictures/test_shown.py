"""Where thumbnails are shown, and where they are not."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from apps.channels.models import Channel
from apps.streams import services
from apps.streams.models import still_name


def test_a_thumbnail_is_on_the_card_the_player_the_link_and_in_the_api(pictured, client: Client):
    small, large = (f"/media/{still_name(pictured.picture, width)}" for width in (320, 640))
    assert f'<img src="{small}"' in client.get("/").content.decode()
    page = client.get(f"/streams/{pictured.channel.slug}").content.decode()
    assert f'poster="{large}"' in page
    assert f'<link rel="preload" as="image" fetchpriority="high" href="{large}">' in page
    assert f'property="og:image" content="http://testserver{large}"' in page
    assert 'data-storyboard-url="/stills/' in page
    body = client.get(f"/api/streams/{pictured.pk}").json()
    assert body["thumbnailUrl"] == large
    assert body["storyboardUrl"].startswith("/stills/")
    hls = client.get(f"/api/streams/{pictured.pk}/hls").json()
    assert client.get(hls["storyboardUrl"]).status_code == 200


def test_without_a_still_a_banner_stands_in(broadcast, client):
    assert client.get(f"/api/streams/{broadcast.pk}").json()["thumbnailUrl"] == ""
    Channel.objects.update(banner="banners/x.webp")
    assert client.get(f"/api/streams/{broadcast.pk}").json()["thumbnailUrl"] == "/media/banners/x.webp"
    assert "/media/banners/x.webp" in client.get("/").content.decode()


def test_who_asks_their_audience_first_shows_it_nothing_unasked(pictured, client):
    Channel.objects.update(is_mature=True)
    slug = pictured.channel.slug
    for path in ("/", f"/streams/{slug}", f"/embed/{slug}", f"/c/{slug}", f"/api/streams/{pictured.pk}"):
        assert pictured.picture not in client.get(path).content.decode(), path
    client.post(f"/streams/{slug}/mature")
    page = client.get(f"/streams/{slug}").content.decode()
    assert f'poster="/media/{pictured.picture}-640.webp"' in page


def test_an_unlisted_channels_thumbnail_is_told_to_who_has_the_link(pictured, client):
    Channel.objects.update(visibility="unlisted")
    assert pictured.picture not in client.get("/").content.decode()
    assert pictured.picture not in client.get("/api/streams").content.decode()
    assert pictured.picture in client.get(f"/streams/{pictured.channel.slug}").content.decode()


def test_a_suspended_channels_is_told_to_nobody(pictured, client):
    Channel.objects.update(suspended_at=timezone.now())
    slug = pictured.channel.slug
    for path in ("/", f"/streams/{slug}", f"/c/{slug}", "/api/streams", f"/api/streams/{pictured.pk}"):
        assert pictured.picture not in client.get(path).content.decode(), path


def test_an_offline_player_has_no_poster(pictured, client):
    services.end_broadcast(actor=pictured.channel.owner, broadcast=pictured)
    page = client.get(f"/streams/{pictured.channel.slug}").content.decode()
    assert "poster=" not in page
    assert 'as="image"' not in page
    assert client.get(f"/api/streams/{pictured.pk}").json()["thumbnailUrl"].endswith("-640.webp")
