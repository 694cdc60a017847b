"""Who watches one stream, told by what they fetch."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from apps.streams.media.grants import VIEWER

_SECONDS = 10.0
"""A plain player takes a segment when there is a new one, at the latest after so long."""
_MOST = 100_000


class Watching(NamedTuple):
    """Viewer ids of grants. `fetching` were given media. `following` only ask for the playlist whose media
    may come from somebody else's cache: they are counted, and have proven nothing."""

    fetching: set[str]
    following: set[str]


def is_viewer(told: object) -> bool:
    """Whether this is the id of a viewer who is counted: the crew and edges are none."""
    return isinstance(told, str) and VIEWER.match(told) is not None and not told.startswith("-")


class Watchers:
    """Belongs to one event loop. Of a crowd larger than any one process serves, the first are counted."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._fetched: dict[str, float] = {}
        self._followed: dict[str, float] = {}

    def fetched(self, viewer: str) -> None:
        self._note(self._fetched, viewer)

    def followed(self, viewer: str) -> None:
        self._note(self._followed, viewer)

    def heard(self, told: Watching) -> None:
        """An edge tells who watches there."""
        for viewer in told.fetching:
            self.fetched(viewer)
        for viewer in told.following:
            self.followed(viewer)

    def now(self) -> Watching:
        """Those of the last 10 s; forgets the others."""
        since = self._monotonic() - _SECONDS
        self._fetched = {viewer: at for viewer, at in self._fetched.items() if at >= since}
        self._followed = {viewer: at for viewer, at in self._followed.items() if at >= since}
        return Watching(set(self._fetched), set(self._followed))

    def take(self) -> Watching:
        """Those since this was last asked; forgets them all."""
        taken = Watching(set(self._fetched), set(self._followed))
        self._fetched, self._followed = {}, {}
        return taken

    def _note(self, seen: dict[str, float], viewer: str) -> None:
        if not viewer.startswith("-") and (viewer in seen or len(seen) < _MOST):
            seen[viewer] = self._monotonic()
