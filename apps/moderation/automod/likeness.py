"""What was said of late in one room, to know a message that has been said before. In bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from .normal import fold

PEOPLE_MOST, OWN_MOST = 2_000, 8
SAYINGS_MOST, SAYERS_MOST = 2_000, 128
# Shorter ones ("gg", "hello") are said by many, and again.
SHARED_LEAST, OWN_LEAST = 12, 3
PIECE = 4
K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Recent:
    """One room's last messages: the last few of each person, and who said what."""

    _own: OrderedDict[Hashable, deque[tuple[float, int, frozenset[int]]]] = field(default_factory=OrderedDict)
    _shared: OrderedDict[int, OrderedDict[Hashable, float]] = field(default_factory=OrderedDict)

    def said_before(
        self, who: Hashable, text: str, now: float, *, seconds: int, likeness: float
    ) -> tuple[int, int]:
        """How often this person, and how many people, said the same within `seconds`, this time included.

        Remembers the message. A person's own counts when nearly the same, others' when the same but for case,
        repeats, digits, punctuation and blanks.
        """
        core = _core(text)
        if len(core) < OWN_LEAST:
            return 1, 1
        return self._by_person(who, core, now, seconds, likeness), self._by_all(who, core, now, seconds)

    def _by_person(self, who: Hashable, core: str, now: float, seconds: int, likeness: float) -> int:
        own = _latest(self._own, who, deque, PEOPLE_MOST)
        while own and now - own[0][0] > seconds:
            own.popleft()
        same, pieces = hash(core), _pieces(core)
        count = 1 + sum(1 for _, key, others in own if key == same or _alike(pieces, others) >= likeness)
        own.append((now, same, pieces))
        if len(own) > OWN_MOST:
            own.popleft()
        return count

    def _by_all(self, who: Hashable, core: str, now: float, seconds: int) -> int:
        if len(core) < SHARED_LEAST:
            return 1
        sayers = _latest(self._shared, hash(core), OrderedDict, SAYINGS_MOST)
        sayers[who] = now
        sayers.move_to_end(who)
        while now - next(iter(sayers.values())) > seconds or len(sayers) > SAYERS_MOST:
            sayers.popitem(last=False)
        return len(sayers)


def _latest(memory: OrderedDict[K, V], key: K, new: Callable[[], V], most: int) -> V:
    """The entry of `key`, made when there is none; the one unused for longest goes when all are too many."""
    entry = memory.get(key)
    if entry is None:
        entry = memory[key] = new()
        if len(memory) > most:
            memory.popitem(last=False)
    else:
        memory.move_to_end(key)
    return entry


def _core(text: str) -> str:
    """Its letters alone, each run of one letter once; for a text without letters, what there is."""
    folded = fold(text)
    letters = "".join(filter(str.isalpha, folded)) or folded.replace(" ", "")
    return "".join([c for c, before in zip(letters, " " + letters, strict=False) if c != before])


def _pieces(core: str) -> frozenset[int]:
    return frozenset(hash(core[i : i + PIECE]) for i in range(max(1, len(core) - PIECE + 1)))


def _alike(one: frozenset[int], other: frozenset[int]) -> float:
    common = len(one & other)
    return common / (len(one) + len(other) - common)
