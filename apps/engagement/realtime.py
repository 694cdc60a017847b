"""Reactions: what a room hears of its raid."""

from __future__ import annotations

import uuid

from apps.channels.models import topic
from apps.core.realtime import frame, push

from .facts import RaidBegun, RaidCancelled, RaidGone
from .models import Raid
from .payloads import raid_payload


def tell_begun(fact: RaidBegun) -> None:
    _tell("raid:start", fact.raid_id)


def tell_cancelled(fact: RaidCancelled) -> None:
    _tell("raid:cancel", fact.raid_id)


def tell_gone(fact: RaidGone) -> None:
    _tell("raid:go", fact.raid_id)


def _tell(event: str, raid_id: uuid.UUID) -> None:
    raid = Raid.objects.with_names().filter(pk=raid_id).first()
    if raid is not None:
        push(topic("room", raid.source_id), frame(event, {"raid": raid_payload(raid)}))
