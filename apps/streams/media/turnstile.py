"""How many connections there may be: of all encoders, of one address, and of those not admitted yet."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Protocol

from apps.streams.media.config import DoorLimits

logger = logging.getLogger(__name__)


class Guest(Protocol):
    """A connection that counts."""

    address: str


class Turnstile:
    """Shared by all doors of a node: whoever comes through several of them has no more room for it."""

    def __init__(self, limits: DoorLimits) -> None:
        self.limits = limits
        self._guests: set[Guest] = set()
        self._unauthenticated: set[Guest] = set()
        self._per_address: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()

    @property
    def guests(self) -> int:
        return len(self._guests)

    @property
    def unauthenticated(self) -> int:
        return len(self._unauthenticated)

    def joins(self, guest: Guest) -> bool:
        """Whether the connection is within the limits; then it counts, once however often it asks."""
        if guest in self._guests:
            return True
        limits, address = self.limits, guest.address
        if (
            len(self._guests) >= limits.max_connections
            or len(self._unauthenticated) >= limits.max_unauthenticated
            or self._per_address[address] >= limits.max_connections_per_address
        ):
            self._turned_away[address] += 1
            return False
        self._guests.add(guest)
        self._unauthenticated.add(guest)
        self._per_address[address] += 1
        return True

    def authenticated(self, guest: Guest) -> None:
        """The gate has admitted it."""
        self._unauthenticated.discard(guest)

    def leaves(self, guest: Guest) -> None:
        """The connection is gone; safe for one that never counted."""
        if guest not in self._guests:
            return
        self._guests.remove(guest)
        self._unauthenticated.discard(guest)
        self._per_address[guest.address] -= 1
        if not self._per_address[guest.address]:
            del self._per_address[guest.address]

    def tell(self) -> None:
        """One line in the log for all of an address that were turned away since the last call."""
        for address, count in self._turned_away.items():
            logger.warning("%d connections from %s turned away: too many", count, address)
        self._turned_away.clear()
