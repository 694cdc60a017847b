"""Writes every finished segment once. A crash at any moment loses no more than the segment under way, and any
process can finish the job."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from apps.streams.media.gaps import Gap, find_gaps, hole_before
from apps.streams.media.names import RecordedSegment, init_name, read_names
from apps.streams.media.ports import Archive, Recorded, Resume
from apps.streams.media.window import Segment

logger = logging.getLogger(__name__)

PLAYLIST = "index.m3u8"

_RESUME_SEGMENTS = 5
"""More than what was open or on its way to the archive when a node died: no number is used twice."""
_RESUME_MS = 20_000


def resume_point(archive: Archive, prefix: str) -> Resume | None:
    """Where a stream goes on whose node died; None when nothing of it was recorded."""
    segments = read_names(archive.names(prefix))
    if not segments:
        return None
    last = segments[-1]
    return Resume(
        next_msn=last.msn + 1 + _RESUME_SEGMENTS,
        next_time_ms=last.start_ms + last.duration_ms + _RESUME_MS,
        discontinuity_sequence=sum(segment.discontinuity for segment in segments),
        recorded=segments,
    )


def write_playlist(archive: Archive, prefix: str, *, lost: int = 0) -> Recorded | None:
    """Write the playlist of all that is recorded below `prefix`, as ended; None when there is nothing.

    May be called any number of times, by anybody, also while a stream runs.
    """
    segments = read_names(archive.names(prefix))
    if not segments:
        return None
    path = f"{prefix}/{PLAYLIST}"
    archive.write(path, [render_playlist(segments)])
    return Recorded(
        playlist=path,
        duration_ms=sum(segment.duration_ms for segment in segments),
        size_bytes=sum(segment.size for segment in segments),
        segments=len(segments),
        lost=lost,
        gaps=tuple(find_gaps(segments)),
    )


def gaps_recorded(archive: Archive, prefix: str) -> list[Gap]:
    """The gaps in what is recorded below `prefix`, which may still grow."""
    return list(find_gaps(read_names(archive.names(prefix))))


def render_playlist(segments: Sequence[RecordedSegment]) -> bytes:
    """A VOD playlist; segments that never reached the archive are EXT-X-GAP, so time stays right."""
    longest = max(segment.duration_ms for segment in segments)
    body: list[str] = []
    previous: RecordedSegment | None = None
    for segment in segments:
        if previous is not None and segment.discontinuity:
            body.append("#EXT-X-DISCONTINUITY")
        elif previous is not None:
            count, hole = hole_before(segment, previous)
            if count:
                longest = max(longest, hole // count)
                body += [f"#EXT-X-GAP\n#EXTINF:{hole / count / 1000:.3f},\nlost.m4s"] * count
        if previous is None or previous.init != segment.init:
            body.append(f'#EXT-X-MAP:URI="{init_name(segment.init)}"')
        if previous is None or segment.discontinuity:
            date = datetime.fromtimestamp(segment.wall_ms / 1000, UTC).isoformat(timespec="milliseconds")
            body.append(f"#EXT-X-PROGRAM-DATE-TIME:{date.replace('+00:00', 'Z')}")
        body += (f"#EXTINF:{segment.duration_ms / 1000:.3f},", segment.name)
        previous = segment
    head = ["#EXTM3U", "#EXT-X-VERSION:8", f"#EXT-X-TARGETDURATION:{max((longest + 500) // 1000, 1)}"]
    head += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-MEDIA-SEQUENCE:0"]
    if all(segment.independent for segment in segments):
        head.append("#EXT-X-INDEPENDENT-SEGMENTS")
    return "\n".join([*head, *body, "#EXT-X-ENDLIST", ""]).encode()


class Recorder:
    """Takes segments from the event loop to the archive, for all streams of a node.

    The bytes that wait are bounded: what the archive cannot take in time is lost and counted. The live path
    never waits for the archive and never sees its errors.
    """

    def __init__(self, archive: Archive, *, threads: int, max_bytes: int) -> None:
        self.archive = archive
        self.waiting_bytes = 0
        self.max_bytes = max_bytes
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="recorder")

    def open(self, prefix: str) -> Recording:
        """Go on writing in the folder `prefix`."""
        return Recording(self, prefix)

    def close(self) -> None:
        """Let go of the threads; writes under way finish by themselves."""
        self.pool.shutdown(wait=False, cancel_futures=True)


class Recording:
    """One stream's way to the archive. `segments`, `bytes` and `lost` count what became of what was added."""

    def __init__(self, recorder: Recorder, prefix: str) -> None:
        self.prefix = prefix
        self.segments = 0
        self.bytes = 0
        self.lost = 0
        self._recorder = recorder
        self._written_inits: set[str] = set()
        self.pending: set[asyncio.Future[None]] = set()

    def add(self, segment: Segment, recorded: RecordedSegment, init_data: bytes) -> None:
        """Write a finished segment, and its init segment if it is the first to need it; returns at once."""
        recorder, size = self._recorder, segment.size
        if recorder.waiting_bytes + size > recorder.max_bytes:
            segment.stored = False
            self._lose("the archive is too slow")
            return
        files: list[tuple[str, list[bytes]]] = []
        init = recorded.init
        if init not in self._written_inits:
            files.append((f"{self.prefix}/{init_name(init)}", [init_data]))
        files.append((f"{self.prefix}/{recorded.name}", [part.data for part in segment.parts]))
        recorder.waiting_bytes += size
        writing = asyncio.get_running_loop().run_in_executor(recorder.pool, self._write, files)
        self.pending.add(writing)
        writing.add_done_callback(lambda done: self._settle(done, segment, init))

    async def finish(self, *, seconds: float) -> Recorded | None:
        """Wait for what is under way, then write the playlist. None: nothing there, or no archive."""
        if self.pending:
            await asyncio.wait(self.pending, timeout=seconds)
        call = partial(write_playlist, self._recorder.archive, self.prefix, lost=self.lost)
        try:
            running = asyncio.get_running_loop().run_in_executor(self._recorder.pool, call)
            return await asyncio.wait_for(running, seconds)
        except Exception:  # a foreign archive may raise anything; a sweeper tries again later
            logger.exception("recording %s: the playlist was not written", self.prefix)
            return None

    def _write(self, files: list[tuple[str, list[bytes]]]) -> None:
        for path, chunks in files:
            self._recorder.archive.write(path, chunks)

    def _settle(self, done: asyncio.Future[None], segment: Segment, init: str) -> None:
        self.pending.discard(done)
        self._recorder.waiting_bytes -= segment.size
        segment.stored = not done.cancelled() and done.exception() is None
        if done.cancelled():
            self._lose("the node stopped")
        elif (error := done.exception()) is not None:
            self._lose(repr(error))
        else:
            self._written_inits.add(init)
            self.segments += 1
            self.bytes += segment.size

    def _lose(self, reason: str) -> None:
        self.lost += 1
        if self.lost == 1 or self.lost % 100 == 0:
            logger.error("recording %s: %d segments lost: %s", self.prefix, self.lost, reason)
