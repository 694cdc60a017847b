"""Somebody leaves for good: what they said stays where it was said, and nobody said it."""

from __future__ import annotations

import uuid

from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import User
from apps.chat.models import Message
from apps.chat.room import RING
from apps.chat.selectors import struck_among

from .telling import messages_restored

A_TURN = 2_000


def forget_author(person: User) -> None:
    """Take the person from all that they said, in turns that hold up no room; rooms show it so at once."""
    rooms = list(Message.objects.filter(user=person).order_by().values_list("room", flat=True).distinct())
    for room_id in rooms:
        _forget_in(room_id, person)


def _forget_in(room_id: uuid.UUID, person: User) -> None:
    theirs = Message.objects.of_room(room_id).filter(user=person).order_by("-seq")
    # A ban goes with its account, and then nothing would hide what it struck.
    struck = bool(struck_among(room_id, [person.pk]))
    gone = {"deleted_at": Coalesce("deleted_at", timezone.now())} if struck else {}
    # What rooms hold in memory, and screens show.
    shown = list(theirs.standing().values_list("pk", flat=True)[:RING])
    while turn := list(theirs.values_list("pk", flat=True)[:A_TURN]):
        Message.objects.filter(pk__in=turn).update(user=None, **gone)
    if shown and not struck:
        messages_restored(room_id, shown)
