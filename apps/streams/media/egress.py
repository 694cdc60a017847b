"""Connections that the platform opens on somebody's behalf: to the public internet, and nowhere else.

A name is resolved here, its addresses are judged, and one of them is connected to: no second look-up could
answer something else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import math
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Resolvers block, and a hostile name may take long: it must not wait in a pool that anything else needs.
_LOOKUPS = 16
_OWN_SECONDS = 60.0  # for which our own addresses are remembered
_RTMP_PORTS = {443, 1935}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Forbidden(OSError):
    """The address is private, our own, or otherwise nothing to connect to for a stranger."""


class Egress:
    """How to reach targets. `own_hosts` are names by which this platform itself is reached from outside."""

    def __init__(
        self, *, allow_private: bool = False, own_hosts: Iterable[str] = (), tls: ssl.SSLContext | None = None
    ) -> None:
        self._allow_private = allow_private
        self._own_hosts = tuple(own_hosts)
        self._tls = tls
        self._pool: ThreadPoolExecutor | None = None
        self._running: dict[tuple[str, int], asyncio.Future[list[str]]] = {}
        self._own: tuple[float, dict[str, str]] = (-math.inf, {})

    async def open(
        self, host: str, port: int, *, tls: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to an allowed address of `host`. Forbidden when it has none, OSError when it fails."""
        if not self._allow_private and not is_allowed_port(port):
            raise Forbidden(f"port {port}")
        addresses = await self._resolve(host, port)
        if not self._allow_private:
            await self._judge(addresses)
        context = await self._trust() if tls else None
        reader, writer = await _first(addresses, port, context, host)
        if not self._allow_private and _is_this_machine(writer):
            writer.transport.abort()
            raise Forbidden("this machine")
        return reader, writer

    async def _trust(self) -> ssl.SSLContext:
        """Made once, and in a thread: reading all authorities of this machine takes its time."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(ssl.create_default_context)
        return self._tls

    def close(self) -> None:
        """Let go of the threads; look-ups under way finish by themselves."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def _judge(self, addresses: list[str]) -> None:
        """Raise Forbidden unless every address is public: a name of both kinds is a trick."""
        for address in addresses:
            if not is_public(address):
                raise Forbidden(address)
        own = await self._own_addresses()
        for address in addresses:
            if address in own:
                raise Forbidden(own[address])

    async def _own_addresses(self) -> dict[str, str]:
        """Where our own names lead, with the name; asked once a minute, however many targets there are."""
        now = asyncio.get_running_loop().time()
        since, known = self._own
        if now - since < _OWN_SECONDS:
            return known
        found: dict[str, str] = {}
        for own in self._own_hosts:
            try:
                found |= dict.fromkeys(await self._resolve(own, 0), own)
            except OSError:
                # By a name that leads nowhere nobody finds us, so this target is not it; the next may be.
                now = -math.inf
        self._own = (now, found)
        return found

    async def _resolve(self, host: str, port: int) -> list[str]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="lookup")
        # A name that nobody answers for keeps a thread for longer than an attempt lasts: the next attempt
        # waits for the same look-up.
        asking = self._running.get((host, port))
        if asking is None:
            loop = asyncio.get_running_loop()
            asking = loop.run_in_executor(self._pool, _look_up, host, port)
            self._running[host, port] = asking
            asking.add_done_callback(lambda done: self._settle(host, port, done))
        try:
            found = await asyncio.shield(asking)
        except UnicodeError as error:  # no host name at all
            raise socket.gaierror(str(error)) from None
        return list(dict.fromkeys(found))

    def _settle(self, host: str, port: int, done: asyncio.Future[list[str]]) -> None:
        del self._running[host, port]
        if not done.cancelled():
            done.exception()  # whoever asked may have left


def is_public(address: str) -> bool:
    """Whether a stranger on the internet could be at this address, IPv4 inside of IPv6 looked at as well."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # with a zone (fe80::1%eth0), for one
        return False
    return all(
        each.is_global and not (each.is_multicast or each.is_reserved or _is_site_local(each))
        for each in _all_of(ip)
    )


def is_allowed_port(port: int) -> bool:
    """RTMP's own, TLS's, and those that no system service has."""
    return port in _RTMP_PORTS or 1024 <= port <= 65535


def _all_of(ip: Address) -> list[Address]:
    """The address, or the IPv4 addresses that packets to it end up at."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip in _NAT64:
        return [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)]
    inner: list[Address] = [*(ip.teredo or ())]
    if ip.sixtofour is not None:
        inner.append(ip.sixtofour)
    return [ip, *inner]


def _is_site_local(ip: Address) -> bool:
    """fec0::/10, which nothing calls private any more although networks still use it."""
    return isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local


def _look_up(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


async def _first(
    addresses: list[str], port: int, context: ssl.SSLContext | None, host: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the first address that answers."""
    failure: OSError = ConnectionRefusedError("no address")
    for address in addresses[:4]:
        try:
            return await asyncio.open_connection(
                address, port, ssl=context, server_hostname=host if context else None
            )
        except OSError as error:
            failure = error
    raise failure


def _is_this_machine(writer: asyncio.StreamWriter) -> bool:
    here, there = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
    return here is None or there is None or here[0] == there[0]
