"""Creating, editing, deleting and following channels."""

import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image
from pytest import raises

from apps.channels import policies, services
from apps.channels.models import Channel, ChannelRole, Follow
from apps.channels.roles import Power, Role
from apps.channels.selectors import find_channel
from apps.channels.services.channels import MOST_CHANNELS
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded
from apps.core.models import AuditEntry
from apps.streams.services import end_broadcast
from tests import factories

from .conftest import at_once


def test_the_address_comes_from_the_name(streamer):
    assert services.create_channel(actor=streamer, name="Café Größe!").slug == "cafe-groe"


def test_a_name_without_latin_letters_still_gets_an_address(streamer):
    assert services.create_channel(actor=streamer, name="夜のラジオ").slug == "channel"


def test_a_suggested_address_gives_way_to_a_taken_one(channel, stranger):
    assert services.create_channel(actor=stranger, name="Night-drive 2").slug == "night-drive-2"
    assert services.create_channel(actor=stranger, name="Night_drive").slug == "night-drive-3"


def test_a_typed_address_that_is_taken_is_refused_by_name(channel, stranger):
    with raises(Conflict) as refusal:
        services.create_channel(actor=stranger, name="Another", slug="night-drive")
    assert refusal.value.code == "SLUG_TAKEN"
    assert list(refusal.value.fields) == ["slug"]


def test_names_that_look_alike_are_one(channel, stranger):
    with raises(Conflict) as refusal:
        services.create_channel(actor=stranger, name="NIGHT  ＤＲＩＶＥ", slug="another")
    assert refusal.value.code == "NAME_TAKEN"
    assert Channel.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x"),
        ("name", "x" * 61),
        ("name", "\u202e\u0007"),
        ("name", "\u200b\u200b\u200b"),
        ("slug", "a b"),
        ("slug", "-abc"),
        ("slug", "../etc"),
        ("category", "nothing-like-it"),
        ("category", 5),
        ("description", "x" * 2001),
        ("tags", [f"tag{n}" for n in range(11)]),
        ("tags", ["x" * 26]),
        ("tags", "a string"),
        ("tags", [5]),
        ("language", "klingon"),
    ],
)
def test_bad_input_is_refused_by_field(streamer, field, value):
    with raises(Invalid) as refusal:
        services.create_channel(actor=streamer, **({"name": "A name"} | {field: value}))
    assert list(refusal.value.fields) == [field]
    assert not Channel.objects.exists()


def test_a_reserved_address_is_refused(streamer):
    with raises(Conflict):
        services.create_channel(actor=streamer, name="A name", slug="dashboard")


def test_nobody_creates_a_channel_signed_out():
    from django.contrib.auth.models import AnonymousUser

    with raises(SignInNeeded):
        services.create_channel(actor=AnonymousUser(), name="A name")


def test_tags_are_cleaned_and_kept_once(channel, streamer):
    edited = services.edit_channel(
        actor=streamer, channel=channel, tags=["#Synth", "synth", " Night  Drive ", ""]
    )
    assert edited.tags == ["synth", "night drive"]


def test_markup_in_a_name_stays_text(streamer):
    assert services.create_channel(actor=streamer, name="<script>alert(1)</script>").name.startswith(
        "<script>"
    )


def test_an_old_address_leads_to_the_channel(channel, streamer):
    services.edit_channel(actor=streamer, channel=channel, slug="day-drive")
    assert find_channel(viewer=streamer, slug_or_id="night-drive").slug == "day-drive"
    assert find_channel(viewer=streamer, slug_or_id=str(channel.pk)).slug == "day-drive"


def test_an_old_address_is_not_given_away(channel, streamer, stranger):
    services.edit_channel(actor=streamer, channel=channel, slug="day-drive")
    with raises(Conflict):
        services.create_channel(actor=stranger, name="Mine now", slug="night-drive")
    services.edit_channel(actor=streamer, channel=channel, slug="night-drive")  # its own it may take back


def test_a_stranger_edits_nothing(channel, stranger):
    with raises(NotAllowed):
        services.edit_channel(actor=stranger, channel=channel, name="Mine")
    assert Channel.objects.get().name == "Night drive"
    assert not AuditEntry.objects.filter(action="channel.edited").exists()


def test_an_editor_edits_but_does_not_delete(channel, stranger):
    ChannelRole.objects.create(channel=channel, user=stranger, role=Role.EDITOR)
    services.edit_channel(actor=stranger, channel=channel, visibility="unlisted", is_mature=True)
    with raises(NotAllowed):
        services.delete_channel(actor=stranger, channel=channel, confirmation=channel.slug)
    assert not Channel.objects.listed().exists()


def test_deleting_wants_the_address_typed(channel, streamer):
    with raises(Invalid):
        services.delete_channel(actor=streamer, channel=channel, confirmation="yes")
    services.delete_channel(actor=streamer, channel=channel, confirmation="night-drive")
    assert not Channel.objects.exists()
    assert AuditEntry.objects.get(action="channel.deleted").details["slug"] == "night-drive"


def test_a_channel_that_is_live_is_not_deleted(channel, streamer):
    broadcast = factories.live(channel)
    with raises(Conflict) as refusal:
        services.delete_channel(actor=streamer, channel=channel, confirmation="night-drive")
    assert refusal.value.code == "CHANNEL_LIVE"
    end_broadcast(actor=streamer, broadcast=broadcast)
    services.delete_channel(actor=streamer, channel=channel, confirmation="night-drive")


