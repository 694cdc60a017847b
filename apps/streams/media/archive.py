"""Recordings on a local disk: the `Archive` of a single machine."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path, PurePosixPath


class FileArchive:
    """Files below `root`. A write goes to a temporary name and is renamed, so readers see whole files only.

    Nothing is forced to disk: a power cut may cost the last seconds of a recording, which is what it costs
    anyway.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)

    def write(self, path: str, chunks: Sequence[bytes]) -> None:
        target = self._inside(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with temporary.open("wb") as file:
                file.writelines(chunks)
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def names(self, prefix: str) -> list[str]:
        try:
            return [
                entry.name for entry in os.scandir(self._inside(prefix)) if not entry.name.startswith(".")
            ]
        except FileNotFoundError:
            return []

    def read(self, path: str) -> bytes:
        return self._inside(path).read_bytes()

    def _inside(self, path: str) -> Path:
        relative = PurePosixPath(path)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts or "\0" in path:
            raise ValueError(f"{path!r} is not a path inside the archive")
        return self.root / relative
