"""The writer of a room in one process: what comes in a moment is stored at once, then acknowledged."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import orjson

from apps.core.errors import DomainError, Unavailable
from apps.core.realtime.frames import iso
from apps.core.realtime.hub import Hub

from .payloads import compose
from .selectors import Line
from .store import BATCH_MOST, Appended, Conflicting, Draft, Receipt, Store, unavailable

log = logging.getLogger(__name__)

# A batch costs a commit: small rooms, too, gather for a moment. And where telling everybody takes longer than
# the upper one, those whose turn comes next hear what was stored meanwhile.
TICK_LEAST, TICK_MOST = 0.005, 0.05
# A little slower than the room tells: what was stored then seldom waits for the room's next turn.
BEAT = 1.15
WAITING_MOST = 5_000
WAITING_SECONDS = 1.0
REMEMBERED = 2_000

Answer = Callable[[Receipt | DomainError], None]
Limit = Callable[[list[Draft]], Awaitable[list[DomainError | None]]]
Stored = Callable[[list[Line], str, int], None]
Key = tuple[uuid.UUID, str]


@dataclass(slots=True)
class _Waiting:
    draft: Draft
    card: bytes
    since: float
    answers: list[Answer] = field(default_factory=list)


class RoomWriter:
    """Gathers drafts for a tick, leading-edge: a lone message is stored at once. `tick` tells how long, in
    seconds: there is no use in storing more often than the room is told. `limit` tells which of them are too
    many of their authors.

    An answer is given only after the commit. What waits is bounded in number and age, of one author by
    `most_of_one`; beyond it a draft is refused with BUSY, because buffering on would only hide that the
    database is too slow.
    """

    def __init__(
        self,
        hub: Hub,
        room_id: uuid.UUID,
        store: Store,
        limit: Limit,
        on_stored: Stored,
        tick: Callable[[], float],
        most_of_one: int,
    ) -> None:
        self._hub, self._room_id, self._store = hub, room_id, store
        self._limit, self._on_stored, self._tick = limit, on_stored, tick
        self._most_of_one = most_of_one
        # How many drafts of each author have no answer yet.
        self._unanswered: Counter[uuid.UUID] = Counter()
        self._waiting: OrderedDict[Key, _Waiting] = OrderedDict()
        self._writing: dict[Key, _Waiting] = {}
        self._receipts: OrderedDict[Key, Receipt] = OrderedDict()
        self._run: asyncio.Task[None] | None = None

    def repeat(self, user_id: uuid.UUID, nonce: str, answer: Answer) -> bool:
        """Answer a draft that came before by its first copy's receipt, now or when it has one. False when
        this process knows no such nonce (the database still may)."""
        key = user_id, nonce
        if receipt := self._receipts.get(key):
            answer(receipt)
        elif waiting := self._writing.get(key) or self._waiting.get(key):
            waiting.answers.append(answer)
        else:
            return False
        return True

    def submit(self, draft: Draft, card: bytes, answer: Answer) -> None:
        """Store `draft`; `answer` is called once, with its receipt or its refusal, which is Unavailable
        (BUSY) when too much waits already. `card` is the encoded author."""
        if self.repeat(draft.user_id, draft.nonce, answer):
            return
        now = time.monotonic()
        oldest = next(iter(self._writing.values()), None) or next(iter(self._waiting.values()), None)
        if len(self._waiting) >= WAITING_MOST or (oldest and now - oldest.since > WAITING_SECONDS):
            answer(_busy("This chat is very busy. Try again."))
            return
        if self._unanswered[draft.user_id] >= self._most_of_one:
            answer(_busy("Too many of your messages wait to be stored. Try again."))
            return
        self._unanswered[draft.user_id] += 1
        self._waiting[draft.user_id, draft.nonce] = _Waiting(draft, card, now, [answer])
        if self._run is None or self._run.done():
            self._run = self._hub.spawn(self._write_all())

    async def finish(self) -> None:
        """Wait until nothing waits."""
        if self._run is not None:
            await asyncio.wait([self._run])

    async def _write_all(self) -> None:
        while self._waiting:
            began = time.monotonic()
            keys = list(self._waiting)[:BATCH_MOST]
            self._writing = {key: self._waiting.pop(key) for key in keys}
            try:
                await self._write(await self._within_limit(list(self._writing.values())))
            finally:
                self._unanswered -= Counter(user_id for user_id, _ in self._writing)
                self._writing = {}
            tick = min(max(TICK_LEAST, BEAT * self._tick()), TICK_MOST)
            await asyncio.sleep(max(0.0, began + tick - time.monotonic()))

    async def _within_limit(self, batch: list[_Waiting]) -> list[_Waiting]:
        """What the limit lets pass; the rest is refused. Asked for the batch as a whole: a question for each
        message would cost more than the message."""
        try:
            refusals = await self._limit([waiting.draft for waiting in batch])
        except Exception:
            log.exception("The limit of a batch of messages could not be asked for.")
            refusals = [unavailable()] * len(batch)
        for waiting, refusal in zip(batch, refusals, strict=True):
            if refusal is not None:
                _answer(waiting, refusal)
        return [waiting for waiting, refusal in zip(batch, refusals, strict=True) if refusal is None]

    async def _write(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            appended = await self._store.append(self._room_id, [waiting.draft for waiting in batch])
        except Conflicting:
            if len(batch) > 1:
                for waiting in batch:
                    await self._write([waiting])
            else:
                _answer(batch[0], DomainError("This message can't be stored.", code="NOT_STORED"))
            return
        except DomainError as refusal:
            for waiting in batch:
                _answer(waiting, refusal)
            return
        except Exception:
            log.exception("A batch of messages was not stored.")
            for waiting in batch:
                _answer(waiting, unavailable())
            return
        self._report(batch, appended)

    def _report(self, batch: list[_Waiting], appended: Appended) -> None:
        """Acknowledge to the senders, then show to everybody."""
        lines, known = [], 0
        for waiting, outcome in zip(batch, appended.outcomes, strict=True):
            if isinstance(outcome, Receipt):
                self._receipts[waiting.draft.user_id, waiting.draft.nonce] = outcome
                if outcome.is_new:
                    lines.append(self._line(waiting, outcome, appended))
                else:
                    known = max(known, outcome.seq)
            _answer(waiting, outcome)
        while len(self._receipts) > REMEMBERED:
            self._receipts.popitem(last=False)
        self._on_stored(lines, iso(appended.created_at), known)

    def _line(self, waiting: _Waiting, receipt: Receipt, appended: Appended) -> Line:
        draft = waiting.draft
        told = compose(
            id=receipt.id,
            seq=receipt.seq,
            channel_id=self._room_id,
            broadcast_id=appended.broadcast_id,
            content=draft.content,
            badges=draft.badges,
            kind=draft.kind,
            reply_to=draft.reply_to,
            thread=receipt.thread,
            parent=receipt.parent,
            created_at=appended.created_at,
            user=orjson.Fragment(waiting.card),
        )
        return Line(receipt.seq, receipt.id, draft.user_id, orjson.dumps(told))


def _busy(message: str) -> Unavailable:
    return Unavailable(message, code="BUSY", retry_after=1.0)


def _answer(waiting: _Waiting, outcome: Receipt | DomainError) -> None:
    for answer in waiting.answers:
        answer(outcome)
