"""What chats keep of a person, as tables of their archive."""

from __future__ import annotations

from collections.abc import Iterator

from apps.accounts.archive import Part, Row, rows_of
from apps.accounts.models import User

from .models import ChatRoom, Dock, HeldMessage, Message


def _messages(user: User) -> Iterator[Row]:
    said = Message.objects.filter(user=user).order_by("-id")
    return rows_of(
        said, "created_at", "kind", "content", "badges", "deleted_at", channel="room__channel__slug",
    )  # fmt: skip


def _held(user: User) -> Iterator[Row]:
    held = HeldMessage.objects.filter(user=user).order_by("-id")
    return rows_of(held, "created_at", "content", "state", "answered_at", channel="room__channel__slug")


def _rooms(user: User) -> Iterator[Row]:
    rooms = ChatRoom.objects.filter(channel__owner=user).order_by("pk")
    return rows_of(
        rooms, "slow_seconds", "followers_only_minutes", "members_only", "emotes_only", "unique",
        channel="channel__slug",
    )  # fmt: skip


def _docks(user: User) -> Iterator[Row]:
    docks = Dock.objects.filter(user=user).order_by("pk")
    return rows_of(docks, "renewed_at", channel="channel__slug")


PARTS = (
    Part("chat_messages", "What you wrote in chats", _messages),
    Part("chat_held_messages", "What automatic rules kept back", _held),
    Part("chat_rooms", "Settings of your channels' chats", _rooms),
    Part("chat_docks", "Your chat docks", _docks),
)
