"""Chat: a full room on our socket process and on a Socket.IO server, one after the other on the same core.

Every message is committed to PostgreSQL (fsync on) before anybody sees it, on both. The server under test has
a core to itself; PostgreSQL, Redis and the load generator share the other one.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.load import ours
from tests.load.processes import (
    HERE,
    OTHER_CORE,
    SERVER_CORE,
    Load,
    Theft,
    compiled,
    end,
    install,
    need,
    pinned,
    program,
    resident_kib,
    tail,
)
from tests.stack import services
from tests.stack.running import Stack
from tests.stack.services import Services

VIEWERS, SENDERS = 1000, 200
# Messages under way at once when as many as possible are said.
WINDOW = 1000
STEADY_SECONDS, FULL_SECONDS = 5, 4
# How often each server is started anew, and how often everybody comes into it then.
STARTS, ARRIVALS = 5, 4
# Of so many runs of a phase those count during which the machine's host took least for others.
TRIES, RUNS = 5, 3


@dataclass(frozen=True)
class Room:
    """A running chat server with one room: where it is, how to speak to it, and how hard to push."""

    name: str
    protocol: str
    port: int
    path: str
    pid: int
    window: int
    rates: tuple[int, ...]
    suffixes: Path | None = None
    """A file that holds what each viewer adds to `path`, which `invite` writes before they come."""
    invite: Callable[[], None] = lambda: None


@dataclass
class Phase:
    """One answer of the generator, and what the server used of its core meanwhile."""

    rate: float
    p50: float
    p99: float
    delivered: float
    cpu: float
    refused: int
    generator: float
    stolen: float
    """Per cent of the machine that its host gave to others."""


@dataclass
class RoomResult:
    """What was measured in one room, by offered rate and at saturation; the middle of `RUNS` each."""

    name: str = ""
    handshakes: list[float] = field(default_factory=list)
    """A second, when all come to a server that has just started; each start, the slowest first."""
    warm_handshakes: list[float] = field(default_factory=list)
    """The same when all come to that server for the last time."""
    kib: float = 0
    steady: dict[int, Phase] = field(default_factory=dict)
    full: Phase | None = None
    full_range: tuple[float, float] = (0, 0)


class Generator:
    """A running `ws_load`: fills the room when it starts, then carries out one command after another."""

    def __init__(self, binary: Path, room: Room, viewers: int, senders: int) -> None:
        command = [str(binary), room.protocol, str(room.port), room.path, str(viewers), str(senders)]
        if room.suffixes:
            command.append(str(room.suffixes))
        with pinned(OTHER_CORE):
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )

    def answer(self) -> dict[str, Any]:
        """The next line it prints; raises RuntimeError when it died instead."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"ws_load ended with code {self.process.wait()}")
        told: dict[str, Any] = json.loads(line)
        return told

    def command(self, text: str) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        return self.answer()


@contextlib.contextmanager
def full_room(binary: Path, room: Room, viewers: int) -> Iterator[tuple[Generator, dict[str, Any]]]:
    """A room with everybody in it, and how they got in; RuntimeError when somebody did not."""
    room.invite()
    generator = Generator(binary, room, viewers, min(SENDERS, viewers))
    try:
        joined = generator.answer()
        if joined["ready"] < viewers:
            raise RuntimeError(f"{room.name}: only {joined['ready']} of {viewers} came in")
        yield generator, joined
    finally:
        end(generator.process)


def run_phase(generator: Generator, room: Room, command: str) -> Phase:
    """Carry out `command`; a phase that lost deliveries says so in `delivered` (1.0 = all)."""
    load, theft = Load.begin(room.pid), Theft.begin()
    answer = generator.command(command)
    return Phase(
        rate=answer["rate"],
        p50=answer["p50"],
        p99=answer["p99"],
        delivered=answer["delivered"] / max(answer["expected"], 1),
        cpu=load.share(),
        refused=answer["errors"] + answer["closed"],
        generator=100 * answer["generator"],
        stolen=theft.share(),
    )


def runs(generator: Generator, room: Room, command: str) -> list[Phase]:
    """The `RUNS` least disturbed of `TRIES`."""
    tried = [run_phase(generator, room, command) for _ in range(TRIES)]
    return sorted(tried, key=lambda phase: phase.stolen)[:RUNS]


