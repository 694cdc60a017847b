"""C12: where nothing may be forwarded to, whatever a name or an address looks like."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import suppress

import pytest

from apps.streams.media import Egress, egress
from apps.streams.media.egress import Forbidden
from apps.streams.media.flv import Tag
from tests.streams.media.edge import eventually
from tests.streams.media.encoder import LiveEncoder
from tests.streams.media.relay.forwarding import (
    Talker,
    await_state,
    forward,
    source,
    target,
)

PRIVATE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fe80::1%lo", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::",
    "2002:c0a8:101::1", "2001:0:0a00:1::1", "nonsense", "",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "151.101.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_this_address_is_not_public(address: str) -> None:
    assert not egress.is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_this_address_is_public(address: str) -> None:
    assert egress.is_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::1]", "[::]"])
def test_a_target_on_this_machine_is_not_forwarded_to(footage: list[Tag], host: str) -> None:
    with Talker(lambda connection: None) as here, source(egress=Egress()) as edge:
        encoder = LiveEncoder(edge, footage)
        eventually(lambda: edge.gate.lives)
        forward(edge, target(here.url.replace("127.0.0.1", host)))
        assert await_state(edge, "failed").reason == "This address is not on the public internet."
        assert here.accepted == []
        encoder.stop()


def opened(egress_: Egress, host: str, port: int = 1935) -> str:
    """Whom a connection goes to."""

    async def run() -> str:
        _, writer = await egress_.open(host, port, tls=False)
        return str(writer)

    return asyncio.run(run())


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were connected to; nothing leaves this machine."""
    addresses: list[str] = []

    class Writer:
        def get_extra_info(self, name: str) -> tuple[str, int]:
            return ("8.8.8.8", 1) if name == "sockname" else (addresses[-1], 1)

    async def connect(address: str, *_: object, **__: object) -> tuple[None, Writer]:
        addresses.append(address)
        return None, Writer()

    monkeypatch.setattr(egress.asyncio, "open_connection", connect)
    return addresses


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str], **others: list[str]) -> None:
    """What the name service says: `answers` in turn, for any name but `others`."""
    turns = iter(answers)
    monkeypatch.setattr(egress, "_look_up", lambda host, port: others.get(host) or next(turns))


def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to(monkeypatch, connections) -> None:
    names(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    gate = Egress()
    opened(gate, "rebinding.example")
    assert connections == ["1.1.1.1"]
    with pytest.raises(Forbidden):
        opened(gate, "rebinding.example")
    assert connections == ["1.1.1.1"]


@pytest.mark.parametrize("address", PRIVATE[:-2])
def test_a_name_with_one_private_address_is_refused(monkeypatch, connections, address) -> None:
    names(monkeypatch, ["1.1.1.1", address])
    with pytest.raises(Forbidden):
        opened(Egress(), "both.example")
    assert connections == []


def test_a_name_that_nobody_answers_for_keeps_one_thread(monkeypatch, connections) -> None:
    answered, asked = threading.Event(), []

    def look_up(host: str, port: int) -> list[str]:
        asked.append(host)
        if host == "slow.example":
            answered.wait(20)
        return ["1.1.1.1"]

    async def attempt() -> None:
        for _ in range(20):
            with suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await gate.open("slow.example", 1935, tls=False)
        async with asyncio.timeout(5):
            await gate.open("good.example", 1935, tls=False)
        answered.set()
        async with asyncio.timeout(5):
            await gate.open("slow.example", 1935, tls=False)

    monkeypatch.setattr(egress, "_look_up", look_up)
    gate = Egress()
    asyncio.run(attempt())
    assert asked.count("slow.example") <= 2
    assert connections == ["1.1.1.1", "1.1.1.1"]


def test_our_own_names_are_not_looked_up_for_every_target(monkeypatch, connections) -> None:
    asked: list[str] = []
    own = {"ours": ["8.8.4.4"], "other": ["9.9.9.9"]}
    monkeypatch.setattr(
        egress, "_look_up", lambda host, port: asked.append(host) or own.get(host, ["1.1.1.1"])
    )
    gate = Egress(own_hosts=["ours", "other"])

    async def attempt() -> None:
        for number in range(5):
            await gate.open(f"{number}.example", 1935, tls=False)

    asyncio.run(attempt())
    assert [asked.count("ours"), asked.count("other")] == [1, 1]
    own["mirror.example"] = ["9.9.9.9"]
    with pytest.raises(Forbidden):
        opened(Egress(own_hosts=["ours", "other"]), "mirror.example")


def test_our_own_name_that_could_not_be_told_is_asked_for_again(monkeypatch, connections) -> None:
    own: list[list[str]] = [[], ["1.1.1.1"]]

    def look_up(host: str, port: int) -> list[str]:
        if host != "ours":
            return ["1.1.1.1"]
        if found := own.pop(0):
            return found
        raise socket.gaierror("the name service is away")

    async def attempt() -> None:
        await gate.open("mirror.example", 1935, tls=False)
        with pytest.raises(Forbidden):
            await gate.open("mirror.example", 1935, tls=False)

    monkeypatch.setattr(egress, "_look_up", look_up)
    gate = Egress(own_hosts=["ours"])
    asyncio.run(attempt())
    assert connections == ["1.1.1.1"]


def test_our_own_public_address_is_refused(monkeypatch, connections) -> None:
    names(monkeypatch, ["1.1.1.1"], ours=["1.1.1.1"])
    with pytest.raises(Forbidden):
        opened(Egress(own_hosts=["ours"]), "mirror.example")
    names(monkeypatch, ["8.8.8.8"])  # an address of this machine's network card, whatever it is called
    with pytest.raises(AttributeError):  # our writer has no transport to abort; it was about to
        opened(Egress(), "mirror.example")


@pytest.mark.parametrize("port", [22, 25, 80, 6379 - 6000, 70_000])
def test_ports_of_other_services_are_refused(connections, port) -> None:
    with pytest.raises(Forbidden):
        opened(Egress(), "1.1.1.1", port)
    assert connections == []


def test_whom_to_trust_is_read_once_and_not_in_the_loop(monkeypatch, connections) -> None:
    asked: list[str] = []
    make = ssl.create_default_context

    def note() -> ssl.SSLContext:
        asked.append(threading.current_thread().name)
        return make()

    async def connect() -> None:
        for _ in range(3):
            await gate.open("1.1.1.1", 443, tls=True)

    monkeypatch.setattr(egress.ssl, "create_default_context", note)
    gate = Egress()
    asyncio.run(connect())
    assert len(asked) == 1 and asked != ["MainThread"]
    assert connections == ["1.1.1.1"] * 3
