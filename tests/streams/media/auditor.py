"""Follows one stream through the viewers' door, part by part, and holds it to the rules that need a memory.

Section numbers are those of draft-pantos-hls-rfc8216bis. Nothing here waits: the loop has the stream's clock.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Coroutine, MutableMapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from apps.streams.media import grants
from apps.streams.media.hls import HlsApp
from apps.streams.media.stream import LiveStream
from tests.streams.media.playlist_rules import (
    ListedSegment,
    Playlist,
    check,
    check_delta,
    check_update,
    variants,
)
from tests.streams.media.studio import HandClock, boxes, runs

KEY = b"k"
_SYNC = 0x02000000
_TURNS = 6
"""Turns of the loop after which whoever can be answered has been."""


class HandLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is that of a clock which stands still until moved."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__()
        self._clock = clock

    def time(self) -> float:
        return self._clock.now


@dataclass
class Answer:
    """What came of one request so far; `status` is 0 until it is answered."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    done: bool = False

    async def take(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])
        else:
            self.body += message["body"]
            self.done = not message.get("more_body", False)


@dataclass
class Reload:
    """A blocking request, and what it asked for."""

    msn: int
    part: int | None
    answer: Answer
    since: float


class Auditor:
    """Looks after every change of a stream that nobody rewinds.

    `may_break_hints`: pictures are left out, so that a segment may have to end before its next part.
    """

    def __init__(self, stream: LiveStream, clock: HandClock) -> None:
        self.stream, self.clock = stream, clock
        self.loop = HandLoop(clock)
        self.app = HlsApp({stream.stream_id: stream}, stream.config)
        grant = grants.sign(KEY, stream.stream_id, "auditor", int(time.time()) + 3600)
        self._folder = f"/live/{grant}/{stream.stream_id}"
        self._version = 0
        self.may_break_hints = False
        self.changed_at: float | None = None
        self.longest_pause = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self.newest: Playlist | None = None
        self.reloads: list[Reload] = []
        self.parts: dict[str, bytes] = {}
        self._segments: dict[str, tuple[float, ListedSegment, float]] = {}
        self._due: list[tuple[float, int, str, bytes]] = []
        self._numbers = count()
        self._covered = 0.0
        self._offset: float | None = None

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._run(asyncio.sleep(0))
        self.loop.close()

    # Asking

    def ask(self, name: str, query: str = "") -> Answer:
        """One request, given the time that needs no waiting."""
        answer = Answer()
        scope = {
            "type": "http",
            "method": "GET",
            "path": f"{self._folder}/{name}",
            "query_string": query.encode(),
            "headers": [],
        }
        task = self.loop.create_task(self.app(scope, _no_body, answer.take))  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._turn()
        return answer

    def get(self, name: str, query: str = "") -> bytes:
        """What must be there now."""
        answer = self.ask(name, query)
        assert answer.done and answer.status == 200, f"{name}?{query}: {answer.status} {answer.body!r}"
        return answer.body

    def reload(self, msn: int, part: int | None = None) -> Answer:
        """A blocking reload, which is answered now, later, or with an error, as 6.2.5.2 has it."""
        assert self.newest is not None
        query = f"_HLS_msn={msn}" + (f"&_HLS_part={part}" if part is not None else "")
        answer = self.ask("stream.m3u8", query)
        if answer.done and answer.status == 400:
            assert is_far_ahead(self.newest, msn, part), f"{query} is not far ahead of {self.newest.last}"
            return answer
        assert not is_far_ahead(self.newest, msn, part), f"{query} is too far ahead of {self.newest.last}"
        self.reloads.append(Reload(msn, part, answer, self.clock.now))
        self._check_reloads()
        return answer

    def _turn(self) -> None:
        self._run(_turns())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)

    # Looking

    def before(self, now: float) -> None:
        """Whatever had to be there until `now` still is (6.2.2)."""
        while self._due and self._due[0][0] < now:
            _, _, name, data = heapq.heappop(self._due)
            assert self.get(name) == data, f"{name} is another one now"

    def look(self) -> None:
        """Hold what changed to the rules."""
        window = self.stream.window
        if window.version == self._version or not window.playable:
            return
        self._version = window.version
        if self.changed_at is not None:
            self.longest_pause = max(self.longest_pause, self.clock.now - self.changed_at)
        self.changed_at = self.clock.now
        self._turn()
        older, newer = self.newest, check(self.get("stream.m3u8").decode())
        self.newest = newer
        if older is not None:
            check_update(older, newer)
            check_delta(older, check(self.get("stream.m3u8", "_HLS_skip=YES&_HLS_msn=0").decode()), newer)
            self._check_hint(older, newer)
            self._note_removals(older, newer)
        for segment in newer.segments:
            self._read(segment)
        self._note_lengths(newer)
        self._check_reloads()
        self._check_variants(newer)

    def _check_hint(self, older: Playlist, newer: Playlist) -> None:
        """6.2.6: what was hinted comes, or is still hinted; unless its segment had to end before."""
        if older.hint == newer.hint or newer.ended:
            return
        assert older.hint is not None
        listed = [part["URI"] for segment in newer.segments for part in segment.parts]
        if older.hint not in listed:
            assert self.may_break_hints, f"{older.hint} was promised and did not come"
            assert self.ask(older.hint).status == 404

    def _read(self, segment: ListedSegment) -> None:
        assert segment.map is not None
        for index, part in enumerate(segment.parts):
            if part["URI"] not in self.parts:
                self._read_part(segment, index)
        if segment.uri is not None and segment.uri not in self._segments:
            if segment.map not in self.parts:
                self.parts[segment.map] = self.get(segment.map)
            data = self.get(segment.uri)
            if segment.parts:
                made = b"".join(self.parts[part["URI"]] for part in segment.parts)
                assert data == made, "3.2: a segment has the samples of its parts"
            self._segments[segment.uri] = (self.clock.now, segment, 0.0)

    def _read_part(self, segment: ListedSegment, index: int) -> None:
        """3.2, 4.4.4.9: the pictures of a part follow those before without a hole, and reach to its end."""
        part = segment.parts[index]
        data = self.parts[part["URI"]] = self.get(part["URI"])
        date = (segment.date or 0.0) + sum(float(p["DURATION"]) for p in segment.parts[:index])
        pictures = runs(data).get(1)
        if (segment.discontinuity and index == 0) or self._offset is None:
            assert pictures is not None, "a stretch of time begins with a picture"
            self._covered, self._offset = pictures[0][0] / 90_000, date - pictures[0][0] / 90_000
        begins = date - self._offset
        if pictures is not None:
            [(start, length)] = pictures
            assert abs(start / 90_000 - self._covered) < 1e-6, f"{part['URI']} leaves a hole"
            assert start / 90_000 > begins - 0.0025, f"{part['URI']} begins too early"
            # To a frame of sound, without which no part is made.
            assert index or start / 90_000 < begins + 0.024, f"the date of {segment.msn} is off"
            self._covered = (start + length) / 90_000
        assert -0.0025 < self._covered - begins - float(part["DURATION"]) < 2, f"{part['URI']} is too short"
        assert first_is_sync(data) == ("INDEPENDENT" in part), "4.4.4.9: INDEPENDENT"

    def _note_lengths(self, playlist: Playlist) -> None:
        for segment in playlist.segments:
            if segment.uri is not None:
                since, known, longest = self._segments[segment.uri]
                self._segments[segment.uri] = since, known, max(longest, playlist.length)

    def _note_removals(self, older: Playlist, newer: Playlist) -> None:
        """6.2.2: for how long what is listed no more can still be fetched."""
        if newer.ended:
            self._due.clear()
            return
        with_parts = {segment.msn for segment in newer.segments if segment.parts}
        for segment in older.segments:
            if segment.parts and segment.msn not in with_parts:
                until = self.clock.now + 3 * newer.target
                for part in segment.parts[:: max(len(segment.parts) - 1, 1)]:
                    self._must_stay(until, part["URI"], self.parts[part["URI"]])
            if segment.msn < newer.first_msn and segment.uri is not None:
                since, known, longest = self._segments[segment.uri]
                data = b"".join(self.parts[uri] for uri in self._parts_of(segment))
                self._must_stay(since + (known.duration or 0) + longest, segment.uri, data)

    def _parts_of(self, segment: ListedSegment) -> list[str]:
        assert segment.uri is not None
        stem = segment.uri.removesuffix(".m4s") + "-"
        return [uri for uri in self.parts if uri.startswith(stem)]

    def _must_stay(self, until: float, name: str, data: bytes) -> None:
        if until > self.clock.now:
            heapq.heappush(self._due, (until, next(self._numbers), name, data))

    def _check_reloads(self) -> None:
        """6.2.5.2: who waits is answered when it is there, and not before; or told that nothing comes (while
        the encoder is away, with the playlist as it is)."""
        assert self.newest is not None
        patience = self.stream.config.block_seconds
        nothing = 200 if self.stream.window.interrupted else 503
        for reload in list(self.reloads):
            if reload.answer.status == nothing and self.clock.now - reload.since > patience - 0.001:
                self.reloads.remove(reload)
                continue
            is_there = contains(self.newest, reload.msn, reload.part)
            assert reload.answer.done == is_there, f"{reload.msn} {reload.part} at {self.newest.last}"
            if is_there:
                assert reload.answer.status == 200
                answered = check(reload.answer.body.decode())
                assert contains(answered, reload.msn, reload.part)
                self.reloads.remove(reload)

    def _check_variants(self, playlist: Playlist) -> None:
        """4.4.6.2: BANDWIDTH is no less than any segment; the rest is what the init segment says."""
        [variant] = variants(self.get("index.m3u8").decode())
        for segment in playlist.segments:
            if segment.uri is not None:
                size = sum(len(self.parts[uri]) for uri in self._parts_of(segment))
                assert size * 8 / segment.length <= int(variant["BANDWIDTH"]), "4.4.6.2"
        init = self.stream.window.inits[self.stream.window.segments[-1].init]
        assert variant["CODECS"] == f"{init.video.codec},{init.audio.codec}"
        assert variant["RESOLUTION"] == f"{init.video.width}x{init.video.height}"


