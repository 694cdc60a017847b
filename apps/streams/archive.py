"""The recordings' storage, as the media code sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage, storages

from .media.archive import FileArchive
from .media.ports import Archive


class StorageArchive:
    """Any Django storage (S3) as an archive. Raises OSError when the storage can't be reached."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def write(self, path: str, chunks: Sequence[bytes]) -> None:
        with _as_os_error(path):
            self._storage.save(path, ContentFile(b"".join(chunks)))

    def names(self, prefix: str) -> list[str]:
        with _as_os_error(prefix):
            return sorted(self._storage.listdir(prefix)[1])

    def read(self, path: str) -> bytes:
        with _as_os_error(path), self._storage.open(path) as file:
            return file.read()


class _as_os_error:
    """boto raises a family of its own; callers know OSError."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, OSError):
            raise OSError(f"storage: {self._path}: {error}") from error


def recordings_archive() -> Archive:
    storage = storages["recordings"]
    if isinstance(storage, FileSystemStorage):
        # Plain files are written under another name and moved: a reader never sees half a segment.
        return FileArchive(Path(storage.location))
    return StorageArchive(storage)
