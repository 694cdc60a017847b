"""A live stream fed by hand, without sockets: tags in, window out, on a clock of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from apps.streams.media import MediaConfig, Resume, amf0, playlists
from apps.streams.media.flv import Tag
from apps.streams.media.publisher import Publisher
from apps.streams.media.stream import LiveStream
from tests.streams.media.playlist_rules import Playlist, check, check_update

VIDEO, AUDIO, DATA = 9, 8, 18


@dataclass
class HandClock:
    """Stands still until moved."""

    now: float = 1_800_000_000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now


@dataclass
class HandSession:
    publisher: Publisher
    id: str = "session"
    address: str = "127.0.0.1"
    is_backup: bool = False
    closed: list[str] = field(default_factory=list)

    def close(self, reason: str) -> None:
        self.closed.append(reason)

    def take_line(self) -> None:
        """Nothing is seen of it."""

    def stand_by(self) -> None:
        self.publisher.stand_by()


class Studio:
    """Keeps every version of the playlist it saw, and checks each against the rules and its predecessor.

    `is_heavy`: more is sent than the window may hold, so that what is old leaves early.
    """

    def __init__(
        self, *, resume: Resume | None = None, epoch: str = "e0", is_heavy: bool = False, **config: Any
    ) -> None:
        self.is_heavy = is_heavy
        self.clock = HandClock()
        self.config = MediaConfig(grant_key=b"k", transcoding_key=b"t", **config)
        self.stream = LiveStream(
            "stream",
            "channel",
            epoch=epoch,
            config=self.config,
            clock=self.clock,
            recording=None,
            resume=resume,
        )
        self.window = self.stream.window
        self.seen: list[Playlist] = []
        self.media: dict[int, bytes] = {}
        self._version = 0

    def connect(self) -> Publisher:
        publisher = Publisher(self.config, self.clock)
        self.stream.attach(HandSession(publisher))
        return publisher

    def play(self, tags: Iterable[Tag], *, shift: int = 0) -> None:
        """One encoder's session, from connect to hang-up; `shift` moves its clock."""
        publisher = self.connect()
        self.feed(publisher, tags, shift=shift)
        self.stream.detach()
        self._look()

    def feed(self, publisher: Publisher, tags: Iterable[Tag], *, shift: int = 0) -> None:
        first = None
        began = self.clock.now
        for tag in tags:
            first = tag.timestamp if first is None else first
            self.clock.now = began + max(tag.timestamp - first, 0) / 1000
            timestamp = (tag.timestamp + shift) & 0xFFFFFFFF
            if tag.kind == VIDEO:
                publisher.on_video(timestamp, tag.body)
            elif tag.kind == AUDIO:
                publisher.on_audio(timestamp, tag.body)
            else:
                publisher.on_metadata(amf0.decode_all(tag.body)[1])
            self._look()

    def _look(self) -> None:
        if self.window.version == self._version or not self.window.playable:
            return
        self._version = self.window.version
        playlist = check(playlists.media(self.window, skip=False).decode())
        if self.seen and not self.is_heavy:
            check_update(self.seen[-1], playlist)
        self.seen.append(playlist)
        for segment in self.window.segments:
            if segment.complete and segment.msn not in self.media:
                init = self.window.inits[segment.init].data
                self.media[segment.msn] = init + b"".join(part.data for part in segment.parts)

    def whole(self, *, init: int | None = None) -> bytes:
        """Everything recorded so far behind one init segment: a file that any MP4 reader opens."""
        segments = [segment for segment in self.window.segments if init is None or segment.init == init]
        start = self.window.inits[segments[0].init].data
        return start + b"".join(part.data for segment in segments for part in segment.parts)


def shifted(tags: Iterable[Tag], milliseconds: int) -> list[Tag]:
    return [replace(tag, timestamp=tag.timestamp + milliseconds) for tag in tags]


def headers(tags: list[Tag]) -> list[Tag]:
    """The metadata and decoder configurations that an encoder sends first."""
    return [tag for tag in tags if tag.kind == DATA or (tag.kind in (VIDEO, AUDIO) and tag.body[1] == 0)]


def frames(tags: list[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.kind in (VIDEO, AUDIO) and tag.body[1] == 1]


def runs(data: bytes) -> dict[int, list[tuple[int, int]]]:
    """Start and length of every track fragment in `data`, by track, in that track's ticks."""
    found: dict[int, list[tuple[int, int]]] = {}
    for kind, moof in boxes(data):
        for part, traf in boxes(moof) if kind == b"moof" else ():
            if part == b"traf":
                inside = dict(boxes(traf))
                head, times, run = inside[b"tfhd"], inside[b"tfdt"], inside[b"trun"]
                track, start = int.from_bytes(head[4:8], "big"), int.from_bytes(times[4:12], "big")
                count = int.from_bytes(run[4:8], "big")
                if run[2] & 1:  # a duration for every sample
                    length = sum(int.from_bytes(run[12 + 16 * n : 16 + 16 * n], "big") for n in range(count))
                else:
                    length = count * int.from_bytes(head[8:12], "big")
                found.setdefault(track, []).append((start, length))
    return found


def boxes(data: bytes) -> list[tuple[bytes, bytes]]:
    found, position = [], 0
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        found.append((data[position + 4 : position + 8], data[position + 8 : position + size]))
        position += size
    return found
