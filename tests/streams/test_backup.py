"""A channel's two encoders: who has the broadcast, who stands by, and when they change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest import raises

from apps.streams import services
from apps.streams.media import StandbyInfo
from apps.streams.media.ports import Refused
from apps.streams.models import Broadcast, Status, StreamKey
from apps.streams.services import Publishing

MAIN, BACKUP = StreamKey.Kind.MAIN, StreamKey.Kind.BACKUP
HERE, THERE = "ingest-1", "ingest-2"


class Encoders:
    """The channel's two encoders, as nodes speak of them."""

    def __init__(self, channel: Any) -> None:
        self.keys = {
            kind: services.reveal_key(actor=channel.owner, channel=channel, kind=kind)
            for kind in (MAIN, BACKUP)
        }

    def connect(self, kind: str, session: str, *, node: str = HERE, **silent: float) -> Broadcast:
        return services.claim_publish(  # type: ignore[return-value]
            key=self.keys[kind], session_id=session, node=node, address="::1", silent_for=silent.get
        )

    def go_live(self) -> Broadcast:
        """The main one is on air, the backup stands by, both on one node."""
        broadcast = self.connect(MAIN, "main")
        services.start_broadcast(broadcast_id=broadcast.pk, session_id="main", video={})
        self.connect(BACKUP, "backup", main=0.1)
        return Broadcast.objects.get()


def report(
    on_air: str | None, standby: str | None, *, silent: float = 0.1, steady: float = 0.0, node: str = HERE
) -> services.Orders:
    info = StandbyInfo(standby, 0.1, steady) if standby else None
    told = Publishing(Broadcast.objects.get().pk, on_air, silent < 1.5, silent_seconds=silent, standby=info)
    return services.report([told], node=node)


def lineup() -> tuple[str, str, bool]:
    row = Broadcast.objects.get()
    return row.publisher_session, row.standby_session, row.on_backup


@pytest.fixture
def encoders(channel: Any) -> Encoders:
    return Encoders(channel)


def test_the_backup_has_a_key_of_its_own_for_the_owner_alone(mine: Any, theirs: Any, channel: Any) -> None:
    path = f"/api/channels/{channel.pk}/backup-key"
    key = mine.get(path).json()["streamKey"]
    assert key.startswith("backup_") and mine.get(path).json()["streamKey"] == key
    assert key != mine.get(f"/api/channels/{channel.pk}/stream-key").json()["streamKey"]
    assert theirs.get(path).status_code == 403
    assert theirs.post(path).status_code == 403
    assert mine.post(path).json()["streamKey"] != key
    assert "no-store" in mine.get(path).headers["Cache-Control"]


def test_the_second_encoder_stands_by_in_the_same_broadcast(encoders: Encoders) -> None:
    encoders.go_live()
    assert lineup() == ("main", "backup", False)
    orders = report("main", "backup", steady=60)
    assert (orders.cut, orders.on_air, orders.leave) == ([], {}, [])
    assert orders.has_standby == {Broadcast.objects.get().pk}


def test_a_second_backup_is_refused_while_the_first_sends(encoders: Encoders) -> None:
    encoders.go_live()
    with raises(Refused) as refusal:
        encoders.connect(BACKUP, "another", main=0.1, backup=0.3)
    assert refusal.value.code == "ALREADY_PUBLISHING"
    encoders.connect(BACKUP, "another", main=0.1, backup=2.5)
    assert lineup() == ("main", "another", False)
    assert report("main", "backup").cut == [(Broadcast.objects.get().pk, "backup")]


def test_the_backup_takes_over_when_the_main_encoder_is_lost_and_nothing_ends(encoders: Encoders) -> None:
    broadcast = encoders.go_live()
    heir = services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="main", node=HERE)
    assert heir == "backup"
    assert lineup() == ("backup", "", True)
    assert Broadcast.objects.get().status == Status.LIVE
    assert services.start_broadcast(broadcast_id=broadcast.pk, session_id="backup", video={})


def test_it_takes_over_when_the_main_encoder_is_silent(encoders: Encoders) -> None:
    broadcast = encoders.go_live()
    assert report("main", "backup", silent=1.9).on_air == {}
    orders = report("main", "backup", silent=2.1)
    assert orders.on_air == {broadcast.pk: "backup"} and orders.cut == []
    assert lineup() == ("backup", "main", True)


def test_it_gives_back_when_the_main_encoder_has_been_steady(encoders: Encoders) -> None:
    broadcast = encoders.go_live()
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="main", node=HERE)
    encoders.connect(MAIN, "again", backup=0.1)
    assert lineup() == ("backup", "again", True)
    assert report("backup", "again", steady=4).on_air == {}
    assert report("backup", "again", steady=5.1).on_air == {broadcast.pk: "again"}
    assert lineup() == ("again", "backup", False)
    assert report("again", "backup", steady=90).on_air == {}, "the backup never takes it by itself"


