"""What search engines and installed apps ask for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.test import Client
from django.utils.timezone import now
from PIL import Image

from aethex import robots
from apps.channels.models import Channel
from tests import factories

from .conftest import browser_of

STATIC = Path(__file__).resolve().parents[2] / "static"
pytestmark = pytest.mark.django_db


def locations(client: Client, path: str) -> list[str]:
    return re.findall(r"<loc>([^<]+)</loc>", client.get(path).content.decode())


def test_robots_stay_before_the_door(visitor: Client) -> None:
    answer = visitor.get("/robots.txt")
    lines = answer.content.decode().splitlines()
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert {"User-agent: *", "Disallow: /auth/", "Disallow: /admin/", "Disallow: /api/"} <= set(lines)
    assert visitor.get("/settings").headers["Location"].startswith("/auth/")
    assert "Sitemap: http://testserver/sitemap.xml" in lines


def test_the_map_names_channels_that_may_be_found_and_no_others(visitor: Client, channel: Channel) -> None:
    hidden, closed = factories.channel(), factories.channel()
    Channel.objects.filter(pk=hidden.pk).update(visibility=Channel.Visibility.UNLISTED)
    Channel.objects.filter(pk=closed.pk).update(suspended_at=now())
    assert "http://testserver/sitemap-channels.xml" in locations(visitor, "/sitemap.xml")
    assert locations(visitor, "/sitemap-channels.xml") == ["http://testserver/c/night-shift"]
    assert "http://testserver/" in locations(visitor, "/sitemap-pages.xml")
    assert visitor.get("/sitemap-nothing.xml").status_code == 404


def test_a_long_map_has_pages(visitor: Client, channel: Channel, monkeypatch) -> None:
    monkeypatch.setattr(robots.Channels, "limit", 1)
    other = factories.channel(name="Day shift")
    parts = locations(visitor, "/sitemap.xml")
    assert "http://testserver/sitemap-channels.xml?p=2" in parts
    found = [place for part in parts if "channels" in part for place in locations(visitor, part)]
    assert found == [f"http://testserver/c/{slug}" for slug in ("night-shift", other.slug)]


def test_the_page_without_network_is_the_same_for_everybody(visitor: Client, channel: Channel) -> None:
    signed_in = browser_of(channel.owner).get("/offline").content
    assert b"You are offline" in signed_in
    assert visitor.get("/offline").content == signed_in


def test_the_service_worker_keeps_no_page_but_that_one(visitor: Client) -> None:
    answer = visitor.get("/worker.js")
    script = answer.content.decode()
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert re.search(r'KEPT = "offline-[0-9a-f]{12}"', script)
    (files,) = re.findall(r"FILES = (\[.*\]);", script)
    assert [file for file in json.loads(files) if not file.startswith("/static/")] == ["/offline"]
    for file in json.loads(files)[1:]:
        assert (STATIC / file.removeprefix("/static/")).is_file(), file


def test_the_app_has_icons_of_the_sizes_that_it_names() -> None:
    manifest = json.loads((STATIC / "manifest.webmanifest").read_text())
    for icon in manifest["icons"]:
        with Image.open(STATIC / icon["src"]) as image:
            assert f"{image.width}x{image.height}" == icon["sizes"]
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert [icon["src"] for icon in manifest["icons"] if icon.get("purpose") == "maskable"]
