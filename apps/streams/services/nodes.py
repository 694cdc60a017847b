"""Ingest nodes say that they are there, and where a stream is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from apps.streams.models import Broadcast, Node, Rehearsal

from .rehearsals import rehearsal_id

# A node that was away for so long does not come back under its name.
FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a node says of itself every `Node.BEAT`; `url` is where edges reach it."""

    name: str
    url: str
    media_base: str
    started_at: datetime
    streams: int
    viewers: int


def register_node(beat: Heartbeat) -> None:
    """The node is there. One statement, however often and by however many."""
    Node.objects.bulk_create(
        [
            Node(
                name=beat.name,
                url=beat.url,
                media_base=beat.media_base,
                started_at=beat.started_at,
                streams=beat.streams,
                viewers=beat.viewers,
                seen_at=timezone.now(),
            )
        ],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["url", "media_base", "started_at", "streams", "viewers", "seen_at"],
    )


def node_url(stream_id: str) -> str | None:
    """Where edges find the stream of a broadcast or a rehearsal; None while it is on no node that is up."""
    runs_on: QuerySet[Any, str]
    try:
        if (rehearsal := rehearsal_id(stream_id)) is not None:
            runs_on = Rehearsal.objects.filter(pk=rehearsal).values_list("node", flat=True)
        else:
            runs_on = Broadcast.objects.filter(pk=uuid.UUID(stream_id)).values_list("node", flat=True)
    except ValueError:
        return None
    up = Node.objects.filter(name__in=runs_on, seen_at__gt=timezone.now() - Node.SILENT)
    return up.values_list("url", flat=True).first()


def forget_nodes() -> int:
    """Remove those that have been away for FORGOTTEN; how many."""
    return Node.objects.filter(seen_at__lt=timezone.now() - FORGOTTEN).delete()[0]
