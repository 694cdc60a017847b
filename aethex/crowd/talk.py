"""What was said in the rooms of those who are on air."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat.models import ChatRoom, Message
from apps.streams.models import Broadcast

from .tables import fill, id_of
from .words import LINES

LINES_EACH = 200


def talk(
    made: list[Channel], on_air: list[Broadcast], people: list[User], now: datetime, dice: Random
) -> None:
    """A room for each channel; `LINES_EACH` messages where somebody is live."""
    is_loud = {broadcast.channel_id for broadcast in on_air}
    fill(
        ChatRoom,
        (ChatRoom(channel=channel, last_seq=LINES_EACH if channel.pk in is_loud else 0) for channel in made),
    )
    fill(Message, _messages(on_air, people, now, dice))


def _messages(on_air: list[Broadcast], people: list[User], now: datetime, dice: Random) -> Iterator[Message]:
    for broadcast in on_air:
        regulars = dice.sample(people, min(20, len(people)))
        for seq in range(1, LINES_EACH + 1):
            said = now - timedelta(seconds=5 * (LINES_EACH - seq))
            yield Message(
                id=id_of(said, dice),
                room_id=broadcast.channel_id,
                seq=seq,
                user=dice.choice(regulars),
                content=dice.choice(LINES),
                nonce=f"crowd-{seq}",
                broadcast=broadcast,
                created_at=said,
            )
