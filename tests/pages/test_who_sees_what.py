"""Every page answers each of the cast as it should, live or not."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.utils import timezone

from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from tests import factories
from tests.pages.conftest import browser_of

SIGN_IN = 302
# path: what a visitor, a stranger and the owner get
PAGES = {
    "/": (200, 200, 200),
    "/discover": (200, 200, 200),
    "/discover?category=music&tag=ambient&language=en&mature=1&sort=trending": (200, 200, 200),
    "/discover?category=unheard-of": (404, 404, 404),
    "/discover?sort=loud": (400, 400, 400),
    "/categories": (200, 200, 200),
    "/category/music": (200, 200, 200),
    "/category/unheard-of": (404, 404, 404),
    "/following": (SIGN_IN, 200, 200),
    "/rail": (200, 200, 200),
    "/streams/night-shift": (200, 200, 200),
    "/embed/night-shift": (200, 200, 200),
    "/c/night-shift": (200, 200, 200),
    "/c/night-shift/about": (200, 200, 200),
    "/c/night-shift/live": (302, 302, 302),
    "/dashboard": (SIGN_IN, 200, 200),
    "/dashboard/new": (SIGN_IN, 200, 200),
    "/dashboard/night-shift": (SIGN_IN, 403, 200),
    "/dashboard/night-shift/rehearsal": (SIGN_IN, 403, 200),
    "/dashboard/night-shift/simulcast": (SIGN_IN, 403, 200),
    "/dashboard/night-shift/settings": (SIGN_IN, 403, 200),
    "/dashboard/night-shift/team": (SIGN_IN, 403, 200),
    "/settings": (SIGN_IN, 200, 200),
    "/settings/blocks": (SIGN_IN, 200, 200),
    "/onboarding": (SIGN_IN, 200, 302),
    "/streams/nobody": (404, 404, 404),
    "/c/nobody": (404, 404, 404),
    "/dashboard/nobody": (SIGN_IN, 404, 404),
    "/nothing-here": (404, 404, 404),
    "/auth/login": (200, 302, 302),
    "/auth/register": (200, 302, 302),
    "/auth/password/reset": (200, 200, 200),
    "/auth/email": (SIGN_IN, 200, 200),
    "/auth/2fa/": (SIGN_IN, 200, 200),
    "/auth/sessions": (SIGN_IN, 200, 200),
}
DEEDS = [
    "/dashboard/night-shift/broadcast",
    "/dashboard/night-shift/end",
    "/dashboard/night-shift/key",
    "/dashboard/night-shift/key/rotate",
    "/dashboard/night-shift/backup-key",
    "/dashboard/night-shift/backup-key/rotate",
    "/dashboard/night-shift/rehearsal/key",
    "/dashboard/night-shift/rehearsal/key/rotate",
    "/dashboard/night-shift/delete",
]


@pytest.mark.parametrize("is_live", [False, True], ids=["offline", "live"])
@pytest.mark.parametrize(("path", "answers"), PAGES.items(), ids=PAGES)
def test_each_page_answers_each_of_the_cast(
    path: str,
    answers: tuple[int, int, int],
    is_live: bool,
    channel: Channel,
    visitor: Client,
    stranger: Client,
    owner: Client,
) -> None:
    if is_live:
        factories.live(channel)
    found = tuple(client.get(path).status_code for client in (visitor, stranger, owner))
    assert found == answers


@pytest.mark.parametrize("path", DEEDS)
def test_a_strangers_deeds_on_a_dashboard_are_refused_and_nothing_happens(
    path: str, channel: Channel, stranger: Client, visitor: Client
) -> None:
    broadcast = factories.live(channel)
    assert stranger.post(path, {"title": "Mine now", "confirmation": channel.slug}).status_code == 403
    assert visitor.post(path).status_code == 302
    broadcast.refresh_from_db()
    assert broadcast.is_live
    assert broadcast.title != "Mine now"
    assert Channel.objects.filter(pk=channel.pk).exists()
    assert channel.stream_keys.count() == 1


@pytest.mark.parametrize("path", DEEDS)
def test_deeds_are_posted_never_linked(path: str, channel: Channel, owner: Client) -> None:
    assert owner.get(path).status_code == 405


def test_helpers_see_what_their_role_allows(channel: Channel) -> None:
    editor, moderator = factories.person("editor"), factories.person("moderator")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    ChannelRole.objects.create(channel=channel, user=moderator, role=Role.MODERATOR)
    dashboard = browser_of(editor).get("/dashboard/night-shift")
    assert dashboard.status_code == 200
    assert "Show the key" not in dashboard.content.decode()
    assert "Night shift" in browser_of(editor).get("/dashboard").content.decode()
    assert browser_of(editor).post("/dashboard/night-shift/key").status_code == 403
    assert "Delete channel" not in browser_of(editor).get("/dashboard/night-shift/settings").content.decode()
    assert browser_of(moderator).get("/dashboard/night-shift").status_code == 403
    test = browser_of(editor).get("/dashboard/night-shift/rehearsal")
    assert test.status_code == 200
    assert "The channel's owner has the test key" in html.unescape(test.content.decode())
    assert browser_of(editor).post("/dashboard/night-shift/rehearsal/key").status_code == 403
    assert browser_of(moderator).get("/dashboard/night-shift/rehearsal").status_code == 403
    mine = browser_of(moderator).get("/dashboard").content.decode()
    assert "/streams/night-shift" in mine
    assert "/dashboard/night-shift/settings" not in mine


def test_an_old_address_leads_to_the_channel(channel: Channel, owner: Client, visitor: Client) -> None:
    owner.post(
        "/dashboard/night-shift/settings",
        {"name": channel.name, "slug": "day-shift", "language": "en", "visibility": "public"},
    )
    assert visitor.get("/c/night-shift").headers["Location"] == "/c/day-shift"
    assert visitor.get("/streams/night-shift").headers["Location"] == "/streams/day-shift"


def test_an_unlisted_channel_is_open_to_who_has_the_link_and_listed_nowhere(
    channel: Channel, visitor: Client
) -> None:
    factories.live(channel)
    Channel.objects.filter(pk=channel.pk).update(visibility="unlisted")
    assert "Night shift" not in visitor.get("/").content.decode()
    page = visitor.get("/streams/night-shift").content.decode()
    assert "/live/" in page
    assert 'name="robots" content="noindex"' in page


def test_a_suspended_channel_is_gone_for_all_but_its_owner_who_reads_why(
    channel: Channel, visitor: Client, stranger: Client, owner: Client
) -> None:
    factories.live(channel)
    Channel.objects.filter(pk=channel.pk).update(
        suspended_at=timezone.now(), suspension_reason="Somebody else's film."
    )
    for path in ("/streams/night-shift", "/c/night-shift", "/c/night-shift/about", "/chat/night-shift"):
        for browser in (visitor, stranger):
            answer = browser.get(path)
            page = html.unescape(answer.content.decode())
            assert answer.status_code == 404
            assert "<h1>This channel is suspended</h1>" in page
            assert 'href="/discover"' in page
            assert "Somebody else's film." not in page
            assert "Night shift" not in page
        assert f'href="/auth/login?next={path}"' in visitor.get(path).content.decode()
    for path in ("/streams/night-shift", "/c/night-shift", "/dashboard/night-shift"):
        page = owner.get(path)
        assert page.status_code == 200
        assert "Somebody else&#x27;s film." in page.content.decode()


def test_other_sites_show_that_a_channel_is_suspended(channel: Channel, visitor: Client) -> None:
    Channel.objects.filter(pk=channel.pk).update(suspended_at=timezone.now())
    answer = visitor.get("/embed/night-shift")
    page = answer.content.decode()
    assert answer.status_code == 404
    assert "<h1>This channel is suspended</h1>" in page
    assert 'target="_blank"' in page
    assert "X-Frame-Options" not in answer.headers
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]


def test_a_channel_that_went_with_its_owner_is_called_closed_not_suspended(
    channel: Channel, visitor: Client
) -> None:
    Channel.objects.filter(pk=channel.pk).update(suspended_at=timezone.now(), suspended_with_owner=True)
    page = visitor.get("/c/night-shift").content.decode()
    assert "<h1>This channel is closed</h1>" in page
    assert "suspended" not in page


def test_a_mature_channel_asks_first_and_remembers_the_answer(
    channel: Channel, visitor: Client, owner: Client
) -> None:
    factories.live(channel)
    Channel.objects.filter(pk=channel.pk).update(is_mature=True)
    assert "/live/" not in visitor.get("/streams/night-shift").content.decode()
    assert "/live/" not in visitor.get("/embed/night-shift").content.decode()
    assert "/live/" in owner.get("/streams/night-shift").content.decode()
    answer = visitor.post("/streams/night-shift/mature", follow=True)
    assert "/live/" in answer.content.decode()


def test_pages_survive_the_loss_of_everything_for_a_500(visitor: Client) -> None:
    from django.template.loader import render_to_string

    assert "Something broke on our side" in render_to_string("500.html")
