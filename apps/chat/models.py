"""Rooms and what was said in them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from apps.channels.models import Channel
from apps.core.ids import uuid7
from apps.moderation.models import Sanction
from apps.streams.models import Broadcast

if TYPE_CHECKING:
    from apps.accounts.models import Actor

CONTENT_MOST = 500
NONCE_MOST = 64
SLOW_LEAST, SLOW_MOST = 3, 120
# Minutes: 90 days.
FOLLOWED_MOST = 129_600


class ChatRoom(models.Model):
    """A channel's room. Its row is locked by whoever numbers messages, so the numbers have no holes."""

    channel = models.OneToOneField(
        Channel, primary_key=True, on_delete=models.CASCADE, related_name="chat_room"
    )
    last_seq = models.PositiveBigIntegerField(default=0)

    # The modes: who may write how. 0, None and False are off.
    slow_seconds = models.PositiveSmallIntegerField(default=0)
    followers_only_minutes = models.PositiveIntegerField(null=True, blank=True)
    members_only = models.BooleanField(default=False)
    emotes_only = models.BooleanField(default=False)
    unique = models.BooleanField(default=False)

    pinned = models.ForeignKey("Message", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    pinned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    pinned_at = models.DateTimeField(null=True, blank=True)
    # What to return to when the shield is lowered; not None: it is up.
    shield_before = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(slow_seconds=0) | Q(slow_seconds__range=(SLOW_LEAST, SLOW_MOST)),
                name="chat_slow_mode_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(followers_only_minutes=None) | Q(followers_only_minutes__lte=FOLLOWED_MOST),
                name="chat_followers_mode_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"Room of {self.channel_id}"


class RulebookManager(models.Manager["Rulebook"]):
    def turn(self, channel_id: uuid.UUID) -> int:
        """Count one change, in the transaction that makes it; returns the new version.

        The row is held until that transaction ends: turn it last, when everything else is held.
        """
        with transaction.atomic():
            self.get_or_create(channel_id=channel_id)
            self.filter(pk=channel_id).update(version=F("version") + 1)
            return self.values_list("version", flat=True).get(pk=channel_id)


class Rulebook(models.Model):
    """Counts the changes of all that decides who may say what in a room: modes, automatic rules, sanctions,
    roles. Whoever keeps these in memory compares the version. Apart from the room's row, which every batch
    of messages locks.
    """

    channel = models.OneToOneField(
        Channel, primary_key=True, on_delete=models.CASCADE, related_name="rulebook"
    )
    version = models.PositiveBigIntegerField(default=0)

    objects = RulebookManager()

    def __str__(self) -> str:
        return f"Version {self.version} of the rules of {self.channel_id}"


class MessageQuerySet(models.QuerySet["Message"]):
    def of_room(self, room_id: uuid.UUID) -> Self:
        return self.filter(room_id=room_id)

    def with_user(self) -> Self:
        """With its author, and with what it answers; and whether the authors of both are kept out."""
        return self.select_related("user", "reply_to__user").with_strikes()

    def with_strikes(self) -> Self:
        """Whether a ban or a time-out stands on its author, and on that of what it answers."""
        standing = Sanction.objects.standing(timezone.now()).filter(channel=OuterRef("room"))
        return self.annotate(
            is_struck=Exists(standing.filter(user=OuterRef("user"))),
            parent_is_struck=Exists(standing.filter(user=OuterRef("reply_to__user"))),
        )

    def standing(self) -> Self:
        """Those that everybody may still read."""
        return self.filter(deleted_at=None)

    def reachable_by(self, viewer: Actor) -> Self:
        """Those of rooms whose channel this person may open."""
        return self.filter(room__channel__in=Channel.objects.reachable_by(viewer))

    def hold(self, message_id: uuid.UUID | str) -> Message | None:
        """The one of these as it is now, its row held until the transaction ends; None when it is none."""
        # Not the key: who points here, such as a pin, need not wait.
        return self.select_for_update(of=("self",), no_key=True).filter(pk=message_id).first()


class Message(models.Model):
    """One message. `seq` counts 1, 2, 3 … in its room; rows are never removed, only marked deleted."""

    class Kind(models.TextChoices):
        MESSAGE = "message", "Message"
        ANNOUNCEMENT = "announcement", "Announcement"
        RAID = "raid", "Raid"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The unique indexes below begin with it. PostgreSQL took one of its own for the shortest way to a nonce,
    # and read the whole room for each draft until the table had statistics.
    room = models.ForeignKey(ChatRoom, on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="chat_messages"
    )
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.MESSAGE)
    content = models.CharField(max_length=CONTENT_MOST)
    # The sender's own mark: the same one again is the same message again.
    nonce = models.CharField(max_length=NONCE_MOST)
    # As they were when it was said.
    badges = models.JSONField(default=list)
    reply_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # The message that a conversation began with; every reply in it carries the same one.
    thread = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    broadcast = models.ForeignKey(
        Broadcast, null=True, blank=True, on_delete=models.SET_NULL, related_name="chat_messages"
    )
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = MessageQuerySet.as_manager()

    # Only of a message that was loaded `with_strikes`: whoever forgets to, can't show it.
    is_struck: bool
    parent_is_struck: bool

    class Meta:
        ordering = ["room", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="chat_one_number_each"),
            models.UniqueConstraint(fields=["room", "user", "nonce"], name="chat_same_nonce_same_message"),
        ]
        indexes = [
            models.Index(fields=["broadcast", "seq"], name="chat_of_broadcast"),
            models.Index(
                fields=["room", "deleted_at"], condition=Q(deleted_at__isnull=False), name="chat_removed"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.seq} in {self.room_id}"


class HeldMessageQuerySet(models.QuerySet["HeldMessage"]):
    def open(self) -> Self:
        return self.filter(state=HeldMessage.State.OPEN)


class HeldMessage(models.Model):
    """A message that an automatic rule keeps back until a moderator decides. Approved, it is stored with the
    same nonce: its sender may send it again meanwhile, it stays one message."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey(ChatRoom, on_delete=models.CASCADE, related_name="held_messages")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    content = models.CharField(max_length=CONTENT_MOST)
    nonce = models.CharField(max_length=NONCE_MOST)
    badges = models.JSONField(default=list)
    reply_to = models.ForeignKey(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    # The rule's key, and where in the content it matched.
    rule = models.CharField(max_length=60)
    matched_from = models.PositiveSmallIntegerField()
    matched_to = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = HeldMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["room", "user", "nonce"], name="chat_same_nonce_held_once")
        ]
        indexes = [models.Index(fields=["room", "state", "-id"], name="chat_held")]

    def __str__(self) -> str:
        return f"Held {self.id} in {self.room_id}"


class Dock(models.Model):
    """The secret address under which somebody reads and moderates a room beside their encoder, where they are
    not signed in. One each and channel; only its hash is kept."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="docks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="docks")
    token_hash = models.CharField(max_length=64, unique=True)
    renewed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "user"], name="chat_one_dock_each")]

    def __str__(self) -> str:
        return f"Dock of {self.user_id} in {self.channel_id}"


class ShowTerm(models.Model):
    """What a show set in a room for one broadcast: `before` are the modes that return after it."""

    room = models.ForeignKey(ChatRoom, on_delete=models.CASCADE, related_name="show_terms")
    broadcast = models.OneToOneField(Broadcast, on_delete=models.CASCADE, related_name="chat_term")
    before = models.JSONField(default=dict)
    began_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["room"], condition=Q(ended_at__isnull=True), name="chat_one_show_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"Show of {self.broadcast_id} in {self.room_id}"
