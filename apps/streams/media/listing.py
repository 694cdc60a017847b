"""What viewers can fetch of one window: its playlists, rendered once for all who ask, and its past."""

from __future__ import annotations

import gzip

from apps.streams.media import playlists
from apps.streams.media.names import init_name
from apps.streams.media.reading import RecordingReader
from apps.streams.media.window import LiveWindow


class Listing:
    """The viewers' side of a window. Without a `reader`, what left the memory is nowhere; `prefix` is the
    folder of its recording."""

    def __init__(
        self, window: LiveWindow, *, reader: RecordingReader | None = None, prefix: str = ""
    ) -> None:
        self.window = window
        self._reader = reader
        self._prefix = prefix
        self._rendered: dict[bool, tuple[int, bytes]] = {}
        self._packed: dict[bool, tuple[int, bytes]] = {}

    def playlist(self, *, skip: bool) -> bytes:
        """Rendered once per change, however many ask."""
        known = self._rendered.get(skip)
        if known is None or known[0] != self.window.version:
            known = (self.window.version, playlists.media(self.window, skip=skip))
            self._rendered[skip] = known
        return known[1]

    def packed(self, *, skip: bool) -> bytes:
        """The playlist in gzip: a tenth of its size."""
        known = self._packed.get(skip)
        if known is None or known[0] != self.window.version:
            packed = gzip.compress(self.playlist(skip=skip), 1, mtime=0)
            known = self._packed[skip] = (self.window.version, packed)
        return known[1]

    async def recorded_segment(self, epoch: str, msn: int, span: tuple[int, int] | None = None) -> bytes:
        """A segment that has left the memory, or the `span` of its bytes; FileNotFoundError, or what
        `RecordingReader.read` raises."""
        segment = self.window.past.find(epoch, msn)
        if segment is None:
            raise FileNotFoundError(msn)
        data = await self._read(segment.name)
        if len(data) != segment.size:
            raise FileNotFoundError(segment.name)
        return data if span is None else data[slice(*span)]

    async def recorded_init(self, init: str) -> bytes:
        """The init segment of such a segment, by its `{epoch}-{number}`."""
        if init not in self.window.past.inits:
            raise FileNotFoundError(init)
        return await self._read(init_name(init))

    async def _read(self, name: str) -> bytes:
        if self._reader is None:
            raise FileNotFoundError(name)
        return await self._reader.read(f"{self._prefix}/{name}")
