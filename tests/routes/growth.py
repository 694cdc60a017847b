"""Twenty of everything that a page may list, around the scene's channel."""

from __future__ import annotations

from datetime import time, timedelta

from django.utils import timezone

from aethex.crowd import Size, gather
from apps.accounts.models import Block, PersonFollow, User
from apps.channels.models import Channel, ChannelRole, Follow, RoleInvitation, ScheduledBroadcast
from apps.channels.roles import Role
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.core import audit
from apps.moderation.models import PersonNote, Report, Sanction, UnbanRequest
from apps.streams.models import Broadcast, Show, Status

from .cast import Who
from .scene import Scene

MANY = 20


def grow(scene: Scene) -> None:
    known = list(User.objects.values_list("pk", flat=True))
    gather(Size(people=2 * MANY, channels=MANY + 5, live=MANY + 2))
    crowd = list(User.objects.exclude(pk__in=known).order_by("-id")[:MANY])
    others = list(Channel.objects.exclude(owner__in=known)[:MANY])
    channel, owner, member = scene.channel, scene.channel.owner, scene.cast[Who.MEMBER]
    target = User.objects.get(pk=scene.names["uuid:person"])
    Follow.objects.bulk_create(
        [Follow(channel=channel, user=each) for each in crowd]
        + [Follow(channel=each, user=reader) for each in others for reader in (owner, member)]
    )
    PersonFollow.objects.bulk_create(
        [
            PersonFollow(followed=person, follower=follower)
            for known_one in (owner, target)
            for each in crowd
            for person, follower in ((known_one, each), (each, known_one))
        ]
    )
    Block.objects.bulk_create([Block(user=owner, blocked=each) for each in crowd])
    _fill_team(channel, crowd, owner)
    _fill_desk(channel, crowd, owner, target)
    _fill_streams(channel)


def _fill_team(channel: Channel, crowd: list[User], owner: User) -> None:
    half = MANY // 2
    ChannelRole.objects.bulk_create(
        [ChannelRole(channel=channel, user=each, role=Role.MODERATOR) for each in crowd[:half]]
    )
    RoleInvitation.objects.bulk_create(
        [RoleInvitation(channel=channel, user=each, role=Role.VIP, invited_by=owner) for each in crowd[half:]]
    )


def _fill_desk(channel: Channel, crowd: list[User], owner: User, target: User) -> None:
    """Messages, held ones, reports, sanctions with pleas, notes and entries of the log."""
    room = ChatRoom.objects.get(channel=channel)
    now = timezone.now()
    first = room.last_seq + 1
    messages = Message.objects.bulk_create(
        [
            Message(room=room, seq=first + n, user=each, content="hi", nonce=f"g{n}", created_at=now)
            for n, each in enumerate([*crowd, *[target] * MANY])
        ]
    )
    ChatRoom.objects.filter(pk=room.pk).update(last_seq=first + len(messages) - 1)
    HeldMessage.objects.bulk_create(
        [
            HeldMessage(
                room=room, user=each, content="x", nonce="g", rule="terms", matched_from=0, matched_to=1
            )
            for each in crowd
        ]
    )
    for message, each in zip(messages, crowd, strict=False):
        Report.objects.create(
            kind="message", subject_id=message.pk, subject_user=each, channel=channel, reporter=owner,
            reason="spam",
        )  # fmt: skip
        ban = Sanction.objects.create(channel=channel, user=each, kind="ban", created_by=owner)
        UnbanRequest.objects.create(sanction=ban, text="Please")
        PersonNote.objects.create(channel=channel, user=target, author=owner, text="Hm")
        audit.record(actor=owner, action="person.warn", subject=each, channel_id=channel.pk)


def _fill_streams(channel: Channel) -> None:
    tomorrow = timezone.now().date() + timedelta(days=1)
    Broadcast.objects.bulk_create(
        [
            Broadcast(channel=channel, title="Over", status=Status.ARCHIVED, started_at=channel.created_at)
            for _ in range(MANY)
        ]
    )
    Show.objects.bulk_create(
        [Show(channel=channel, name=f"Show {n}", title_pattern="{n}") for n in range(MANY)]
    )
    ScheduledBroadcast.objects.bulk_create(
        [
            ScheduledBroadcast(
                channel=channel, title="Plan", first_on=tomorrow, last_on=tomorrow, start_time=time(12),
                time_zone="UTC", duration_minutes=60,
            )
            for _ in range(MANY)
        ]
    )  # fmt: skip
