"""What a show sets in its channel's room: modes for as long as its broadcast lasts, and an announcement."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.channels.models import Channel
from apps.chat.content import clean_content
from apps.chat.models import ChatRoom, ShowTerm
from apps.core import audit
from apps.streams.facts import ShowSaved
from apps.streams.models import Broadcast, Status

from .announcements import announce_for_channel
from .modes import checked_modes, modes_of, set_modes
from .rooms import hold_room
from .telling import rules_moved


def check_show(fact: ShowSaved) -> None:
    """Refuse what this chat could not set or say; goes along with saving the show. Raises Invalid."""
    checked_modes(fact.chat_modes)
    if fact.announcement:
        clean_content(fact.announcement)


def settle_show(channel_id: uuid.UUID) -> None:
    """Bring the room in line with the show that is on: its modes and its announcement once when it begins,
    what was before when its broadcast is over. May be called at any time, any number of times."""
    channel = Channel.objects.select_related("owner").filter(pk=channel_id).first()
    if channel is None:
        return
    with transaction.atomic():
        room = hold_room(channel)
        term = ShowTerm.objects.select_related("broadcast__show").filter(room=room, ended_at=None).first()
        if term is not None and term.broadcast.status == Status.ARCHIVED:
            _end(room, term)
            term = None
        broadcast = _to_begin().filter(channel=channel).select_related("show").first()
        if term is None and broadcast is not None:
            _begin(channel, room, broadcast)


def settle_shows() -> int:
    """Do so for every room where a crash left it undone; how many."""
    over = ShowTerm.objects.filter(ended_at=None, broadcast__status=Status.ARCHIVED)
    rooms = {*over.values_list("room_id", flat=True), *_to_begin().values_list("channel_id", flat=True)}
    for channel_id in rooms:
        settle_show(channel_id)
    return len(rooms)


def _to_begin() -> QuerySet[Broadcast]:
    """Broadcasts of shows that are on air, and that their room knows nothing of."""
    return Broadcast.objects.on_air().filter(show__isnull=False, chat_term__isnull=True)


def _begin(channel: Channel, room: ChatRoom, broadcast: Broadcast) -> None:
    show = broadcast.show
    assert show is not None
    before = _set(room, show.chat_modes, show=show.name)
    ShowTerm.objects.create(room=room, broadcast=broadcast, before=before)
    if show.announcement:
        announce_for_channel(channel, show.announcement, nonce=f"show-{broadcast.pk.hex}", show=show.name)


def _end(room: ChatRoom, term: ShowTerm) -> None:
    show = term.broadcast.show
    _set(room, term.before, show=show.name if show else "")
    term.ended_at = timezone.now()
    term.save(update_fields=["ended_at"])


def _set(room: ChatRoom, wanted: dict[str, Any], *, show: str) -> dict[str, Any]:
    """Set modes; returns what those were before. Behind a raised shield they are what returns with it."""
    shield = room.shield_before
    standing = shield["modes"] if shield else modes_of(room)
    before = {name: standing[name] for name in wanted}
    if before == wanted:
        return before
    if shield:
        room.shield_before = shield | {"modes": standing | wanted}
        room.save(update_fields=["shield_before"])
    else:
        set_modes(room, wanted)
    audit.record(
        actor=None,
        action="chat.modes",
        subject=room.channel,
        channel_id=room.pk,
        before=before,
        after=wanted,
        show=show,
    )
    rules_moved(room.pk)
    return before
