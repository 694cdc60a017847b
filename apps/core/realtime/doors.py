"""How many sockets one address and one person may hold open in this process."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from django.conf import settings

Scope = MutableMapping[str, Any]


_HEADERS = "aethex.headers"


class Doors:
    """Counts the open sockets of each key, and refuses beyond `most`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._open: Counter[str] = Counter()

    def enter(self, key: str) -> bool:
        """True when there was room; then `leave` must follow."""
        if self._open[key] >= self.most:
            return False
        self._open[key] += 1
        return True

    def leave(self, key: str) -> None:
        self._open[key] -= 1
        if self._open[key] <= 0:
            del self._open[key]


addresses = Doors(settings.SOCKETS_PER_ADDRESS)
people = Doors(settings.SOCKETS_PER_PERSON)


def headers(scope: Scope) -> dict[bytes, bytes]:
    """The handshake's headers by lower-case name; of a repeated one the last. Kept in the scope: who lets a
    socket in asks several times."""
    found: dict[bytes, bytes] | None = scope.get(_HEADERS)
    if found is None:
        found = scope[_HEADERS] = {name.lower(): value for name, value in scope["headers"]}
    return found


def address_of(scope: Scope) -> str | None:
    """Whose socket it is by address, or None when that is this machine.

    With TRUSTED_PROXIES the address that the outermost trusted proxy saw. None is not limited: it is the
    operator, or a proxy that was not announced, and then every visitor of the site at once.
    """
    peer = (scope.get("client") or ("",))[0]
    if settings.TRUSTED_PROXIES:
        hops = headers(scope).get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        peer = hops[-settings.TRUSTED_PROXIES :][0].strip() or peer
    return _household(peer)


@lru_cache(maxsize=10_000)
def _household(peer: str) -> str | None:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return None
    # An IPv4 address as a socket of both families tells it: else all of IPv4 were one household.
    address = getattr(address, "ipv4_mapped", None) or address
    if address.is_loopback:
        return None
    if address.version == 6:  # one household has a whole /64
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
