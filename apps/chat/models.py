"""Rooms and what was said in them."""

from __future__ import annotations

import uuid
from typing import Self

from django.conf import settings
from django.db import models

from apps.channels.models import Channel
from apps.core.ids import uuid7
from apps.streams.models import Broadcast

CONTENT_MOST = 500
NONCE_MOST = 64


class ChatRoom(models.Model):
    """A channel's room. Its row is locked by whoever numbers messages, so the numbers have no holes."""

    channel = models.OneToOneField(
        Channel, primary_key=True, on_delete=models.CASCADE, related_name="chat_room"
    )
    last_seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"Room of {self.channel_id}"


class MessageQuerySet(models.QuerySet["Message"]):
    def of_room(self, room_id: uuid.UUID) -> Self:
        return self.filter(room_id=room_id)

    def with_user(self) -> Self:
        return self.select_related("user")


class Message(models.Model):
    """One message. `seq` counts 1, 2, 3 … in its room; rows are never removed, only marked deleted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    room = models.ForeignKey(ChatRoom, on_delete=models.CASCADE, related_name="messages")
    seq = models.PositiveBigIntegerField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="chat_messages"
    )
    content = models.CharField(max_length=CONTENT_MOST)
    # The sender's own mark: the same one again is the same message again.
    nonce = models.CharField(max_length=NONCE_MOST)
    # As they were when it was said.
    badges = models.JSONField(default=list)
    reply_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    broadcast = models.ForeignKey(
        Broadcast, null=True, blank=True, on_delete=models.SET_NULL, related_name="chat_messages"
    )
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["room", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="chat_one_number_each"),
            models.UniqueConstraint(fields=["room", "user", "nonce"], name="chat_same_nonce_same_message"),
        ]
        indexes = [models.Index(fields=["broadcast", "seq"], name="chat_of_broadcast")]

    def __str__(self) -> str:
        return f"#{self.seq} in {self.room_id}"
