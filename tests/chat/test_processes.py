"""Real socket processes: one order for all of them, hostile bytes, slow readers, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from apps.core import presence
from tests.stack.services import Services, redis

from .processes import Sockets, close_code, frames, next_of, running_python, say, socket_processes


@pytest.fixture(scope="module")
def sockets(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[Sockets]:
    """Socket processes without a limit for one writer; embedded there is one, else two."""
    services = request.getfixturevalue("private_services") if stack_mode == "full" else None
    with socket_processes(services, CHAT_RATE="100000/10") as started:
        yield started


class Reader:
    """Takes down everything that a connection tells."""

    def __init__(self, line: ClientConnection) -> None:
        self.line = line
        self.history: dict[str, Any] | None = None
        self.seen: list[dict[str, Any]] = []
        self.acks: dict[str, set[int]] = defaultdict(set)

    async def run(self) -> None:
        async for frame in frames(self.line):
            payload = frame["payload"]
            if frame["type"] == "chat:history":
                self.history = self.history or payload
            elif frame["type"] == "chat:message":
                self.seen.append(payload)
            elif frame["type"] == "chat:ack":
                self.acks[payload["nonce"]].add(payload["seq"])


async def until(condition: Any, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everybody_sees_the_same_dense_order_whichever_process_they_are_at(
    sockets: Sockets, seed: int
) -> None:
    """Ten people write at random moments to random processes and repeat themselves; readers come at random
    moments. The room's numbers have no hole, no message is twice, and all saw the same."""
    chance = random.Random(seed)
    plan = [(person, f"s{seed}-p{person}-{n}") for person in range(10) for n in range(30)]
    chance.shuffle(plan)

    async def tell() -> list[Reader]:
        readers: list[Reader] = []
        tasks: list[asyncio.Task[None]] = []

        async def join(process: int, who: int | None = None) -> Reader:
            line = await sockets.dial(process, who=who)
            readers.append(Reader(line))
            tasks.append(asyncio.create_task(readers[-1].run()))
            return readers[-1]

        writers = [[await join(process, who) for process in (0, 1)] for who in range(10)]
        for turn, (person, nonce) in enumerate(plan):
            for process in chance.choice([(0,), (1,), (0, 1), (0, 0)]):
                await say(writers[person][process].line, nonce, nonce)
            if turn % 60 == 0:
                await join(chance.randrange(2))
            if chance.random() < 0.3:
                await asyncio.sleep(chance.random() / 50)
        await until(lambda: len({nonce for r in readers for nonce in r.acks}) == len(plan))
        last = max(seq for r in readers for seqs in r.acks.values() for seq in seqs)
        await until(lambda: all(r.history and last_of(r) == last for r in readers))
        await asyncio.gather(*(r.line.close() for r in readers))
        await asyncio.gather(*tasks)
        return readers

    readers = asyncio.run(tell())
    order = {m["seq"]: m["id"] for r in readers for m in r.seen}
    for reader in readers:
        assert reader.history is not None
        start = reader.history["lastSeq"]
        assert [m["seq"] for m in reader.seen] == list(range(start + 1, start + 1 + len(reader.seen)))
        assert all(order[m["seq"]] == m["id"] for m in reader.seen)
    acked: dict[str, set[int]] = defaultdict(set)
    for reader in readers:
        for nonce, seqs in reader.acks.items():
            acked[nonce] |= seqs
    assert all(len(seqs) == 1 for seqs in acked.values()), "a nonce got two numbers"
    stored = sockets.stored()
    assert [seq for seq, _ in stored] == list(range(1, len(stored) + 1))
    mine = {content: seq for seq, content in stored if content.startswith(f"s{seed}-")}
    assert mine == {nonce: seqs.pop() for nonce, seqs in acked.items()}


def last_of(reader: Reader) -> int:
    assert reader.history is not None
    return reader.seen[-1]["seq"] if reader.seen else reader.history["lastSeq"]


