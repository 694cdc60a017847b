"""The pages of shows: set up, put on, key, archive, delete."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.streams import services
from apps.streams.models import Broadcast, Show, StreamKey
from tests import factories

from .conftest import browser_of

LIST = "/dashboard/night-shift/shows"
KEY = re.compile(r"show_[0-9a-f]{40}")
FIELDS = {
    "name": "Monday jam",
    "title_pattern": "Jam #{n}",
    "next_number": "3",
    "category": "music",
    "tags": "a, b",
}


def text_of(response: object) -> str:
    return html.unescape(response.content.decode())  # type: ignore[attr-defined]


@pytest.fixture
def show(channel: Channel) -> Show:
    return services.create_show(
        actor=channel.owner,
        channel=channel,
        name="Monday jam",
        title_pattern="Jam #{n}",
        chat_modes={"slow": 7},
    )


def test_a_show_is_set_up_from_the_empty_page_on(channel: Channel, owner: Client) -> None:
    assert "No show yet" in text_of(owner.get(LIST))
    made = owner.post(f"{LIST}/new", FIELDS | {"slow": "30", "unique": "true", "followers_only": "null"})
    show = Show.objects.get()
    assert made.headers["Location"] == f"{LIST}/{show.pk}"
    assert show.chat_modes == {"slow": 30, "unique": True, "followers_only": None}
    assert (show.tags, show.category.slug, show.next_number) == (["a", "b"], "music", 3)
    assert "Next: Jam #3" in text_of(owner.get(LIST))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("title_pattern", "{x}", "{x} stands for nothing"),
        ("name", "", "can't be empty"),
        ("slow", "1", "valid choice"),
    ],
)
def test_what_is_refused_stands_in_the_form_with_its_reason(
    channel: Channel, owner: Client, field: str, value: str, said: str
) -> None:
    refused = owner.post(f"{LIST}/new", FIELDS | {field: value})
    assert refused.status_code == 422
    assert said in text_of(refused)
    assert not Show.objects.exists()


def test_editing_keeps_what_the_form_does_not_know(channel: Channel, owner: Client, show: Show) -> None:
    services.edit_show(actor=channel.owner, show=show, chat_modes={"slow": 7, "members_only": True})
    page = text_of(owner.get(f"{LIST}/{show.pk}"))
    assert '<option value="7" selected>7</option>' in page
    assert owner.post(f"{LIST}/{show.pk}", FIELDS | {"slow": "7"}).status_code == 302
    show.refresh_from_db()
    assert show.chat_modes == {"slow": 7, "members_only": True}


def test_its_key_is_hidden_until_asked_for_and_never_cached(
    channel: Channel, owner: Client, show: Show
) -> None:
    page = f"{LIST}/{show.pk}"
    assert not KEY.search(text_of(owner.get(page)))
    shown = owner.post(f"{page}/key")
    assert "no-store" in shown.headers["Cache-Control"]
    key = KEY.search(text_of(shown)).group()  # type: ignore[union-attr]
    assert (
        services.reveal_key(actor=channel.owner, channel=channel, kind=StreamKey.Kind.SHOW, show=show) == key
    )
    rotated = text_of(owner.post(f"{page}/key/rotate"))
    assert KEY.search(rotated).group() != key  # type: ignore[union-attr]
    assert "The old one has stopped working" in rotated


def test_starting_it_announces_it_once(channel: Channel, owner: Client, show: Show) -> None:
    assert "Jam #1" in text_of(owner.post(f"{LIST}/{show.pk}/start", follow=True))
    owner.post(f"{LIST}/{show.pk}/start")
    assert [b.title for b in Broadcast.objects.all()] == ["Jam #1"]


def test_while_live_no_show_can_be_started(channel: Channel, owner: Client, show: Show) -> None:
    factories.live(channel)
    assert "Start with this show" not in text_of(owner.get(LIST))
    assert "live already" in text_of(owner.post(f"{LIST}/{show.pk}/start", follow=True))


def test_it_is_archived_restored_and_deleted(channel: Channel, owner: Client, show: Show) -> None:
    assert "is archived" in text_of(owner.post(f"{LIST}/{show.pk}/archive", follow=True))
    assert "Its key is refused" in text_of(owner.get(f"{LIST}/{show.pk}"))
    assert owner.post(f"{LIST}/{show.pk}/key").status_code == 409
    assert "is back" in text_of(owner.post(f"{LIST}/{show.pk}/restore", follow=True))
    assert "is deleted" in text_of(owner.post(f"{LIST}/{show.pk}/delete", follow=True))
    assert owner.get(f"{LIST}/{show.pk}").status_code == 404


def test_an_editor_sets_up_shows_and_sees_no_key(channel: Channel, show: Show) -> None:
    editor = factories.person("editor")
    ChannelRole.objects.create(channel=channel, user=editor, role=Role.EDITOR)
    page = text_of(browser_of(editor).get(f"{LIST}/{show.pk}"))
    assert "What it sets" in page
    assert "Key of this show" not in page


def test_the_list_asks_no_more_for_more_shows(
    channel: Channel, owner: Client, show: Show, django_assert_max_num_queries
) -> None:
    for number in range(10):
        services.create_show(
            actor=channel.owner, channel=channel, name=f"S{number}", title_pattern="x", category="music"
        )
    owner.get(LIST)
    with django_assert_max_num_queries(14):
        owner.get(LIST)
