"""Network addresses, as coarse as is enough to tell where somebody is or how many come from there."""

from __future__ import annotations

import ipaddress


def prefix_of(address: str) -> str:
    """The network that an address belongs to, "203.0.113.0/24" or "2001:db8:1::/48"; "" for what is none.

    An IPv4 address that is written as an IPv6 one counts as what it is.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    found = getattr(found, "ipv4_mapped", None) or found
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 48), strict=False))


def is_here(address: str) -> bool:
    """Whether it is this machine's own: the operator, or a proxy that was not announced, and then every
    visitor at once."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
