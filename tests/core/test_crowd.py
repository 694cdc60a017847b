"""The crowd of `manage.py seed`."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F
from django.test import Client
from django.utils import timezone

from aethex.crowd import Size, gather
from apps.accounts.models import User
from apps.channels.models import Channel, ChannelTag, ScheduledBroadcast
from apps.chat.models import Message
from apps.notifications.models import Letter
from apps.notifications.tasks import send_letters
from apps.streams import services
from apps.streams.models import Broadcast, Status
from apps.vod.models import Recording
from apps.vod.services import finish_recordings
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_same_number_makes_the_same_crowd_and_another_one_another() -> None:
    gather(Size(people=30, channels=10, live=3))
    first = [*User.objects.order_by("id").values_list("username", "bio")]
    Channel.objects.all().delete()
    User.objects.all().delete()
    gather(Size(people=30, channels=10, live=3))
    assert [*User.objects.order_by("id").values_list("username", "bio")] == first
    gather(Size(people=30, channels=10, live=3), seed=1)
    assert User.objects.count() == 60


def test_what_is_counted_is_there() -> None:
    gather(Size(people=60, channels=20, live=5))
    assert (User.objects.count(), Channel.objects.count(), Broadcast.objects.on_air().count()) == (60, 20, 5)
    followed = Channel.objects.annotate(found=Count("follows")).exclude(found=F("follower_count"))
    assert not followed.exists()
    assert Channel.objects.filter(follower_count__gt=0).exists()
    assert Channel.objects.filter(is_live=True).count() == 5
    assert Message.objects.filter(room__last_seq=F("seq")).count() == 5
    known = User.objects.annotate(
        by=Count("followed_by", distinct=True), of=Count("person_follows", distinct=True)
    )
    assert not known.exclude(by=F("follower_count"), of=F("following_count")).exists()
    assert User.objects.filter(follower_count__gt=0).exists()
    tagged = sorted((channel.pk, tag) for channel in Channel.objects.all() for tag in channel.tags)
    assert sorted(ChannelTag.objects.values_list("channel", "name")) == tagged
    assert (
        ScheduledBroadcast.objects.filter(next_at__gt=timezone.now()).count()
        == ScheduledBroadcast.objects.count()
        > 0
    )
    page = Client().get("/").content.decode()
    top = Broadcast.objects.on_air().listed().order_by("-viewer_count").select_related("channel")[0]
    assert top.channel.name in page


def test_background_work_finds_nothing_to_do_for_it() -> None:
    gather(Size(people=60, channels=20, live=5))
    finish_recordings()
    send_letters()
    services.picture_live_broadcasts()
    assert not Recording.objects.exclude(status=Recording.Status.FAILED).exists()
    assert Recording.objects.count() == Broadcast.objects.exclude(status=Status.LIVE).count() > 0
    assert not Letter.objects.exists()


def test_a_site_with_people_is_left_alone_unless_told() -> None:
    factories.person()
    sizes = {"people": 10, "channels": 3, "live": 1}
    with pytest.raises(CommandError, match="--among-others"):
        call_command("seed", **sizes)
    assert User.objects.count() == 1
    call_command("seed", **sizes, among_others=True)
    assert User.objects.count() == 11
    with pytest.raises(CommandError, match="Another --seed"):
        call_command("seed", **sizes, among_others=True)
    assert User.objects.count() == 11


def test_sizes_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(CommandError, match="as many channels as people"):
        call_command("seed", people=1, channels=2, live=0)
