"""C12 from outside: a channel's stream goes on to other servers, as its owner switches them."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.stack import encoder, reader, running
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack
from tests.streams.media.edge import Edge, eventually

KEY = "their-secret-stream-key"


@pytest.fixture(scope="module")
def near_stack(stack_mode: str, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A platform that may forward to this machine. Production refuses that, so several processes run with the
    settings of development here."""
    if stack_mode == "embedded":
        platform = running.embedded(SIMULCAST_ALLOW_PRIVATE="1")
    else:
        services = request.getfixturevalue("private_services")
        platform = running.full(services, AETHEX_ENV="dev", SIMULCAST_ALLOW_PRIVATE="1")
    with platform as started:
        yield started


@pytest.fixture
def theirs() -> Iterator[Edge]:
    """Another platform, and its name there for our stream."""
    with Edge() as edge:
        edge.gate.keys = {KEY: "theirs"}
        yield edge


def targets(owner: Person, channel: dict[str, Any]) -> str:
    return f"/api/channels/{channel['id']}/simulcast-targets"


def add(owner: Person, channel: dict[str, Any], url: str, key: str = KEY) -> str:
    """A new target's address in the API."""
    fields = {"name": "Theirs", "url": url, "key": key}
    made = expect(201, owner.api.post(targets(owner, channel), json=fields))
    return f"{targets(owner, channel)}/{made['id']}"


def await_state(owner: Person, target: str, wanted: str, seconds: float = 40) -> dict[str, Any]:
    found: dict[str, Any] = eventually(
        lambda: told if (told := expect(200, owner.api.get(target)))["state"] == wanted else None,
        seconds=seconds,
    )
    return found


@contextlib.contextmanager
def dashboard(stack: Stack, owner: Person, channel: dict[str, Any]) -> Iterator[ClientConnection]:
    address = f"{stack.ws_urls[0]}/ws/dashboard/{channel['slug']}"
    with connect(address, additional_headers=owner.bearer, open_timeout=10, proxy=None) as opened:
        yield opened


def await_frame(opened: ClientConnection, state: str, seconds: float = 30) -> dict[str, Any]:
    """The next frame that says that a target is in this state."""
    deadline = time.monotonic() + seconds
    while True:
        frames = json.loads(opened.recv(timeout=max(0.1, deadline - time.monotonic())))
        for frame in frames if isinstance(frames, list) else [frames]:
            if frame["type"] == "stream:simulcast" and frame["payload"]["state"] == state:
                payload: dict[str, Any] = frame["payload"]
                return payload


@contextlib.contextmanager
def on_time(stack: Stack, stream: dict[str, Any]) -> Iterator[None]:
    """The stream's own parts come regularly while the block runs, and fifteen of them at least."""
    url = reader.media_playlist_url(reader.playlist_url(stack, stream))

    def parts() -> int:
        return _parts(httpx.get(url, timeout=20).raise_for_status().text)

    began, first = time.monotonic(), parts()
    yield
    came = eventually(lambda: so_far if (so_far := parts() - first) >= 15 else None, seconds=20)
    passed = time.monotonic() - began
    assert came > (passed - 3) / 0.4, f"{came} parts in {passed:.1f} s"


def _parts(playlist: str) -> int:
    """About how many parts there were so far: ten in every segment of two seconds, and the open ones."""
    lines = playlist.splitlines()
    first = int(next(line for line in lines if line.startswith("#EXT-X-MEDIA-SEQUENCE")).split(":")[1])
    segments = sum(line.startswith("#EXTINF") for line in lines)
    closed = max((at for at, line in enumerate(lines) if line.startswith("#EXTINF")), default=0)
    return 10 * (first + segments) + sum(line.startswith("#EXT-X-PART:") for line in lines[closed:])


def logs(stack: Stack) -> Callable[[], str]:
    return lambda: "".join(process.log.read_text(errors="replace") for process in stack.processes.values())