def test_who_comes_is_told_whichever_process_the_others_are_at(sockets: Sockets) -> None:
    crowd = {3, 4, 5}

    async def told(line: ClientConnection) -> set[str]:
        names: set[str] = set()
        async with asyncio.timeout(10):
            async for frame in frames(line):
                if frame["type"] == "chat:user-joined":
                    names.add(frame["payload"]["user"]["username"])
                if len(names) == len(crowd):
                    break
        return names

    async def run() -> None:
        async with contextlib.AsyncExitStack() as lines:
            readers = [await lines.enter_async_context(sockets.dial(process)) for process in (0, 1)]
            await asyncio.gather(*(lines.enter_async_context(sockets.dial(1, who=who)) for who in crowd))
            assert await asyncio.gather(*map(told, readers)) == [{f"p{who}" for who in crowd}] * 2

    asyncio.run(run())


def test_hostile_bytes_end_their_own_connection_and_no_other(sockets: Sockets) -> None:
    hostile: list[tuple[str, Any, int]] = [
        ("huge", "x" * 20_000, 1009),
        ("huge in pieces", ["x" * 3_000] * 5, 1009),
    ]

    async def attack() -> None:
        async with sockets.dial() as bystander:
            await next_of(bystander, "chat:history")
            for name, sent, code in hostile:
                async with sockets.dial() as line:
                    await line.send(sent)
                    assert await close_code(line) == code, name
            async with sockets.dial() as line:
                await line.send(b"\x00\x01")
                assert (await next_of(line, "chat:error"))["code"] == "BAD_FRAME"
            await asyncio.gather(*(asyncio.to_thread(throw, sockets, garbage) for garbage in GARBAGE))
            await bystander.send('{"type": "ping"}')
            await next_of(bystander, "pong")

    asyncio.run(attack())
    assert "Traceback" not in sockets.stack.logs("socket1")


