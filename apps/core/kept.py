"""Values that many requests share for some seconds, so that a crowd costs the database as little as one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, Generic, TypeVar

from django.conf import settings

K = TypeVar("K")
T = TypeVar("T")


class Kept(Generic[T]):
    """What `make` returns, at most `seconds` old; each process has its own.

    When it is too old one thread makes it anew, while the others take the old one. `make` is given what it
    made last, or None. With KEEP_LISTS off it is made for each who asks.
    """

    def __init__(self, make: Callable[[T | None], T], *, seconds: float) -> None:
        self._make = make
        self._seconds = seconds
        self._held: tuple[float, T] | None = None
        self._lock = threading.Lock()

    def get(self) -> T:
        """The value; raises what `make` raises."""
        if not settings.KEEP_LISTS:
            return self._make(None)
        held = self._held
        if held is not None and self._is_fresh(held):
            return held[1]
        # Nobody waits for what is only a little late; an old value that nobody asked for is no answer.
        is_usable = held is not None and time.monotonic() - held[0] < 5 * self._seconds
        if not self._lock.acquire(blocking=not is_usable):
            assert held is not None
            return held[1]
        try:
            held = self._held
            if held is None or not self._is_fresh(held):
                held = self._held = (time.monotonic(), self._make(held and held[1]))
            return held[1]
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Have it made anew for who asks next."""
        self._held = None

    def _is_fresh(self, held: tuple[float, T]) -> bool:
        return time.monotonic() - held[0] < self._seconds


class KeptEach(Generic[K, T]):
    """What `make` returns of each key, kept alike for the `most` keys that were asked for last."""

    def __init__(self, make: Callable[[K], T], *, seconds: float, most: int) -> None:
        def kept(key: Any) -> Kept[T]:
            return Kept(lambda before: make(key), seconds=seconds)

        self._of = lru_cache(maxsize=most)(kept)

    def get(self, key: K) -> T:
        """The value of `key`; raises what `make` raises."""
        return self._of(key).get()

    def forget(self) -> None:
        """Have all of them made anew for who asks next."""
        self._of.cache_clear()


class KeptMany(Generic[K, T]):
    """What `make` returns of each of some keys, at most `seconds` old; of more than `most` the oldest go.

    Those that are not there are made together, by each thread that misses them. With KEEP_LISTS off all are
    made for each who asks.
    """

    def __init__(self, make: Callable[[Collection[K]], dict[K, T]], *, seconds: float, most: int) -> None:
        self._make = make
        self._seconds, self._most = seconds, most
        self._held: dict[K, tuple[float, T]] = {}  # in the order of their times
        self._lock = threading.Lock()

    def get(self, keys: Collection[K]) -> dict[K, T]:
        """The value of each key; raises what `make` raises."""
        since = time.monotonic() - self._seconds if settings.KEEP_LISTS else float("inf")
        found = {key: held[1] for key in keys if (held := self._held.get(key)) and held[0] > since}
        if missing := [key for key in keys if key not in found]:
            made = self._make(missing)
            self._keep(made)
            found |= made
        return found

    def forget(self) -> None:
        """Have all of them made anew for who asks next."""
        with self._lock:
            self._held.clear()

    def _keep(self, made: dict[K, T]) -> None:
        now = time.monotonic()
        with self._lock:
            for key, value in made.items():
                self._held.pop(key, None)
                self._held[key] = (now, value)
            while len(self._held) > self._most:
                del self._held[next(iter(self._held))]