def steady(generator: Generator, room: Room, command: str) -> Phase:
    """The run with the middle p99: one pause of a shared machine decides over a run of seconds."""
    return sorted(runs(generator, room, command), key=lambda phase: phase.p99)[RUNS // 2]


def measure_room(binary: Path, room: Room, viewers: int, result: RoomResult) -> None:
    """Fill the room, then talk: at each steady rate, then as fast as it goes."""
    result.name = room.name
    before = resident_kib(room.pid)
    with full_room(binary, room, viewers) as (generator, _):
        time.sleep(1)
        result.kib = (resident_kib(room.pid) - before) / viewers
        run_phase(generator, room, f"rate {room.rates[0]} 1")  # warm
        for rate in room.rates:
            result.steady[rate] = steady(generator, room, f"rate {rate} {STEADY_SECONDS}")
        full = runs(generator, room, f"window {room.window} {FULL_SECONDS}")
    full.sort(key=lambda phase: phase.rate)
    result.full = full[RUNS // 2]
    result.full_range = (full[0].rate, full[-1].rate)


def arrivals(binary: Path, room: Room, viewers: int) -> list[float]:
    """How many came into the empty room a second, time after time."""
    rates = []
    for _ in range(ARRIVALS):
        with full_room(binary, room, viewers) as (_, joined):
            rates.append(joined["handshakes"])
        time.sleep(1)  # they leave
    return rates


def install_peer(folder: Path) -> Path:
    """Socket.IO as pinned by its lock file, in `folder`."""
    need("node", "nodejs")
    peer = folder / "peer_socketio"
    shutil.copytree(HERE / "peer_socketio", peer, ignore=shutil.ignore_patterns("node_modules"))
    install(peer)
    return peer


@contextlib.contextmanager
def socketio_room(peer: Path, postgres_port: int, mode: str) -> Iterator[Room]:
    """The peer, storing `each` message by itself or `batched`."""
    name = f"peer_{uuid.uuid4().hex}"
    url = f"postgres://aethex@127.0.0.1:{postgres_port}/{name}"
    services.create_database(url)
    port = services.free_port()
    log = peer / f"{name}.log"
    command = ["node", "server.js", str(port), url, mode]
    with program(command, log=log, core=SERVER_CORE, cwd=peer) as process:
        services.wait_until(lambda: "listening" in log.read_text(), f"Socket.IO ({tail(log)})")
        yield Room(
            name="Socket.IO 4.8, INSERT each" if mode == "each" else "Socket.IO 4.8, same batching",
            protocol="socketio",
            port=port,
            path="/socket.io/?EIO=4&transport=websocket",
            pid=process.pid,
            window=50 if mode == "each" else WINDOW,
            rates=(10, 100) if mode == "each" else (10, 100, 1000),
        )


@contextlib.contextmanager
def our_room(stack: Stack, folder: Path, viewers: int) -> Iterator[Room]:
    """One of our socket processes on PostgreSQL and Redis, started anew, and a ticket for everybody: all are
    signed in."""
    stack.restart("socket1")
    ours.seed(stack, "people", viewers)
    channel = ours.seed(stack, "channels", 1)[0]
    suffixes = folder / "tickets.txt"

    def invite() -> None:
        suffixes.write_text("".join(f"?ticket={ticket}\n" for ticket in ours.seed(stack, "tickets", viewers)))

    with ours.alone(stack, "socket1") as pid:
        yield Room(
            name="AeThex LIVE",
            protocol="aethex",
            port=int(stack.env["SOCKET1_PORT"]),
            path=f"/ws/channels/{channel['slug']}",
            pid=pid,
            window=WINDOW,
            rates=(10, 100, 1000),
            suffixes=suffixes,
            invite=invite,
        )


def measure(backing: Services, stack: Stack, viewers: int = VIEWERS) -> list[RoomResult]:
    """Ours, the peer, and the peer with our batching on the same core: first everybody comes to each in turn,
    started anew each time, which is what a crowd meets after a new version; then they talk, in one after the
    other. In this order nobody's crowd waits for PostgreSQL to clear up what was said before."""
    with tempfile.TemporaryDirectory(prefix="aethex-bench-") as name:
        folder = Path(name)
        binary = compiled("ws_load.c", folder)
        peer = install_peer(folder)
        opened = [
            lambda: our_room(stack, folder, viewers),
            lambda: socketio_room(peer, backing.postgres_port, "each"),
            lambda: socketio_room(peer, backing.postgres_port, "batched"),
        ]
        results = [RoomResult() for _ in opened]
        for _ in range(STARTS):
            for result, each in zip(results, opened, strict=True):
                with each() as room:
                    first, *_, last = arrivals(binary, room, viewers)
                result.handshakes = sorted([*result.handshakes, first])
                result.warm_handshakes = sorted([*result.warm_handshakes, last])
        for result, each in zip(results, opened, strict=True):
            with each() as room:
                measure_room(binary, room, viewers, result)
    return results


def ratio(results: list[RoomResult]) -> float:
    """Our saturation rate over that of the peer that inserts each message."""
    ours_full, peer_full = results[0].full, results[1].full
    assert ours_full and peer_full
    return ours_full.rate / peer_full.rate
