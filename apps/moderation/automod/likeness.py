"""What was said of late in one room, to know a message that has been said before. In bounded memory."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar

from .normal import fold

# As many of a person's own as the rule can ask for.
PEOPLE_MOST, OWN_MOST = 2_000, 20
SAYINGS_MOST, SAYERS_MOST = 2_000, 128
# Shorter ones ("gg", "hello") are said by many, and again.
SHARED_LEAST, OWN_LEAST = 12, 3
PIECE = 4
K = TypeVar("K")
V = TypeVar("V")
# When each of them said it last.
_Sayers = OrderedDict[Hashable, float]


class _Own(NamedTuple):
    at: float
    key: int
    pieces: frozenset[int]


@dataclass(slots=True)
class Recent:
    """One room's last messages: the last few of each person, and who said what."""

    _own: OrderedDict[Hashable, deque[_Own]] = field(default_factory=OrderedDict)
    _shared: OrderedDict[int, _Sayers] = field(default_factory=OrderedDict)

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
        own, sayers = self._remember(who, core, now)
        while now - own[0].at > seconds:
            own.popleft()
        this = own[-1]
        count = sum(1 for said in own if said.key == this.key or _alike(said.pieces, this.pieces) >= likeness)
        while sayers and now - next(iter(sayers.values())) > seconds:
            sayers.popitem(last=False)
        return count, max(1, len(sayers))

    def hear(self, who: Hashable, text: str, at: float) -> None:
        """Remember a message that was let pass elsewhere."""
        core = _core(text)
        if len(core) >= OWN_LEAST:
            self._remember(who, core, at)

    def _remember(self, who: Hashable, core: str, at: float) -> tuple[deque[_Own], _Sayers]:
        """What this person said, this last; and who said this, nobody where many do."""
        own = _latest(self._own, who, partial(deque, maxlen=OWN_MOST), PEOPLE_MOST)
        own.append(_Own(at, hash(core), _pieces(core)))
        if len(core) < SHARED_LEAST:
            return own, OrderedDict()
        sayers = _latest(self._shared, hash(core), OrderedDict, SAYINGS_MOST)
        sayers[who] = at
        sayers.move_to_end(who)
        if len(sayers) > SAYERS_MOST:
            sayers.popitem(last=False)
        return own, sayers


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