def test_a_stream_goes_on_to_a_target_that_dies_and_returns(near_stack: Stack) -> None:
    owner = sign_up(near_stack)
    channel = owner.create_channel()
    port = running.free_port()
    with encoder.publishing(owner.publish_url(channel)):
        stream = reader.await_live(near_stack, channel)
        with dashboard(near_stack, owner, channel) as opened:
            with Edge(rtmp_port=port) as first:
                first.gate.keys = {KEY: "theirs"}
                target = add(owner, channel, first.rtmp_url)
                assert await_frame(opened, "live", 20)["targetId"] == target.rpartition("/")[2]
                assert eventually(lambda: first.gate.lives)[0].width == 320
            with on_time(near_stack, stream):
                told = await_frame(opened, "retrying")
                assert told["reason"]
                assert told["nextAttemptAt"]
            with Edge(rtmp_port=port) as second:
                second.gate.keys = {KEY: "theirs"}
                await_frame(opened, "live", 60)
                eventually(lambda: second.gate.lives)
                # Off within a second or two, whichever process the switch was pressed in.
                pressed = time.monotonic()
                expect(200, owner.api.patch(target, json={"isOn": False}))
                eventually(lambda: second.gate.interruptions, seconds=15)
                assert time.monotonic() - pressed < 6
                assert expect(200, owner.api.get(target))["state"] == "off"
                expect(200, owner.api.patch(target, json={"isOn": True}))
                eventually(lambda: len(second.gate.lives) == 2, seconds=20)
                expect(200, owner.api.post(f"/api/streams/{stream['id']}/end"))
                eventually(lambda: len(second.gate.interruptions) == 2, seconds=15)
                await_state(owner, target, "waiting")
    assert KEY not in logs(near_stack)()


def test_a_wrong_key_fails_beside_a_target_that_runs(near_stack: Stack, theirs: Edge) -> None:
    owner = sign_up(near_stack)
    channel = owner.create_channel()
    with encoder.publishing(owner.publish_url(channel)):
        stream = reader.await_live(near_stack, channel)
        with on_time(near_stack, stream):
            wrong = add(owner, channel, theirs.rtmp_url, "a-wrong-secret-key")
            right = add(owner, channel, theirs.rtmp_url)
            told = await_state(owner, wrong, "failed", 60)
            assert "Check the key" in told["reason"]
            assert "a-wrong-secret-key" not in str(told)
            await_state(owner, right, "live")
        expect(200, owner.api.patch(wrong, json={"key": KEY}))
        theirs.gate.keys = {KEY: "again"}
        await_state(owner, wrong, "live", 60)
        assert expect(200, owner.api.get(right))["state"] == "live"
    assert "a-wrong-secret-key" not in logs(near_stack)()


def test_nothing_is_forwarded_to_a_name_of_this_machine(stack: Stack) -> None:
    owner = sign_up(stack)
    channel = owner.create_channel()
    here = socket.socket()
    here.bind(("", 0))
    here.listen()
    here.settimeout(0.1)
    port = here.getsockname()[1]
    for literal in ("127.0.0.1", "localhost", "[::1]", "169.254.169.254"):
        fields = {"name": "Theirs", "url": f"rtmp://{literal}:{port}/app", "key": KEY}
        expect(400, owner.api.post(targets(owner, channel), json=fields))
    with encoder.publishing(owner.publish_url(channel)):
        reader.await_live(stack, channel)
        target = add(owner, channel, f"rtmp://{private_name()}:{port}/app")
        told = await_state(owner, target, "failed")
        assert told["reason"] == "This address is not on the public internet."
        with pytest.raises(TimeoutError):
            here.accept()
    here.close()


def private_name() -> str:
    """A name that this machine's own name service knows and that leads to no public address."""
    for name in ("localhost.localdomain", "ip6-localhost", "ip6-loopback", socket.gethostname()):
        with contextlib.suppress(OSError):
            socket.getaddrinfo(name, 1)
            return name
    raise AssertionError("this machine does not know any name of itself")