HANDSHAKE = (
    b"GET /ws/channels/{slug} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
GARBAGE = [
    b"\x00" * 1000,
    b"GET / HTTP/1.1\r\n" + b"A: " + b"b" * 100_000,
    HANDSHAKE.replace(b"Version: 13", b"Version: 1"),
    HANDSHAKE.replace(b"AAAAAAAAAAAAAAAAAAAAAA==", b"short"),
    HANDSHAKE + b"\xff" * 200,
    HANDSHAKE + b"\x81\x05hello",  # a client must mask
    HANDSHAKE + b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff",  # a frame of 2**63 bytes
    HANDSHAKE + b"\x81\x82\x00\x00\x00\x00\xff\xfe",  # not UTF-8
    HANDSHAKE + b"\x89\xfe\x00\x7e" + b"\x00" * 130,  # a ping of 126 bytes
    HANDSHAKE + b"\xc1\x80\x00\x00\x00\x00",  # compressed, which was not agreed on
]


def throw(sockets: Sockets, garbage: bytes) -> None:
    """Send raw bytes; the server must end that connection by itself or have it ended by us."""
    with socket.create_connection(("127.0.0.1", sockets.ports[0]), 5) as raw:
        raw.settimeout(2)
        try:
            raw.sendall(garbage.replace(b"{slug}", sockets.slug.encode()))
            while raw.recv(65536):
                pass
        except (TimeoutError, OSError):
            pass


def test_a_reader_that_stops_reading_is_cut_and_delays_nobody(sockets: Sockets) -> None:
    async def run() -> None:
        stuck = await asyncio.to_thread(open_and_never_read, sockets)
        try:
            async with sockets.dial(who=1) as writer:
                reader = Reader(writer)
                task = asyncio.create_task(reader.run())
                await until(lambda: reader.history is not None)
                worst = 0.0
                for n in range(300):
                    began = time.monotonic()
                    nonces = [f"stuck-{n}-{part}" for part in range(20)]
                    for nonce in nonces:
                        await say(writer, "é" * 490, nonce)
                    await until(lambda: all(nonce in reader.acks for nonce in nonces))  # noqa: B023
                    worst = max(worst, time.monotonic() - began)
                    if was_cut(stuck):
                        break
                assert was_cut(stuck)
                assert worst < 5
                task.cancel()
        finally:
            stuck.close()

    asyncio.run(run())


def open_and_never_read(sockets: Sockets) -> socket.socket:
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", sockets.ports[0]))
    raw.sendall(HANDSHAKE.replace(b"{slug}", sockets.slug.encode()))
    assert raw.recv(12) == b"HTTP/1.1 101"
    raw.setblocking(False)
    return raw


def was_cut(raw: socket.socket) -> bool:
    """Whether the server has reset the connection, without reading what waits in it."""
    return raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or not is_established(raw)


def is_established(raw: socket.socket) -> bool:
    return raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == 1


def test_a_process_that_is_told_to_stop_sends_everybody_away_in_order(sockets: Sockets) -> None:
    process = sockets.stack.process("socket1")

    async def run() -> tuple[list[int | None], set[str]]:
        lines = [await sockets.dial(0, who=n % 12) for n in range(12)]
        readers = [Reader(line) for line in lines]
        tasks = [asyncio.create_task(reader.run()) for reader in readers]
        await until(lambda: all(reader.history for reader in readers))
        for n, line in enumerate(lines):
            await say(line, f"last words of {n}", f"n{n}")
        process.signal(signal.SIGTERM)
        codes = [await close_code(line) for line in lines]
        await asyncio.gather(*tasks)
        return codes, {f"last words of {n}" for n, reader in enumerate(readers) if reader.acks}

    try:
        codes, acked = asyncio.run(run())
        assert codes == [1012] * 12
        assert process.popen is not None and process.popen.wait(10) == 0
    finally:
        sockets.stack.restart("socket1")
    assert acked <= {content for _, content in sockets.stored()}


def test_a_socket_process_tells_that_it_serves(sockets: Sockets) -> None:
    base = f"http://127.0.0.1:{sockets.ports[0]}"
    assert httpx.get(f"{base}/healthz").status_code == 200
    assert httpx.get(f"{base}/other").status_code == 404


def test_a_server_in_two_processes_counts_its_viewers_together(sockets: Sockets) -> None:
    async def run() -> int:
        async with (
            connect(f"{sockets.address(0)}viewer=browser0001", proxy=None),
            connect(f"{sockets.address(1)}viewer=browser0001", proxy=None),
            connect(f"{sockets.address(1)}viewer=browser0002", proxy=None) as line,
        ):
            deadline = time.monotonic() + 15
            while (count := (await next_of(line, "viewers:updated", 15))["count"]) != 2:
                assert time.monotonic() < deadline, count
            return count

    assert asyncio.run(run()) == 2


def test_whom_a_process_sent_away_is_counted_no_longer(sockets: Sockets, stack_mode: str) -> None:
    if stack_mode == "embedded":
        pytest.skip("when a single process has stopped nobody counts")
    process = sockets.stack.process("socket1")

    async def run() -> None:
        async with (
            connect(f"{sockets.address(0)}viewer=browser0003", proxy=None),
            connect(f"{sockets.address(1)}viewer=browser0004", proxy=None) as line,
        ):
            async with asyncio.timeout(15):
                while (await next_of(line, "viewers:updated", 15))["count"] != 2:
                    pass
            process.signal(signal.SIGTERM)
            # Long before those age out of whom nobody says that they went.
            async with asyncio.timeout(presence.HEARTBEAT + presence.LINGER + 2):
                while (await next_of(line, "viewers:updated", 15))["count"] != 1:
                    pass

    try:
        asyncio.run(run())
    finally:
        sockets.stack.restart("socket1")


def test_while_redis_is_away_the_room_goes_on(stack_mode: str, request: pytest.FixtureRequest) -> None:
    """The processes hear of each other's messages from the database then."""
    if stack_mode == "embedded":
        pytest.skip("a single process has no Redis to lose")
    backing: Services = request.getfixturevalue("private_services")
    with contextlib.ExitStack() as redis_runs:
        redis_port = redis_runs.enter_context(redis())
        with socket_processes(Services(backing.postgres_port, redis_port), CHAT_RATE="50/10") as sockets:
            asyncio.run(lose_redis(sockets, redis_runs.close))


async def lose_redis(sockets: Sockets, stop_redis: Callable[[], None]) -> None:
    async with sockets.dial(0, who=1) as one, sockets.dial(1, who=2) as two:
        readers = [Reader(line) for line in (one, two)]
        tasks = [asyncio.create_task(reader.run()) for reader in readers]
        await until(lambda: all(reader.history for reader in readers))
        await say(one, "with", "n1")
        await until(lambda: all(len(reader.seen) == 1 for reader in readers))
        await asyncio.to_thread(stop_redis)
        await say(one, "without", "n2")
        await say(two, "also without", "n3")
        await until(lambda: all(len(reader.seen) == 3 for reader in readers), 15)
        assert [m["id"] for m in readers[0].seen] == [m["id"] for m in readers[1].seen]
        for task in tasks:
            task.cancel()


def test_the_frames_of_a_batch_are_an_array(sockets: Sockets) -> None:
    """A client must expect both forms."""

    async def run() -> set[type]:
        forms: set[type] = set()
        async with sockets.dial(0, who=2) as line:
            for turn in range(200):
                for n in range(10):
                    await say(line, "hi", f"array-{turn}-{n}")
                async with asyncio.timeout(10):
                    forms.add(type(json.loads(await line.recv())))
                if len(forms) == 2:
                    break
        return forms

    assert asyncio.run(run()) == {dict, list}


BAN = """
import json, sys
from apps.accounts.models import User
from apps.channels.models import Channel
from apps.moderation import services
channel = Channel.objects.get(slug=sys.argv[1])
services.ban(actor=channel.owner, channel=channel, user=User.objects.get(pk=sys.argv[2]))
print(json.dumps("banned"))
"""


def test_a_ban_from_another_process_silences_every_process(sockets: Sockets) -> None:
    """Embedded, the other process has no way to tell this one: the version of the rules does."""

    async def run() -> None:
        async with sockets.dial(0, who=9) as here, sockets.dial(1, who=9) as there, sockets.dial(0) as reader:
            await say(here, "may I?", "before-the-ban")
            await next_of(here, "chat:ack")
            await asyncio.to_thread(running_python, sockets.stack, BAN, sockets.slug, sockets.people[9])
            for line in (here, there):
                while not (await next_of(line, "chat:you"))["standing"]["banned"]:
                    pass
                await say(line, "and now?", f"after-the-ban-{id(line)}")
                assert (await next_of(line, "chat:error"))["code"] == "BANNED"
            assert (await next_of(reader, "chat:ban"))["kind"] == "ban"
            for process in range(2):
                async with sockets.dial(process) as newcomer:
                    told = (await next_of(newcomer, "chat:history"))["messages"]
                    assert ("", True) in [(m["content"], m.get("struck")) for m in told]
                    assert "may I?" not in [m["content"] for m in told]

    asyncio.run(run())
    assert "and now?" not in [content for _, content in sockets.stored()]


STRICT = """
import json, sys
from apps.accounts.models import User
from tests import factories
print(json.dumps(factories.channel(User.objects.get(pk=sys.argv[1]), "Strict").slug))
"""


def test_who_repeats_themselves_at_another_process_is_caught(sockets: Sockets) -> None:
    """By the similarity rule, which is on in a channel that says nothing else."""

    async def run() -> None:
        slug = await asyncio.to_thread(running_python, sockets.stack, STRICT, sockets.people[10])

        def address(process: int) -> str:
            return sockets.address(process, who=11).replace(sockets.slug, slug)

        async with dial(address(0)) as here, dial(address(1)) as there:
            for line in (here, there):
                await next_of(line, "chat:history")
            for number, (line, other) in enumerate([(here, there), (there, here)], 1):
                told = f"come and follow my channel {number}"
                await say(line, told, f"similar-{number}")
                await next_of(line, "chat:ack")
                while (await next_of(other, "chat:message"))["content"] != told:
                    pass
            for number, line in enumerate([here, there], 3):
                await say(line, f"come and follow my channel {number}", f"similar-{number}")
                assert (await next_of(line, "chat:error"))["code"] == "MESSAGE_REFUSED"

    def dial(address: str) -> Any:
        return connect(address, compression=None, proxy=None, open_timeout=10)

    asyncio.run(run())