def test_an_encoder_that_is_due_but_falls_silent_before_its_keyframe_loses_nothing(
    encoders: Encoders,
) -> None:
    broadcast = encoders.go_live()
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="main", node=HERE)
    encoders.connect(MAIN, "again", backup=0.1)
    report("backup", "again", steady=6)
    assert lineup() == ("again", "backup", False)
    # Its keyframe is awaited, and the backup is still on air.
    Broadcast.objects.update(standby_at=None, media_at=None)
    assert report("backup", "again", steady=7).on_air == {broadcast.pk: "again"}
    assert Broadcast.objects.get().media_at is not None and Broadcast.objects.get().standby_at is not None
    told = Publishing(
        broadcast.pk, "backup", True, silent_seconds=0.1, standby=StandbyInfo("again", 2.2, 0.0)
    )
    orders = services.report([told], node=HERE)
    assert (orders.on_air, orders.cut, orders.leave) == ({}, [], [])
    assert lineup() == ("backup", "again", True)


def test_without_the_main_encoder_the_backup_goes_live_alone(encoders: Encoders) -> None:
    broadcast = encoders.connect(BACKUP, "backup")
    services.start_broadcast(broadcast_id=broadcast.pk, session_id="backup", video={})
    assert lineup() == ("backup", "", True)
    encoders.connect(MAIN, "main", backup=0.1)
    assert lineup() == ("backup", "main", True)


def test_a_backup_that_is_lost_or_silent_saves_nobody(encoders: Encoders) -> None:
    broadcast = encoders.go_live()
    assert services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="backup", node=HERE) is None
    assert lineup() == ("main", "", False)
    encoders.connect(BACKUP, "silent", main=0.1)
    Broadcast.objects.update(standby_at=timezone.now() - timedelta(seconds=4))
    assert services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="main", node=HERE) is None
    assert Broadcast.objects.get().status == Status.ENDING


def test_a_backup_that_wakes_up_late_still_saves_the_broadcast(encoders: Encoders) -> None:
    broadcast = encoders.go_live()
    Broadcast.objects.update(standby_at=timezone.now() - timedelta(seconds=4))
    services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="main", node=HERE)
    assert report(None, "backup").on_air == {broadcast.pk: "backup"}
    assert services.start_broadcast(broadcast_id=broadcast.pk, session_id="backup", video={})
    assert Broadcast.objects.get().status == Status.LIVE


def test_two_nodes_change_turns_as_well(encoders: Encoders) -> None:
    broadcast = encoders.connect(MAIN, "main", node=HERE)
    services.start_broadcast(broadcast_id=broadcast.pk, session_id="main", video={})
    encoders.connect(BACKUP, "backup", node=THERE)
    assert report("main", None, node=HERE).has_standby == {broadcast.pk}
    assert report(None, "backup", node=THERE).on_air == {}
    # The main encoder is lost: nothing ends, and the other node has the stream with its next report.
    assert services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="main", node=HERE) is None
    assert Broadcast.objects.get().status == Status.LIVE
    assert report(None, "backup", node=THERE).on_air == {broadcast.pk: "backup"}
    assert Broadcast.objects.get().node == THERE
    assert report(None, None, node=HERE).leave == [broadcast.pk]
    # It is back, and steady: the first node has it again, the other one stands by.
    encoders.connect(MAIN, "again", node=HERE)
    assert report(None, "again", steady=6, node=HERE).on_air == {broadcast.pk: "again"}
    assert Broadcast.objects.get().node == HERE
    there = report("backup", None, node=THERE)
    assert (there.leave, there.cut) == ([broadcast.pk], [])


def test_a_silent_encoder_of_another_node_gives_way(encoders: Encoders) -> None:
    broadcast = encoders.connect(MAIN, "main", node=THERE)
    services.start_broadcast(broadcast_id=broadcast.pk, session_id="main", video={})
    encoders.connect(BACKUP, "backup", node=HERE)
    Broadcast.objects.update(media_at=timezone.now() - timedelta(seconds=2.5))
    assert report(None, "backup").on_air == {}, "its word may be a second old"
    Broadcast.objects.update(media_at=timezone.now() - timedelta(seconds=3.1))
    assert report(None, "backup").on_air == {broadcast.pk: "backup"}


def test_an_end_ends_both_and_sends_both_away(encoders: Encoders, channel: Any) -> None:
    broadcast = encoders.go_live()
    services.end_broadcast(actor=channel.owner, broadcast=broadcast)
    told = Publishing(broadcast.pk, None, False, standby=StandbyInfo("backup", 0.1, 9.0))
    assert services.report([told], node=THERE).end == [broadcast.pk]
    for kind in (MAIN, BACKUP):
        with raises(Refused) as refusal:
            encoders.connect(kind, "again")
        assert refusal.value.code == "ENDED_HERE"


@pytest.mark.parametrize(("kind", "cut", "left"), [(MAIN, "main", "backup"), (BACKUP, "backup", "main")])
def test_a_new_key_cuts_its_own_encoder_alone(
    encoders: Encoders, channel: Any, kind: str, cut: str, left: str
) -> None:
    broadcast = encoders.go_live()
    services.rotate_key(actor=channel.owner, channel=channel, kind=kind)
    orders = report("main", "backup")
    assert orders.cut == [(broadcast.pk, cut)]
    assert lineup()[0] == left


def test_a_late_goodbye_of_a_replaced_encoder_changes_nothing(encoders: Encoders) -> None:
    broadcast = encoders.go_live()
    encoders.connect(BACKUP, "another", main=0.1, backup=3)
    assert services.interrupt_broadcast(broadcast_id=broadcast.pk, session_id="backup", node=HERE) is None
    assert lineup() == ("main", "another", False)
