"""What a crash left behind is brought to the state that it should have."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.streams.models import Broadcast, Status

from .broadcasts import archive, left_at, locked
from .publishing import interrupt_silent


def sweep_broadcasts() -> int:
    """Heal broadcasts; how many were moved.

    A live broadcast whose node has fallen silent becomes ENDING, one whose time to come back is over ends.
    """
    moved = interrupt_silent()
    over = Q(status=Status.ENDING, ends_at__lte=timezone.now())
    for pk in Broadcast.objects.filter(over).values_list("pk", flat=True):
        with transaction.atomic():
            locked(pk)
            # Read again under the lock: the encoder may have come back since.
            broadcast = Broadcast.objects.filter(over, pk=pk).first()
            if broadcast is not None:
                archive(broadcast, ended_at=left_at(broadcast))
                moved += 1
    return moved
