"""Stills of live broadcasts: a thumbnail a minute, and the storyboard for those who seek.

They are made from the recording's newest segments, so any worker of any machine can, and the live path has no
part in it. Thumbnails lie in the public storage under names that nobody can guess, for cards and links; a
storyboard tells the whole broadcast and lies with the recording, behind a playback grant.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage, storages
from django.db.models import F, Q
from django.utils import timezone
from PIL import Image

from apps.core.errors import Unavailable
from apps.streams import stills
from apps.streams.archive import recordings_archive
from apps.streams.media.names import RecordedSegment, init_name, newest_names, read_names
from apps.streams.media.ports import Archive
from apps.streams.models import LARGE, SMALL, Broadcast, Status, StoryboardSheet, still_name

log = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
# A new broadcast without a whole segment yet is looked at again soon, one that can't be decoded later.
SOON = timedelta(seconds=5)
LATER = timedelta(minutes=5)
# An open page's cards, and who fetches a link's picture a little later, must still find theirs.
KEPT = 3

TILE_MS = 10_000
TILES_AT_ONCE = 12
STORYBOARD_MS = 2 * 3600 * 1000

# Of the worker's threads, most stay free for what is quick.
_lanes = threading.BoundedSemaphore(2)
_ROUND_SECONDS = 40.0

_FOLDER = "thumbnails"
_BATCH = 500
_CLAIMED = 20
_SHEET = re.compile(r"still_\d+_[0-9a-f]+\.webp\Z")


def picture_live_broadcasts() -> int:
    """Take pictures of the live broadcasts whose turn it is, one after the other; how many.

    A broadcast's turn is claimed in its row, so it has one a minute however many rounds run, and the turns of
    many are spread over the minute by themselves.
    """
    if not _lanes.acquire(blocking=False):
        return 0
    try:
        done, until = 0, time.monotonic() + _ROUND_SECONDS
        for broadcast in _claims():
            _picture(broadcast)
            done += 1
            if time.monotonic() > until:
                break
        return done
    finally:
        _lanes.release()


def storyboard_sheet(broadcast_id: uuid.UUID, name: str) -> bytes | None:
    """The bytes of one of its sheets; None when there is no such file. Raises Unavailable."""
    if not _SHEET.match(name):
        return None
    try:
        return recordings_archive().read(f"{broadcast_id.hex}/{name}")
    except FileNotFoundError:
        return None
    except OSError as error:
        log.warning("broadcast %s: %s cannot be read: %r", broadcast_id, name, error)
        raise Unavailable("The picture can't be read at the moment.", retry_after=5) from error


def tidy_pictures(broadcast: Broadcast) -> None:
    """After its end: the last thumbnail stays for what is archived, everything else goes."""
    broadcast.refresh_from_db(fields=["picture"])
    _delete_thumbnails(broadcast.pk.hex, but=[broadcast.picture])
    storage = storages["recordings"]
    for name in _names(storage, broadcast.pk.hex):
        if _SHEET.match(name):
            storage.delete(f"{broadcast.pk.hex}/{name}")
    broadcast.sheets.all().delete()


def sweep_pictures() -> int:
    """Delete the thumbnails of broadcasts that are gone, and what a lost end left; how many were swept."""
    folders = [name for name in _folders(default_storage) if _is_hex(name)]
    gone: list[str] = []
    # There is a folder for every broadcast that ever was, and a query takes only so many ids.
    for start in range(0, len(folders), _BATCH):
        batch = folders[start : start + _BATCH]
        kept = Broadcast.objects.filter(pk__in=[uuid.UUID(name) for name in batch])
        known = {pk.hex for pk in kept.values_list("pk", flat=True)}
        gone += [name for name in batch if name not in known]
    for folder in gone:
        _delete_thumbnails(folder, but=[])
    recent = timezone.now() - timedelta(hours=3)
    ended = Broadcast.objects.filter(status=Status.ARCHIVED).exclude(picture="")
    for broadcast in ended.filter(archived_at__gt=recent):
        tidy_pictures(broadcast)
    return len(gone)


def _claims() -> Iterator[Broadcast]:
    """Live broadcasts that nobody has looked after for a minute; from when it is handed out, somebody has."""
    ours = Broadcast.objects.filter(status=Status.LIVE, channel__suspended_at__isnull=True, provider="")
    while due := list(ours.filter(_is_due()).order_by(F("pictured_at").asc(nulls_first=True))[:_CLAIMED]):
        for broadcast in due:
            # Two workers may have read the same row: one of them finds that it is due no more.
            here = Broadcast.objects.filter(_is_due(), pk=broadcast.pk, status=Status.LIVE)
            if here.update(pictured_at=timezone.now()):
                yield broadcast


def _is_due() -> Q:
    return Q(pictured_at__isnull=True) | Q(pictured_at__lte=timezone.now() - EVERY)


def _picture(broadcast: Broadcast) -> None:
    """Its thumbnail and what its storyboard lacks. Whatever goes wrong, goes wrong here alone."""
    folder, archive = broadcast.pk.hex, recordings_archive()
    try:
        sheets = list(broadcast.sheets.all())
        names = newest_names(archive.names(folder), after_ms=_shown_ms(sheets))
        segments = [segment for segment in read_names(names) if segment.independent]
        if not segments:
            return _look_again(broadcast, SOON) if _is_new(broadcast) else None
        shots = _Shots(archive, folder)
        _replace_thumbnail(broadcast, shots.of(segments[-1]))
        _extend_storyboard(broadcast, sheets, segments, shots)
    except stills.NoStill as reason:
        log.info("broadcast %s: no still: %s", broadcast.pk, reason)
        _look_again(broadcast, LATER)
    except Exception:  # a storage out of reach may raise anything; the next broadcast's is another matter
        log.exception("broadcast %s: no still", broadcast.pk)


def _is_new(broadcast: Broadcast) -> bool:
    return broadcast.started_at is not None and timezone.now() - broadcast.started_at < EVERY


def _look_again(broadcast: Broadcast, after: timedelta) -> None:
    due: datetime = timezone.now() + after - EVERY
    Broadcast.objects.filter(pk=broadcast.pk).update(pictured_at=due)


class _Shots:
    """Stills of one recording's segments; each is decoded once."""

    def __init__(self, archive: Archive, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._inits: dict[str, bytes] = {}
        self._made: dict[str, Image.Image] = {}

    def of(self, segment: RecordedSegment) -> Image.Image:
        if segment.name not in self._made:
            if segment.init not in self._inits:
                self._inits[segment.init] = self._archive.read(f"{self._folder}/{init_name(segment.init)}")
            media = self._archive.read(f"{self._folder}/{segment.name}")
            self._made[segment.name] = stills.still(self._inits[segment.init], media)
        return self._made[segment.name]


def _replace_thumbnail(broadcast: Broadcast, picture: Image.Image) -> None:
    # The time first: the newest names are the last ones. What follows it can't be guessed.
    name = f"{_FOLDER}/{broadcast.pk.hex}/{int(time.time() * 1000):x}-{secrets.token_hex(12)}"
    for width in (LARGE, SMALL):
        default_storage.save(still_name(name, width), ContentFile(stills.webp(picture, width=width)))
    Broadcast.objects.filter(pk=broadcast.pk).update(picture=name)
    generations = sorted({file.rpartition("-")[0] for file in _thumbnails(broadcast.pk.hex)})
    newest = [f"{_FOLDER}/{broadcast.pk.hex}/{generation}" for generation in generations[-KEPT:]]
    _delete_thumbnails(broadcast.pk.hex, but=newest)


def _extend_storyboard(
    broadcast: Broadcast,
    sheets: Sequence[StoryboardSheet],
    segments: Sequence[RecordedSegment],
    shots: _Shots,
) -> None:
    """A sheet of what came since the last one; what lies too far back for anybody to seek there goes."""
    oldest = segments[-1].start_ms - STORYBOARD_MS
    for sheet in sheets:
        if sheet.tiles[-1][0] < oldest:
            sheet.delete()
            storages["recordings"].delete(f"{broadcast.pk.hex}/{sheet.file}")
    chosen = _tiles(segments, after_ms=max(oldest, _shown_ms(sheets)))
    if not chosen:
        return
    file = f"still_{chosen[0].start_ms}_{secrets.token_hex(8)}.webp"
    pictures = [shots.of(segment) for segment in chosen]
    recordings_archive().write(f"{broadcast.pk.hex}/{file}", [stills.sheet(pictures)])
    StoryboardSheet.objects.create(
        broadcast=broadcast,
        start_ms=chosen[0].start_ms,
        file=file,
        tiles=[[segment.start_ms, segment.wall_ms] for segment in chosen],
    )


def _shown_ms(sheets: Sequence[StoryboardSheet]) -> int:
    """Where the last still is; before the beginning when there is none."""
    return sheets[-1].tiles[-1][0] if sheets else -TILE_MS


def _tiles(segments: Sequence[RecordedSegment], *, after_ms: int) -> list[RecordedSegment]:
    """The first segment of every ten seconds after those of `after_ms`; the newest few when it was long."""
    begun = after_ms // TILE_MS
    firsts: dict[int, RecordedSegment] = {}
    for segment in segments:
        if segment.start_ms // TILE_MS > begun:
            firsts.setdefault(segment.start_ms // TILE_MS, segment)
    return list(firsts.values())[-TILES_AT_ONCE:]


def _delete_thumbnails(folder: str, *, but: Sequence[str]) -> None:
    for file in _thumbnails(folder):
        if f"{_FOLDER}/{folder}/{file.rpartition('-')[0]}" not in but:
            default_storage.delete(f"{_FOLDER}/{folder}/{file}")
    if not but:
        default_storage.delete(f"{_FOLDER}/{folder}")


def _thumbnails(folder: str) -> list[str]:
    return _names(default_storage, f"{_FOLDER}/{folder}")


def _names(storage: Storage, folder: str) -> list[str]:
    try:
        return list(storage.listdir(folder)[1])
    except FileNotFoundError:
        return []


def _folders(storage: Storage) -> list[str]:
    try:
        return list(storage.listdir(_FOLDER)[0])
    except FileNotFoundError:
        return []


def _is_hex(name: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-f]{32}", name))
