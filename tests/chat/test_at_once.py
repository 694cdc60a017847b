"""Moderators who act at the same moment: nobody waits for ever, and nothing fails."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import Message, Rulebook
from apps.core.errors import DomainError
from apps.moderation import services as moderation
from tests import factories

Say = Callable[..., Message]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("unlimited")]

THREADS, DEEDS = 6, 25


def test_all_verbs_at_once_stand_in_nobody_s_way(
    channel: Channel, streamer: User, moderator: User, say: Say
) -> None:
    crowd = [factories.person(f"crowd{n}") for n in range(4)]
    said = [say(person, f"word {n}") for person in crowd for n in range(3)]
    before = Rulebook.objects.get_or_create(channel=channel)[0].version

    def deeds(chance: random.Random) -> list[Callable[[], Any]]:
        actor, user, message = chance.choice([streamer, moderator]), chance.choice(crowd), chance.choice(said)
        here: dict[str, Any] = {"actor": actor, "channel": channel}
        return [
            lambda: moderation.ban(**here, user=user),
            lambda: moderation.time_out(**here, user=user, seconds=60),
            lambda: moderation.lift_sanction(**here, user=user),
            lambda: services.delete_message(actor=actor, message_id=message.pk),
            lambda: services.restore_message(actor=actor, message_id=message.pk),
            lambda: services.purge_person(**here, user=user),
            lambda: services.edit_modes(**here, slow=chance.choice([0, 10, 30])),
            lambda: services.pin_message(**here, message_id=message.pk),
            lambda: services.clear_room(**here),
            lambda: moderation.warn(**here, user=user, reason="be kind"),
            lambda: moderation.edit_rule(**here, kind="caps", is_on=chance.random() < 0.5),
            lambda: services.raise_shield(**here),
            lambda: services.lower_shield(**here),
            lambda: services.send_message(
                actor=user, channel=channel, content="one more", nonce=str(chance.random())
            ),
        ]

    def act(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for _ in range(DEEDS):
                with contextlib.suppress(DomainError):  # a deed may be refused, as always
                    chance.choice(deeds(chance))()
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(act, range(THREADS)))
    assert Rulebook.objects.get(channel=channel).version > before
    numbers = list(Message.objects.of_room(channel.pk).order_by("seq").values_list("seq", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
