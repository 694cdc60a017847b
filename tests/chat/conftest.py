"""The cast of the chat: a channel, its owner, a moderator, two viewers; and clients for its sockets."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from channels.testing import WebsocketCommunicator
from django.core.cache import cache

from aethex.websockets import application
from apps.accounts.models import User
from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import services
from apps.chat.identity import forget_channels
from apps.chat.models import ChatRoom, Message
from apps.chat.services import messages
from apps.core.ratelimit import Limit
from apps.core.realtime import database
from apps.core.realtime.hub import Hub, end
from apps.moderation.automod import DEFAULTS
from apps.moderation.models import AutomodRule
from apps.moderation.services import rules
from tests import factories

RUDE = "something rude"


@pytest.fixture(autouse=True)
def clean_slate() -> None:
    cache.clear()
    forget_channels()


@pytest.fixture
def moderator(channel: Channel) -> User:
    person = factories.person("moderator")
    ChannelRole.objects.create(channel=channel, user=person, role=Role.MODERATOR)
    return person


@pytest.fixture
def viewer(db: None) -> User:
    return factories.person("viewer")


@pytest.fixture
def room(channel: Channel) -> ChatRoom:
    return ChatRoom.objects.create(channel=channel)


@pytest.fixture
def lenient(channel: Channel) -> None:
    """No automatic rule watches the channel: tests say the same again and again."""
    for kind, rule in DEFAULTS.items():
        AutomodRule.objects.create(
            channel=channel, kind=kind, action=rule.action, settings=rule.settings, is_on=False
        )


@pytest.fixture
def say(channel: Channel, lenient: None) -> Callable[..., Any]:
    """`say(person, "hello")` stores a message, unwatched by automatic rules."""

    def say(actor: User, content: str = "hello", nonce: str = "", **more: Any) -> Any:
        marks.append(nonce or f"said-{len(marks)}")
        return services.send_message(actor=actor, channel=channel, content=content, nonce=marks[-1], **more)

    marks: list[str] = []
    return say


@pytest.fixture
def rude(say: Callable[..., Message], viewer: User, stranger: User) -> Message:
    """What the viewer said, with an answer by somebody else below it."""
    message = say(viewer, RUDE)
    say(stranger, "please don't", reply_to=message.pk)
    return message


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked to slow down."""
    monkeypatch.setattr(messages, "LIMIT", Limit("unlimited", "100000/1"))
    monkeypatch.setattr(rules, "CHANGES", Limit("unlimited", "100000/1"))


@pytest.fixture
def readers(transactional_db: None) -> Iterator[None]:
    """For tests that open sockets in this process: committed rows, and no connection left behind."""
    yield
    database.disconnect()


class Client:
    """One open socket of this process, seen from the browser's side."""

    def __init__(self, line: WebsocketCommunicator) -> None:
        self.line = line
        self.frames: list[dict[str, Any]] = []

    async def send(self, type: str, **payload: Any) -> None:
        await self.line.send_to(text_data=orjson.dumps({"type": type, "payload": payload}).decode())

    async def next(self, type: str, seconds: float = 15.0) -> dict[str, Any]:
        """The payload of the next frame of this type; others stay in `frames`."""
        deadline = time.monotonic() + seconds
        while True:
            for place, frame in enumerate(self.frames):
                if frame["type"] == type:
                    return self.frames.pop(place)["payload"]
            await self._read(max(0.01, deadline - time.monotonic()))

    async def either(self, *types: str) -> dict[str, Any]:
        """The next frame of one of these types."""
        while True:
            for place, frame in enumerate(self.frames):
                if frame["type"] in types:
                    return self.frames.pop(place)
            await self._read(15.0)

    async def silent(self, type: str, seconds: float = 0.3) -> bool:
        """Whether no frame of this type comes within `seconds`."""
        try:
            await self.next(type, seconds)
        except TimeoutError:
            return True
        return False

    async def in_the_room(self) -> None:
        """Return once its history has come, or its end. A socket is open before: what the room is told until
        then stands in the history."""
        while not any(frame["type"] == "chat:history" for frame in self.frames):
            event = await self._event(15.0)
            if event["type"] == "websocket.close":
                self.line.output_queue.put_nowait(event)
                return
            self._take(event)

    async def closed(self, seconds: float = 15.0) -> int:
        """The code that the server closes with."""
        deadline = time.monotonic() + seconds
        while True:
            event = await self._event(deadline - time.monotonic())
            if event["type"] == "websocket.close":
                return event["code"]

    async def _event(self, seconds: float) -> dict[str, Any]:
        # Not `receive_output`: that ends the socket when nothing comes in time.
        async with asyncio.timeout(max(0.01, seconds)):
            return await self.line.output_queue.get()

    async def _read(self, seconds: float) -> None:
        self._take(await self._event(seconds))

    def _take(self, event: dict[str, Any]) -> None:
        assert event["type"] == "websocket.send", event
        content = orjson.loads(event["text"])
        self.frames += content if isinstance(content, list) else [content]


async def refused(client: Client, content: str = "hello") -> dict[str, Any]:
    """The refusal of what this client says."""
    nonce = uuid.uuid4().hex
    await client.send("chat:send", content=content, nonce=nonce)
    error = await client.next("chat:error")
    assert error["nonce"] == nonce
    return error


async def accepted(client: Client, content: str = "hello") -> dict[str, Any]:
    """The ack of what this client says."""
    await client.send("chat:send", content=content, nonce=uuid.uuid4().hex)
    return await client.next("chat:ack")


Dial = Callable[..., Any]


@pytest.fixture
def dial(readers: None, channel: Channel) -> Dial:
    """`async with dial("/ws/…") as client`: an open socket, whose greeting has come. The path is the room's
    when there is none; `who` comes with a ticket."""

    @asynccontextmanager
    async def dial(
        path: str = "", *, who: User | None = None, headers: dict[str, str] | None = None
    ) -> AsyncIterator[Client]:
        path = path or f"/ws/channels/{channel.slug}"
        if who is not None:
            ticket = await database.read(factories.ticket, who)
            path += f"{'&' if '?' in path else '?'}ticket={ticket}"
        given = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        line = WebsocketCommunicator(application, path, given)
        opened, _ = await line.connect(timeout=5)
        assert opened
        try:
            client = Client(line)
            if "/ws/channels/" in path:
                await client.in_the_room()
            yield client
        finally:
            await line.disconnect()

    return dial


def story(steps: Callable[[], Any]) -> None:
    """Run an async test on a loop of its own, with its hub gone at the end."""

    async def told() -> None:
        try:
            async with asyncio.timeout(30):
                await steps()
        finally:
            await Hub.here().stop()
            # The channel layer's own reader, too: `asyncio.run` would cancel it only once.
            await end(asyncio.all_tasks() - {asyncio.current_task()})

    asyncio.run(told())


def in_thread(verb: Callable[..., Any], **arguments: Any) -> Any:
    """A verb, as a web process would call it."""
    return database.read(lambda: verb(**arguments))
