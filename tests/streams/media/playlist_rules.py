"""Checks playlists against the rules of draft-pantos-hls-rfc8216bis, one and several in a row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise


@dataclass
class ListedSegment:
    msn: int
    duration: float | None = None
    uri: str | None = None
    parts: list[dict[str, str]] = field(default_factory=list)
    map: str | None = None
    date: float | None = None
    dated: bool = False
    discontinuity: bool = False
    gap: bool = False


@dataclass
class Playlist:
    """A parsed media playlist; `segments` has the open one too, `skipped` counts what a delta left out."""

    text: str
    tags: dict[str, str]
    segments: list[ListedSegment]
    skipped: int
    ended: bool
    hint: str | None

    @property
    def control(self) -> dict[str, str]:
        return attributes(self.tags.get("#EXT-X-SERVER-CONTROL", ""))

    @property
    def part_target(self) -> float:
        return float(attributes(self.tags["#EXT-X-PART-INF"])["PART-TARGET"])


def attributes(text: str) -> dict[str, str]:
    return {name: value.strip('"') for name, value in re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', text)}


def parse(text: str) -> Playlist:
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U", "4.4.1.1: EXTM3U is the first line"
    tags: dict[str, str] = {}
    hint, ended, skipped = None, False, 0
    current_map: str | None = None
    segments: list[ListedSegment] = []
    pending = ListedSegment(0)
    for line in lines[1:]:
        name, _, value = line.partition(":")
        if name == "#EXTINF":
            pending.duration = float(value.rstrip(","))
        elif name == "#EXT-X-PART":
            pending.parts.append(attributes(value))
        elif name == "#EXT-X-MAP":
            current_map = attributes(value)["URI"]
        elif name == "#EXT-X-PROGRAM-DATE-TIME":
            pending.date, pending.dated = datetime.fromisoformat(value).timestamp(), True
        elif name == "#EXT-X-GAP":
            pending.gap = True
        elif name == "#EXT-X-DISCONTINUITY":
            pending.discontinuity = True
        elif name == "#EXT-X-SKIP":
            skipped = int(attributes(value)["SKIPPED-SEGMENTS"])
        elif name == "#EXT-X-PRELOAD-HINT":
            hint = attributes(value)["URI"]
        elif name == "#EXT-X-ENDLIST":
            ended = True
        elif line.startswith("#"):
            assert name not in tags, f"{name} appears twice"
            tags[name] = value
        elif line:
            pending.uri, pending.map = line, current_map
            segments.append(pending)
            pending = ListedSegment(0)
    if pending.parts:
        pending.map = current_map
        segments.append(pending)
    first = int(tags.get("#EXT-X-MEDIA-SEQUENCE", "0"))
    for index, segment in enumerate(segments):
        segment.msn = first + skipped + index
    _derive_dates(segments)
    return Playlist(text, tags, segments, skipped, ended, hint)


def _derive_dates(segments: list[ListedSegment]) -> None:
    """4.4.4.6: what has no date of its own follows from the one before, at the beginning from the next."""
    for before, after in pairwise(segments):
        if not after.dated and before.date is not None and before.duration is not None:
            after.date = before.date + before.duration
    for after, before in pairwise(reversed(segments)):
        if before.date is None and after.date is not None and before.duration is not None:
            before.date = after.date - before.duration


def check(text: str) -> Playlist:
    """One playlist keeps the rules; returns it parsed."""
    playlist = parse(text)
    target = int(playlist.tags["#EXT-X-TARGETDURATION"])
    assert int(playlist.tags["#EXT-X-VERSION"]) >= 9, "8: EXT-X-SKIP needs version 9"
    for segment in playlist.segments:
        if segment.duration is not None:
            assert int(segment.duration + 0.5) <= target, (
                "4.4.3.1: EXTINF rounds to at most the target duration"
            )
        assert segment.map is not None, "4.4.4.5: fragmented MP4 needs EXT-X-MAP"
        assert segment.date is not None
        assert segment.dated or not segment.discontinuity, "another stretch of time tells its date"
    if playlist.ended:
        assert playlist.hint is None and "#EXT-X-PART-INF" not in playlist.tags
        return playlist
    check_low_latency(playlist, target)
    return playlist


def check_low_latency(playlist: Playlist, target: int) -> None:
    control, part_target = playlist.control, playlist.part_target
    assert control["CAN-BLOCK-RELOAD"] == "YES"
    assert float(control["PART-HOLD-BACK"]) >= 3 * part_target - 1e-9, "4.4.3.8"
    assert float(control["HOLD-BACK"]) >= 3 * target, "4.4.3.8"
    assert float(control["CAN-SKIP-UNTIL"]) >= 6 * target, "4.4.3.8"
    assert playlist.hint is not None
    for segment in playlist.segments:
        for index, part in enumerate(segment.parts):
            duration = float(part["DURATION"])
            assert duration <= part_target + 1e-9, "4.4.4.9: a part is at most the part target"
            last = index == len(segment.parts) - 1
            if not last:
                assert duration >= 0.85 * part_target, (
                    "4.4.3.7: and at least 85 % of it unless it is the last"
                )
        if segment.parts and segment.duration is not None:
            total = sum(float(part["DURATION"]) for part in segment.parts)
            assert abs(total - segment.duration) < 0.002, "parts make up their segment"
    assert not any(segment.parts for segment in playlist.segments[:-3]), "parts belong to the live edge"
    if "#EXT-X-INDEPENDENT-SEGMENTS" in playlist.tags:
        for segment in playlist.segments:
            assert not segment.parts or segment.parts[0].get("INDEPENDENT") == "YES"


def check_update(older: Playlist, newer: Playlist) -> None:
    """What may change from one version of a playlist to a later one (6.2.1, 6.2.2)."""
    for tag in ("#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL", "#EXT-X-VERSION"):
        if not newer.ended:
            assert older.tags[tag] == newer.tags[tag], f"{tag} may not change"
    known = {segment.msn: segment for segment in older.segments}
    for segment in newer.segments:
        before = known.get(segment.msn)
        if before is None:
            continue
        assert before.map == segment.map and before.date is not None and segment.date is not None
        assert abs(before.date - segment.date) < 0.002, "dates do not change"
        assert segment.gap or not before.gap, "what is lost does not come back"
        assert before.discontinuity == segment.discontinuity
        if before.uri is not None:
            assert (before.uri, before.duration) == (segment.uri, segment.duration), "segments do not change"
        for was, now in zip(before.parts, segment.parts, strict=False):
            assert was == now, "parts do not change"
    first_older, first_newer = _first(older), _first(newer)
    assert first_newer >= first_older, "6.2.2: the media sequence number never goes back"
    left = [s for s in older.segments if s.msn < first_newer]
    removed = sum(segment.discontinuity for segment in left)
    assert _discontinuities(newer) == _discontinuities(older) + removed, "4.4.3.3"


def _first(playlist: Playlist) -> int:
    return int(playlist.tags["#EXT-X-MEDIA-SEQUENCE"])


def _discontinuities(playlist: Playlist) -> int:
    return int(playlist.tags.get("#EXT-X-DISCONTINUITY-SEQUENCE", "0"))
