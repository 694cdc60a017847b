"""Lines about what happened to a room, said by the platform in the name of who brought it about."""

from __future__ import annotations

import uuid

from apps.channels.models import Channel
from apps.chat import selectors
from apps.chat.models import Message

from .announcements import say
from .rooms import hold_room


def tell_raid(*, channel: Channel, raider: uuid.UUID, content: str, nonce: str) -> None:
    """Say in the channel's room that a raid has come, in the name of the `raider`; the same nonce is the same
    line. Part of the caller's transaction."""
    hold_room(channel)
    speaker = selectors.speakers([raider], channel)[0]
    if speaker is not None:
        say(channel.pk, speaker, content, nonce=nonce, kind=Message.Kind.RAID)
