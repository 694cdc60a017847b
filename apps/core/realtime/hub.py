"""The hub: one per process and event loop. It knows every topic that somebody here listens to.

Between processes only hints travel, over Django Channels' channel layer. The hub owns one channel of it and
one reader, and joins a group per topic when the first listener comes; so a batch crosses Redis once a
process, however many listen. The layer delivers at most once: whoever needs more (the chat) numbers its
events and asks the database about holes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import uuid
import weakref
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from channels.layers import get_channel_layer

from .closing import Close
from .connection import Connection
from .topic import Topic

log = logging.getLogger(__name__)

LAYER_PATIENCE = 2.0
HOUSEKEEPING_SECONDS = 2.0
DRAIN_SECONDS = 5.0
# So many clients may come back in one second of a restart.
RETURNS_A_SECOND = 2_000

Chore = Callable[[], Awaitable[None]]


class Hub:
    """Made by `Hub.here()` on the server's loop; everything but `note` must be called there."""

    _hubs: ClassVar[weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]] = weakref.WeakKeyDictionary()

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.id = uuid.uuid4().hex
        self.topics: dict[str, Topic] = {}
        self.connections: set[Connection] = set()
        self.draining = False
        self.loop = loop
        self._layer = get_channel_layer()
        self._channel: str | None = None
        # Set once the layer has given a channel, or has not.
        self._has_asked = asyncio.Event()
        self.joined: set[str] = set()
        self._membership = asyncio.Lock()
        self._is_cut_off = False
        self._chores: list[Chore] = []
        self._before_drain: list[Chore] = []
        self._at_stop: list[Chore] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._complained_at = float("-inf")
        self.spawn(self._read())
        self.spawn(self._keep_house())

    @classmethod
    def here(cls) -> Hub:
        """The hub of the running loop, made on first use."""
        loop = asyncio.get_running_loop()
        hub = cls._hubs.get(loop)
        if hub is None:
            hub = cls._hubs[loop] = cls(loop)
        return hub

    @classmethod
    def running_loop(cls) -> asyncio.AbstractEventLoop | None:
        """The loop of this process's hub, for threads that want to reach it."""
        return next((loop for loop in list(cls._hubs) if loop.is_running()), None)

    @property
    def is_attached(self) -> bool:
        """Whether hints of other processes reach every topic here."""
        return self._channel is not None and set(self.topics) == self.joined

    def spawn(self, work: Any) -> asyncio.Task[None]:
        """Run in the background and stay referenced; a failure is logged."""
        task: asyncio.Task[None] = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def every_so_often(self, chore: Chore) -> None:
        """Run `chore` every two seconds; a failure is logged and the next run comes anyway."""
        self._chores.append(chore)

    def before_drain(self, chore: Chore) -> None:
        """Run `chore` when the process is told to stop, while its sockets are still open."""
        self._before_drain.append(chore)

    def at_stop(self, chore: Chore) -> None:
        """Run `chore` when the hub ends, after all background work."""
        self._at_stop.append(chore)

    async def arrive(self, name: str, connection: Connection) -> Topic:
        """The topic, joined to the layer and kept for `connection` until it `leave`s; it hears from its
        `topic.enter` on."""
        topic = self.topics.get(name)
        if topic is None:
            topic = self.topics[name] = Topic(name, self.loop)
        topic.arriving.add(connection)
        # While the layer is out of reach nobody waits for it: housekeeping goes on trying.
        if name not in self.joined and not self._is_cut_off:
            try:
                await self._asked()
                await self._reconcile(name)
            except BaseException:
                self.leave(topic, connection)
                raise
        return topic

    def leave(self, topic: Topic, connection: Connection) -> None:
        """Stop listening; after the last one the process forgets the topic."""
        topic.leave(connection)
        if not len(topic) and self.topics.get(topic.name) is topic:
            del self.topics[topic.name]
            self.spawn(self._reconcile(topic.name))

    async def note(self, name: str, note: dict[str, Any]) -> None:
        """Tell the same topic's `on_note` in every other process. Raises when the layer is out of reach."""
        await self._layer.group_send(name, {"type": "note", "topic": name, "note": note, "from": self.id})

    def hint(self, name: str, note: dict[str, Any]) -> None:
        """`note` in the background; one that can't be sent is logged and given up."""
        self.spawn(self._try(lambda: self.note(name, note)))

    def tell(self, name: str, event: bytes) -> None:
        """Send an encoded event to the topic's listeners in every process, here also without the layer."""
        topic = self.topics.get(name)
        if topic is not None:
            topic.post(event)
        message = {"type": "event", "topic": name, "event": event, "from": self.id}
        self.spawn(self._try(lambda: self._layer.group_send(name, message)))

    async def _try(self, send: Callable[[], Awaitable[None]]) -> None:
        try:
            # A layer that hangs would let hints pile up that nobody needs any more.
            async with asyncio.timeout(LAYER_PATIENCE):
                await send()
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        """Once in a while: an outage is one story, not thousands."""
        if self.loop.time() - self._complained_at > 5:
            self._complained_at = self.loop.time()
            log.warning("The channel layer does not answer (%s: %s).", type(error).__name__, error)

    async def drain(self) -> None:
        """Close every socket with 1012, spread so that the clients do not all come back at once."""
        self.draining = True
        for chore in self._before_drain:
            with contextlib.suppress(Exception):
                await chore()
        open_now = list(self.connections)
        random.shuffle(open_now)
        seconds = min(DRAIN_SECONDS, len(open_now) / RETURNS_A_SECOND)
        step = max(1, len(open_now) // 100)
        for at in range(0, len(open_now), step):
            for connection in open_now[at : at + step]:
                connection.close(Close.RESTART, "The server restarts.")
            await asyncio.sleep(seconds / 100)

    async def stop(self) -> None:
        """End the background work; the loop may then be closed."""
        await end(self._tasks)
        for chore in self._at_stop:
            await chore()
        self._hubs.pop(self.loop, None)

    async def _asked(self) -> None:
        """Wait until there is a channel to join with: the first who arrive are earlier."""
        try:
            async with asyncio.timeout(LAYER_PATIENCE):
                await self._has_asked.wait()
        except TimeoutError:  # housekeeping joins, once there is one
            self._has_asked.set()

    async def _reconcile(self, name: str) -> None:
        """Make membership in the layer's group what it should be now, whatever happened meanwhile."""
        async with self._membership:
            # Again while it changes: somebody may come in the very moment that the last one has left.
            while self._channel is not None and (wanted := name in self.topics) != (name in self.joined):
                change = self._layer.group_add if wanted else self._layer.group_discard
                try:
                    async with asyncio.timeout(LAYER_PATIENCE):
                        await change(name, self._channel)
                except Exception as error:
                    # Housekeeping tries again. Until then this process serves its own people.
                    self._is_cut_off = True
                    self._complain(error)
                    return
                self._is_cut_off = False
                (self.joined.add if wanted else self.joined.discard)(name)

    async def _read(self) -> None:
        while True:
            try:
                if self._channel is None:
                    self._channel = await self._layer.new_channel()
                    self._has_asked.set()
                    await self._rejoin()
                message = await self._layer.receive(self._channel)
            except Exception as error:
                self._has_asked.set()
                self._complain(error)
                self._channel = None
                self.joined.clear()
                await asyncio.sleep(1)
                continue
            try:
                self._dispatch(message)
            except Exception:
                log.exception("A hint could not be used.")

    def _dispatch(self, message: dict[str, Any]) -> None:
        topic = self.topics.get(message["topic"])
        if topic is None or message.get("from") == self.id:
            return
        if message["type"] == "event":
            topic.post(message["event"])
        elif topic.on_note is not None:
            topic.on_note(message["note"])

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(HOUSEKEEPING_SECONDS)
            for chore in (self._rejoin, *self._chores):
                try:
                    await chore()
                except Exception:
                    log.exception("Housekeeping failed.")

    async def _rejoin(self) -> None:
        for name in set(self.topics) ^ self.joined:
            await self._reconcile(name)
            if self._is_cut_off:  # each of the others would wait as long
                return

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("Background work failed.", exc_info=error)


async def end(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel `tasks` until they are done: a Redis client may mistake a cancellation that meets its time-out
    for the time-out, and go on."""
    rest = set(tasks)
    while rest:
        for task in rest:
            task.cancel()
        _, rest = await asyncio.wait(rest, timeout=0.5)
