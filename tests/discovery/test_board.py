"""The board: what of it is drawn anew, and what it shows when anything of a broadcast changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.channels.models import Category, Channel
from apps.discovery.board import Board, _read
from apps.streams.models import Broadcast, Status
from tests import factories

from .conftest import on_air

pytestmark = pytest.mark.django_db


def drawn(board: Board) -> list[str]:
    return [row.card + row.rail_item for row in board.all]


def test_what_has_not_changed_stays_as_it_was_drawn_though_its_node_reports() -> None:
    loud, quiet = on_air("Loud place", viewers=9), on_air("Quiet place", viewers=1)
    first = _read(None)
    Broadcast.objects.filter(pk=loud.pk).update(media_at=timezone.now(), pictured_at=timezone.now())
    Broadcast.objects.filter(pk=quiet.pk).update(viewer_count=2)
    second = _read(first)
    assert second.all[0] is first.all[0]
    assert second.all[1] is not first.all[1]
    assert ["2 watching" in card for card in drawn(second)] == [False, True]


@pytest.mark.parametrize(
    ("model", "change", "shown"),
    [
        (Broadcast, {"title": "Another title"}, "Another title"),
        (Broadcast, {"status": Status.ENDING}, "RECONNECTING"),
        (Broadcast, {"picture": "thumbnails/other"}, "/media/thumbnails/other-640.webp"),
        (Broadcast, {"viewer_count": 1234}, "1,234 watching"),
        (Channel, {"name": "Another name"}, "Another name"),
        (Channel, {"slug": "another-address"}, "/streams/another-address"),
        (Channel, {"avatar": "avatars/other.webp"}, "/media/avatars/other.webp"),
        (Channel, {"banner": "banners/other.webp"}, "/media/banners/other.webp"),
        (Channel, {"is_verified": True}, "verified"),
        (Category, {"name": "Another kind"}, "Another kind"),
    ],
)
def test_whatever_a_card_shows_is_shown_as_it_is_now(model: Any, change: dict[str, Any], shown: str) -> None:
    on_air("Loud place", category="music")
    before = _read(None)
    assert shown not in drawn(before)[0]
    model.objects.filter(**({"slug": "music"} if model is Category else {})).update(**change)
    assert shown in drawn(_read(before))[0]


@pytest.mark.parametrize(
    "change",
    [{"visibility": "unlisted"}, {"suspended_at": timezone.now()}, {"is_live": False}],
    ids=["unlisted", "suspended", "off air"],
)
def test_what_may_stand_in_lists_no_more_is_gone(change: dict[str, Any]) -> None:
    on_air("Loud place")
    before = _read(None)
    Channel.objects.update(**change)
    assert before.all
    assert not _read(before).all


def test_a_picture_goes_from_its_card_when_the_channel_becomes_one_for_a_mature_audience() -> None:
    broadcast = on_air("Loud place")
    Broadcast.objects.filter(pk=broadcast.pk).update(picture="thumbnails/still")
    before = _read(None)
    assert "thumbnails/still" in drawn(before)[0]
    Channel.objects.update(is_mature=True)
    after = _read(before)
    assert "thumbnails/still" not in drawn(after)[0]
    assert not after.open_to_all


def test_all_that_the_api_tells_of_a_broadcast_comes_with_the_board(django_assert_num_queries: Any) -> None:
    factories.live(factories.channel(name="Loud place", category="music"))
    with django_assert_num_queries(2):  # the board and the tree of categories
        told = APIClient().get("/api/browse").json()["data"][0]
    assert (told["categoryName"], told["channel"]["name"], told["status"]) == ("Music", "Loud place", "LIVE")
