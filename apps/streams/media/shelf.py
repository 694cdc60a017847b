"""Media that was fetched once, for all who want it: bounded, the longest unused goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from apps.streams.media.reading import Busy


@dataclass(slots=True)
class File:
    """`readers` are taking it at the moment."""

    name: str
    data: bytes
    readers: int = 0


class Shelf:
    """Files by name. What is on loan stays in memory anyhow, so it stays here too, and counts."""

    def __init__(self, max_bytes: int) -> None:
        self.bytes = 0
        self._max_bytes = max_bytes
        self._files: OrderedDict[str, File] = OrderedDict()

    def find(self, name: str) -> File | None:
        file = self._files.get(name)
        if file is not None:
            self._files.move_to_end(name)
        return file

    def put(self, name: str, data: bytes) -> File:
        """Keep it, at the cost of what nobody takes; Busy when that is not enough."""
        file = File(name, data)
        self._keep(file)
        return file

    @contextmanager
    def lend(self, file: File) -> Iterator[bytes]:
        """Its bytes, for as long as somebody takes them."""
        if self._files.get(file.name) is not file:
            self._keep(file)
        file.readers += 1
        try:
            yield file.data
        finally:
            file.readers -= 1

    def drop(self, prefix: str) -> None:
        """Forget all whose names begin so; what is on loan is forgotten when it is brought back."""
        for name in [name for name in self._files if name.startswith(prefix)]:
            self.bytes -= len(self._files.pop(name).data)

    def _keep(self, file: File) -> None:
        older = self._files.pop(file.name, None)
        self.bytes += len(file.data) - (len(older.data) if older else 0)
        self._files[file.name] = file
        for oldest in self._spare(file, self.bytes - self._max_bytes):
            del self._files[oldest.name]
            self.bytes -= len(oldest.data)
        if self.bytes > self._max_bytes:
            del self._files[file.name]
            self.bytes -= len(file.data)
            raise Busy

    def _spare(self, wanted: File, excess: int) -> list[File]:
        """The longest unused that nobody takes, as many as make up for `excess` bytes."""
        spare = []
        for file in self._files.values():
            if excess <= 0:
                break
            if not file.readers and file is not wanted:
                spare.append(file)
                excess -= len(file.data)
        return spare