def is_far_ahead(playlist: Playlist, msn: int, part: int | None) -> bool:
    """6.2.5.2: more than two segments, or three seconds of parts, beyond the end."""
    if playlist.ended:
        return False
    last_msn, last_part = playlist.last
    if playlist.segments[-1].uri is not None:
        last_msn, last_part = last_msn + 1, -1
        if msn > last_msn + 1:
            return True
    limit = 3 / playlist.part_target if playlist.part_target < 1 else 3
    newest = last_part if msn == last_msn else -1
    return msn > last_msn + 2 or (msn >= last_msn and part is not None and part - newest > limit)


def contains(playlist: Playlist, msn: int, part: int | None) -> bool:
    """Whether the playlist has that segment, or that part, or a later one; what has ended answers at once."""
    if playlist.ended:
        return True
    complete = [segment.msn for segment in playlist.segments if segment.uri is not None]
    if part is None:
        return playlist.segments[-1].msn > msn or msn in complete
    for segment in playlist.segments:
        if segment.msn == msn and segment.uri is not None and segment.parts and part >= len(segment.parts):
            msn, part = msn + 1, 0
    last_msn, last_part = playlist.last
    return (last_msn, last_part) >= (msn, part)


def first_is_sync(data: bytes) -> bool:
    """Whether the first picture of a part is a keyframe, by its sample flags (ISO/IEC 14496-12, 8.8.3.1)."""
    moof = dict(boxes(data))[b"moof"]
    for kind, traf in boxes(moof):
        inside = dict(boxes(traf)) if kind == b"traf" else {}
        if inside and int.from_bytes(inside[b"tfhd"][4:8], "big") == 1:
            return int.from_bytes(inside[b"trun"][20:24], "big") == _SYNC
    return False


async def _no_body() -> MutableMapping[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _turns() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
