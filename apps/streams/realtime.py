"""Reactions that tell open pages and ingest nodes what happened to a broadcast."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from apps.channels.models import topic
from apps.core.realtime import frame, push

from . import facts
from .api.serializers import RehearsalSerializer, StreamSerializer
from .health import health_of
from .models import Broadcast, Rehearsal


def tell_opened(fact: facts.BroadcastOpened) -> None:
    _tell("room", "stream:updated", fact.broadcast_id, fact.channel_id)
    _tell("dashboard", "stream:updated", fact.broadcast_id, fact.channel_id)


def tell_started(fact: facts.BroadcastStarted) -> None:
    _tell("room", "stream:started", fact.broadcast_id, fact.channel_id)
    _tell("dashboard", "stream:started", fact.broadcast_id, fact.channel_id)


def tell_updated(
    fact: facts.BroadcastEdited | facts.BroadcastResumed | facts.BroadcastInterrupted | facts.EncoderReplaced,
) -> None:
    _tell("room", "stream:updated", fact.broadcast_id, fact.channel_id)
    _tell("dashboard", "stream:updated", fact.broadcast_id, fact.channel_id)


def tell_ended(fact: facts.BroadcastEnded | facts.BroadcastWithdrawn) -> None:
    ended = frame("stream:ended", {"streamId": str(fact.broadcast_id)})
    push(topic("room", fact.channel_id), ended)
    push(topic("dashboard", fact.channel_id), ended)


def tell_refused(fact: facts.EncoderRefused) -> None:
    push(
        topic("dashboard", fact.channel_id),
        frame(
            "stream:refused",
            {"code": fact.code, "message": fact.message, "at": timezone.now().isoformat()},
        ),
    )


def tell_rehearsal(fact: facts.RehearsalMoved) -> None:
    rehearsal = Rehearsal.objects.filter(channel=fact.channel_id).first()
    if rehearsal is not None:
        told = {"rehearsal": RehearsalSerializer(rehearsal).data, "health": health_of(rehearsal.pk)}
        push(topic("dashboard", fact.channel_id), frame("stream:rehearsal", told))


def what_is_on(channel_id: uuid.UUID) -> dict[str, Any]:
    """What `stream:updated` tells of the channel's open broadcast; of none, that `stream` is None."""
    broadcast = Broadcast.objects.with_channel().open().filter(channel=channel_id).first()
    return {"stream": StreamSerializer(broadcast).data if broadcast is not None else None}


def _tell(kind: str, event: str, broadcast_id: uuid.UUID, channel_id: uuid.UUID) -> None:
    broadcast = Broadcast.objects.with_channel().filter(pk=broadcast_id).first()
    if broadcast is not None:
        push(topic(kind, channel_id), frame(event, {"stream": StreamSerializer(broadcast).data}))
