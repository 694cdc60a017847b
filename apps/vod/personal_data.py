"""What videos keep of a person, as tables of their archive. The recordings themselves are far too large."""

from __future__ import annotations

from collections.abc import Iterator

from apps.accounts.archive import Part, Row, rows_of
from apps.accounts.models import User

from .models import Recording


def _recordings(user: User) -> Iterator[Row]:
    recordings = Recording.objects.filter(broadcast__channel__owner=user).order_by("id")
    return rows_of(
        recordings, "status", "duration_ms", "size_bytes", "created_at", "ready_at",
        channel="broadcast__channel__slug", broadcast="broadcast__title",
    )  # fmt: skip


PARTS = (Part("recordings", "Recordings of your broadcasts", _recordings),)