def test_a_suspended_channel_is_hidden_from_others(channel, streamer, stranger):
    Channel.objects.update(suspended_at="2026-01-01T00:00Z")
    assert find_channel(viewer=streamer, slug_or_id="night-drive") == channel
    with raises(NotFound):
        find_channel(viewer=stranger, slug_or_id="night-drive")


def test_the_list_is_read_in_its_order_and_not_sorted(db):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # a table as small as a test's is sorted at once
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
    plan = Channel.objects.listed()[:20].explain()
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan


def test_following_twice_counts_once(channel, stranger):
    services.follow_channel(actor=stranger, channel=channel)
    services.follow_channel(actor=stranger, channel=channel)
    assert Channel.objects.get().follower_count == 1
    services.unfollow_channel(actor=stranger, channel=channel)
    services.unfollow_channel(actor=stranger, channel=channel)
    assert Channel.objects.get().follower_count == 0


def test_nobody_follows_themselves(channel, streamer):
    with raises(Invalid):
        services.follow_channel(actor=streamer, channel=channel)


@pytest.mark.django_db(transaction=True)
def test_the_follower_count_is_exact_when_many_follow_at_once():
    channel = factories.channel()
    people = [factories.person() for _ in range(8)]
    at_once(lambda person: services.follow_channel(actor=person, channel=channel), people)
    assert Channel.objects.get().follower_count == 8 == Follow.objects.count()


@pytest.mark.django_db(transaction=True)
def test_one_of_two_gets_the_address_at_once():
    first, second = factories.person(), factories.person()
    outcomes = at_once(
        lambda person: services.create_channel(actor=person, name=f"Of {person}", slug="the-one"),
        [first, second],
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Channel", "Conflict"]


@pytest.mark.django_db(transaction=True)
def test_a_person_does_not_get_more_channels_by_asking_at_once():
    person = factories.person()
    for number in range(MOST_CHANNELS - 1):
        factories.channel(person, f"Number {number}")
    outcomes = at_once(
        lambda number: services.create_channel(actor=person, name=f"Last {number}"), list(range(4))
    )
    assert sorted(getattr(outcome, "code", "") for outcome in outcomes) == ["", *["TOO_MANY_CHANNELS"] * 3]
    assert Channel.objects.count() == MOST_CHANNELS


@pytest.mark.django_db(transaction=True)
def test_a_channel_is_deleted_once_and_then_there_is_nothing_to_edit():
    channel = factories.channel()

    def delete(channel):
        return services.delete_channel(actor=channel.owner, channel=channel, confirmation=channel.slug)

    outcomes = at_once(
        delete, [find_channel(viewer=channel.owner, slug_or_id=channel.slug) for _ in range(3)]
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "NotFound", "NotFound"]
    assert AuditEntry.objects.filter(action="channel.deleted").count() == 1
    with raises(NotFound):
        services.edit_channel(actor=channel.owner, channel=channel, name="Too late")


def test_the_table_gives_the_owner_everything(channel, streamer, stranger):
    assert all(policies.may(streamer, power, channel) for power in Power)
    assert not any(policies.may(stranger, power, channel) for power in Power)


def test_a_suggested_address_gives_way_to_one_that_still_leads_elsewhere(channel, streamer, stranger):
    services.edit_channel(actor=streamer, channel=channel, name="Day drive", slug="day-drive")
    assert services.create_channel(actor=stranger, name="Night drive").slug == "night-drive-2"


def test_an_address_that_looks_like_an_id_is_found_and_hides_no_channel(channel, streamer, stranger):
    odd = services.create_channel(actor=streamer, name="Odd", slug="deadbeef" * 4)
    assert find_channel(viewer=stranger, slug_or_id=odd.slug) == odd
    services.create_channel(actor=stranger, name="Mimic", slug=channel.pk.hex)
    assert find_channel(viewer=stranger, slug_or_id=channel.pk.hex) == channel


def test_pictures_that_nothing_shows_are_removed(
    channel, streamer, tmp_path, settings, django_capture_on_commit_callbacks
):
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path, "base_url": "/media/"},
        }
    }

    def picture():
        file = io.BytesIO()
        Image.new("RGB", (300, 300)).save(file, "PNG")
        return file

    def files():
        return sorted(path.name for path in tmp_path.rglob("*.webp"))

    edited = services.edit_channel(actor=streamer, channel=channel, avatar=picture(), banner=picture())
    assert len(files()) == 2
    with django_capture_on_commit_callbacks(execute=True):
        edited = services.edit_channel(actor=streamer, channel=edited, avatar=picture(), banner=None)
    assert files() == [edited.avatar.name.rpartition("/")[2]]
    with django_capture_on_commit_callbacks(execute=True):
        services.delete_channel(actor=streamer, channel=edited, confirmation=edited.slug)
    assert files() == []


def test_staff_who_verify_a_channel_write_nothing_else_of_it(channel):
    staff = factories.person(is_staff=True, is_superuser=True)
    with CaptureQueriesContext(connection) as asked:
        services.verify_channel(actor=staff, channel=channel, is_verified=True, reason="Known")
    channel.refresh_from_db()
    assert channel.is_verified
    # What moved since the page read it is not written back.
    (written,) = [one["sql"] for one in asked if one["sql"].startswith('UPDATE "live_channels_channel"')]
    assert "is_verified" in written.partition("WHERE")[0]
    assert "follower_count" not in written
