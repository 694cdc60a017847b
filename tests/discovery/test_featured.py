"""What staff put on home, through the admin."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from apps.channels.models import Category, Channel
from apps.core.models import AuditEntry
from apps.discovery.models import Banner, FeaturedChannel
from tests import factories
from tests.pages.conftest import browser_of

from .conftest import on_air


@pytest.fixture
def desk(db: None) -> Client:
    """A browser of staff who may do everything."""
    return browser_of(factories.person("boss", is_staff=True, is_superuser=True))


def picture(name: str = "cover.png") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (1000, 900), "teal").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def hero(client: Client) -> str:
    page = client.get("/").content.decode()
    part = page[page.index('<section class="hero"') :]
    return part[part.index('aria-label="Player: ') + 20 :].partition('"')[0]


def test_a_featured_channel_plays_first_while_it_is_on_air(desk: Client, visitor: Client) -> None:
    on_air("Loud place", viewers=50)
    chosen = on_air("Chosen place").channel
    assert hero(visitor) == "Loud place"
    desk.post("/admin/discovery/featuredchannel/add/", {"channel": str(chosen.pk), "position": "0"})
    assert hero(visitor) == "Chosen place"
    entry = AuditEntry.objects.get(action="featuredchannel.added")
    assert entry.subject_id == str(FeaturedChannel.objects.get().pk)
    Channel.objects.filter(pk=chosen.pk).update(is_mature=True)
    assert hero(visitor) == "Loud place"


@pytest.mark.parametrize(("begins", "ends"), [(1, None), (None, -1), (-2, -1)])
def test_a_place_is_taken_only_for_its_time(
    begins: int | None, ends: int | None, visitor: Client, db: None
) -> None:
    on_air("Loud place", viewers=50)
    now = timezone.now()
    FeaturedChannel.objects.create(
        channel=on_air("Chosen place").channel,
        begins_at=now + timedelta(hours=begins) if begins else None,
        ends_at=now + timedelta(hours=ends) if ends else None,
    )
    assert hero(visitor) == "Loud place"


def test_a_banner_is_shown_and_leads_into_the_site(desk: Client, visitor: Client) -> None:
    fields = {"title": "Jam <night>", "text": "Bring a song.", "link": "/category/music", "link_text": "Go"}
    desk.post("/admin/discovery/banner/add/", fields | {"position": "0", "picture": picture()})
    page = visitor.get("/").content.decode()
    assert "Jam &lt;night&gt;" in page
    assert 'href="/category/music"><img src="/media/banners/' in page
    assert Banner.objects.get().picture.name.endswith(".webp")


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere", "x", "/a b"]
)
def test_a_banner_leads_nowhere_else(link: str, desk: Client) -> None:
    fields = {"title": "Jam", "link": link, "link_text": "Go", "position": "0"}
    answer = desk.post("/admin/discovery/banner/add/", fields)
    assert "stays on this site" in answer.content.decode()
    assert not Banner.objects.exists()


def test_what_ends_before_it_begins_is_refused(desk: Client) -> None:
    channel = factories.channel()
    when = {
        "begins_at_0": "2026-02-02",
        "begins_at_1": "10:00",
        "ends_at_0": "2026-02-01",
        "ends_at_1": "10:00",
    }
    answer = desk.post(
        "/admin/discovery/featuredchannel/add/", {"channel": str(channel.pk), "position": "0", **when}
    )
    assert "It must end after it begins." in answer.content.decode()
    assert not FeaturedChannel.objects.exists()


def test_a_category_gets_a_cover_that_is_a_clean_picture(desk: Client, visitor: Client) -> None:
    music = Category.objects.get(slug="music")
    address = f"/admin/live_channels/category/{music.pk}/change/"
    fields = {"name": "Music", "slug": "music", "position": "2", "icon": "music", "parent": ""}
    hostile = SimpleUploadedFile("x.svg", b"<svg onload='alert(1)'/>", "image/svg+xml")
    assert "Use JPEG, PNG, WebP or GIF" in desk.post(address, fields | {"cover": hostile}).content.decode()
    desk.post(address, fields | {"cover": picture()})
    assert 'src="/media/categories/' in visitor.get("/categories").content.decode()
    assert AuditEntry.objects.filter(action="category.changed").exists()


def test_the_tree_of_categories_stays_two_levels_high(desk: Client) -> None:
    djs, other = Category.objects.get(slug="djs"), Category.objects.get(slug="music")
    fields = {"name": "Music", "slug": "music", "position": "2", "icon": "", "parent": str(djs.pk)}
    answer = desk.post(f"/admin/live_channels/category/{other.pk}/change/", fields)
    assert "Choose a category that stands below no other." in answer.content.decode()
