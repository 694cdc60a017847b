"""A channel's room, held while somebody changes how it is."""

from __future__ import annotations

from apps.channels.facts import ChannelDeleted
from apps.channels.models import Channel
from apps.chat.models import ChatRoom, Message
from apps.core.errors import Conflict
from apps.core.models import AuditEntry


def hold_room(channel: Channel) -> ChatRoom:
    """The room as it is now, its row held until the transaction ends; made when it is new.

    Messages wait meanwhile: they are numbered before or after, never in between.
    """
    ChatRoom.objects.get_or_create(channel=channel)
    return ChatRoom.objects.select_for_update(no_key=True).get(pk=channel.pk)


def hold_room_of(entry: AuditEntry) -> ChatRoom:
    """The room in which the deed of this entry was done, held."""
    return hold_room(Channel.objects.get(pk=str(entry.channel_id)))


def remove_messages(fact: ChannelDeleted) -> None:
    """All that was said goes before its channel does, by one statement. Django would fetch each message and
    look for what points at it: minutes, in which others wait for the database."""
    said = Message.objects.of_room(fact.channel_id)
    said._raw_delete(said.db)  # what points at them is in the same room, and goes with it


def no_longer(why: str) -> Conflict:
    """The refusal to undo what has moved on."""
    return Conflict(f"This can't be undone any more. {why}", code="NO_LONGER_APPLIES")
