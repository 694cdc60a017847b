"""A strict reader of playlists, and what draft-pantos-hls-rfc8216bis demands of the servers that make them.

Section numbers are the draft's. `parse` and `check` look at one playlist, `check_update` at what became of
it, `check_delta` at a delta update, `variants` at a multivariant playlist.

Four things differ from the draft on purpose. The first group of pictures of a broadcast is listed as two
segments, so EXT-X-START stands there for some seconds and EXT-X-INDEPENDENT-SEGMENTS comes later (6.2.1 would
have the header stand still). What has ended loses the tags of low latency together with its parts, at once.
While an encoder is away nothing new is listed (6.2.1 would have gaps). And memory is bounded: streams heavier
than the window may be lose what is old early.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from tests.streams.media.playlist_lines import OF_THE_PLAYLIST, attributes, lines_of


@dataclass
class ListedSegment:
    """A segment as it is listed; the open one has no `uri` and no `duration`, only `parts`."""

    msn: int
    duration: float | None = None
    uri: str | None = None
    parts: list[dict[str, str]] = field(default_factory=list)
    map: str | None = None
    date: float | None = None
    dated: bool = False
    discontinuity: bool = False
    gap: bool = False

    @property
    def length(self) -> float:
        """Seconds, of an open segment so far."""
        if self.duration is not None:
            return self.duration
        return sum(float(part["DURATION"]) for part in self.parts)


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

    @property
    def target(self) -> int:
        return int(self.tags["#EXT-X-TARGETDURATION"])

    @property
    def first_msn(self) -> int:
        return int(self.tags.get("#EXT-X-MEDIA-SEQUENCE", "0"))

    @property
    def discontinuities(self) -> int:
        """The Discontinuity Sequence Number of what was removed."""
        return int(self.tags.get("#EXT-X-DISCONTINUITY-SEQUENCE", "0"))

    @property
    def length(self) -> float:
        return sum(segment.length for segment in self.segments)

    @property
    def last(self) -> tuple[int, int]:
        """Sequence number and index of the newest part; (msn, -1) where a segment lists none."""
        segment = self.segments[-1]
        return segment.msn, len(segment.parts) - 1

    def behind(self) -> list[float]:
        """How far before the end of the playlist each segment ends."""
        distance, found = 0.0, []
        for segment in reversed(self.segments):
            found.append(distance)
            distance += segment.length
        return found[::-1]


def parse(text: str) -> Playlist:
    """The media playlist; AssertionError for what a strict client would refuse."""
    tags: dict[str, str] = {}
    hint, ended, skipped = None, False, 0
    current_map: str | None = None
    segments: list[ListedSegment] = []
    pending, began = ListedSegment(0), False
    for name, value in lines_of(text):
        assert not ended or name in ("#EXT-X-RENDITION-REPORT",), "4.4.3.4: nothing comes behind the end"
        if name in OF_THE_PLAYLIST:
            assert name not in tags, f"{name} appears twice"
            assert not began, f"4.4: {name} stands before the segments"
            tags[name] = value
            continue
        began = True
        if name == "#EXT-X-SKIP":
            assert not skipped and not segments, "4.4.5.2: once, in place of the first segments"
            skipped = int(attributes(value)["SKIPPED-SEGMENTS"])
        elif name == "#EXT-X-PRELOAD-HINT":
            assert hint is None, "6.2.6: one hint of a type"
            hint = attributes(value)["URI"]
        elif name == "#EXT-X-ENDLIST":
            ended = True
        elif name == "#EXT-X-RENDITION-REPORT":
            continue
        elif name:
            if name == "#EXT-X-MAP":
                current_map = attributes(value)["URI"]
            _tag_segment(pending, name, value)
        else:
            assert pending.duration is not None, "4.4.4.1: EXTINF is required"
            pending.uri, pending.map = value, current_map
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


def _tag_segment(segment: ListedSegment, name: str, value: str) -> None:
    if name == "#EXTINF":
        assert segment.duration is None
        segment.duration = float(value.split(",")[0])
    elif name == "#EXT-X-PART":
        assert segment.duration is None, "3.2: parts stand before the end of their segment"
        segment.parts.append(attributes(value))
    elif name == "#EXT-X-GAP":
        segment.gap = True
    else:
        assert not segment.parts, f"4.4.4.9: {name} stands before the first part"
        if name == "#EXT-X-PROGRAM-DATE-TIME":
            segment.date, segment.dated = datetime.fromisoformat(value).timestamp(), True
        elif name == "#EXT-X-DISCONTINUITY":
            segment.discontinuity = True
        else:
            assert name == "#EXT-X-MAP", f"{name} is no tag of a segment"


def _derive_dates(segments: list[ListedSegment]) -> None:
    """4.4.4.6: what has no date of its own follows from the one before, at the beginning from the next."""
    for before, after in pairwise(segments):
        if not after.dated and before.date is not None and before.duration is not None:
            after.date = before.date + before.duration
    for after, before in pairwise(reversed(segments)):
        if before.date is None and after.date is not None and before.duration is not None:
            before.date = after.date - before.duration


def check(text: str) -> Playlist:
    """One low-latency playlist keeps the rules; returns it parsed."""
    playlist = check_plain(text)
    assert int(playlist.tags["#EXT-X-VERSION"]) >= 9, "8: EXT-X-SKIP needs version 9"
    if not playlist.ended:
        check_low_latency(playlist)
    return playlist


def check_plain(text: str) -> Playlist:
    """The same for any media playlist."""
    playlist = parse(text)
    target = playlist.target
    assert int(playlist.tags["#EXT-X-VERSION"]) >= 6, "8: EXT-X-MAP without I-frames needs version 6"
    for segment in playlist.segments:
        assert int(segment.length + 0.5) <= target, (
            "4.4.3.1: no segment rounds to more than the target duration"
        )
        assert segment.map is not None, "4.4.4.5: fragmented MP4 needs EXT-X-MAP"
        assert segment.date is not None
        assert segment.dated or not segment.discontinuity, "6.2.1: another stretch of time tells its date"
    for before, after in pairwise(playlist.segments):
        assert before.date is not None and after.date is not None
        assert after.date > before.date, "6.2.1: dates overlap in part only,"
        assert before.date + before.length - after.date < 1, "and by less than a second"
    if any(segment.discontinuity for segment in playlist.segments):
        assert "#EXT-X-DISCONTINUITY-SEQUENCE" in playlist.tags, "6.2.2: before it can be removed"
    if playlist.ended:
        assert playlist.hint is None and "#EXT-X-PART-INF" not in playlist.tags, "4.4.5.3"
    return playlist


def check_low_latency(playlist: Playlist) -> None:
    """What a playlist that is still growing promises (4.4.3.8), and its parts (4.4.4.9)."""
    control, target, part_target = playlist.control, playlist.target, playlist.part_target
    assert control["CAN-BLOCK-RELOAD"] == "YES"
    assert float(control["PART-HOLD-BACK"]) >= 3 * part_target - 1e-9, "4.4.3.8"
    assert float(control["HOLD-BACK"]) >= 3 * target, "4.4.3.8"
    assert float(control["CAN-SKIP-UNTIL"]) >= 6 * target, "4.4.3.8"
    assert playlist.hint is not None
    seen = [part["URI"] for segment in playlist.segments for part in segment.parts]
    assert len(set(seen)) == len(seen) and playlist.hint not in seen, "6.2.6: the hint is what comes next"
    for segment in playlist.segments:
        check_parts(segment, part_target)
    having = [bool(segment.parts) for segment in playlist.segments]
    assert having == sorted(having), "6.2.2: parts are removed from the front"
    for segment, behind in zip(playlist.segments, playlist.behind(), strict=True):
        assert not segment.parts or behind <= 3 * target + 1e-6, "6.2.2: parts belong to the live edge"
    if "#EXT-X-INDEPENDENT-SEGMENTS" in playlist.tags:
        for segment in playlist.segments:
            assert not segment.parts or segment.parts[0].get("INDEPENDENT") == "YES", "4.4.2.1"


def check_parts(segment: ListedSegment, part_target: float) -> None:
    """4.4.4.9: none is longer than the part target; each but the last is at least 85 % of it."""
    for index, part in enumerate(segment.parts):
        duration = float(part["DURATION"])
        assert duration <= part_target + 1e-9, f"4.4.4.9: {part['URI']} has {duration} s of {part_target}"
        if index < len(segment.parts) - 1:
            assert duration >= 0.85 * part_target - 1e-9, f"4.4.4.9: {part['URI']} has {duration} s only"
    if segment.parts and segment.duration is not None:
        total = sum(float(part["DURATION"]) for part in segment.parts)
        assert abs(total - segment.duration) < 0.002, "3.2: parts make up their segment"


def check_update(older: Playlist, newer: Playlist) -> None:
    """What may change from one version of a playlist to a later one (6.2.1, 6.2.2)."""
    assert not older.ended or newer.text == older.text, "4.4.3.4: what has ended does not change"
    for tag in ("#EXT-X-TARGETDURATION", "#EXT-X-PART-INF", "#EXT-X-SERVER-CONTROL", "#EXT-X-VERSION"):
        if not newer.ended:
            assert older.tags.get(tag) == newer.tags.get(tag), f"{tag} may not change"
    known = {segment.msn: segment for segment in older.segments}
    distance = dict(zip((segment.msn for segment in newer.segments), newer.behind(), strict=True))
    for segment in newer.segments:
        if (before := known.get(segment.msn)) is not None:
            _same(before, segment)
            if before.parts and not segment.parts and not newer.ended:
                assert distance[segment.msn] > 3 * newer.target - 1e-6, "6.2.2: parts are removed too early"
    assert newer.first_msn >= older.first_msn, "6.2.2: the media sequence number never goes back"
    assert newer.segments[-1].msn >= older.segments[-1].msn, "6.2.1: what was listed last stays"
    left = [s for s in older.segments if s.msn < newer.first_msn]
    removed = sum(segment.discontinuity for segment in left)
    assert newer.discontinuities == older.discontinuities + removed, "4.4.3.3"
    if left and not newer.ended and not newer.skipped:
        assert newer.length >= 3 * newer.target, "6.2.2: at least three target durations stay"


def _same(before: ListedSegment, after: ListedSegment) -> None:
    """6.2.1: lines are appended, none is changed."""
    assert before.map == after.map and before.date is not None and after.date is not None
    assert abs(before.date - after.date) < 0.002, "dates do not change"
    assert after.gap or not before.gap, "what is lost does not come back"
    assert before.discontinuity == after.discontinuity
    if before.uri is not None:
        assert (before.uri, before.duration) == (after.uri, after.duration), "segments do not change"
    if after.parts:
        assert before.parts == after.parts[: len(before.parts)], "parts do not change"
        assert before.uri is None or len(before.parts) in (0, len(after.parts)), "what is complete is"


def check_delta(older: Playlist, delta: Playlist, whole: Playlist) -> None:
    """A delta update, merged into what a client knew, is the whole playlist (6.2.5.1, 6.3.7)."""
    if whole.ended:
        assert delta.text == whole.text, "6.2.5.1: what has ended is told whole"
        return
    boundary = float(whole.control["CAN-SKIP-UNTIL"])
    behind = whole.behind()
    assert all(distance >= boundary - 1e-6 for distance in behind[: delta.skipped]), (
        "6.2.5.1: too much skipped"
    )
    assert delta.skipped == len(behind) or behind[delta.skipped] < boundary, "6.2.5.1: too little skipped"
    assert {**delta.tags, "#EXT-X-VERSION": ""} == {**whole.tags, "#EXT-X-VERSION": ""}
    assert delta.hint == whole.hint and delta.ended == whole.ended
    known = {segment.msn: segment for segment in older.segments}
    skipped = [known[whole.first_msn + number] for number in range(delta.skipped)]
    merged = skipped + delta.segments
    for ours, theirs in zip(merged, whole.segments, strict=True):
        _same(ours, theirs)
        assert ours.gap == theirs.gap
    for ours, theirs in zip(delta.segments, whole.segments[delta.skipped :], strict=True):
        assert ours.parts == theirs.parts


def variants(text: str) -> list[dict[str, str]]:
    """The variants of a multivariant playlist, each with its `uri` (4.4.6.2)."""
    found: list[dict[str, str]] = []
    lines = lines_of(text)
    for (name, value), (after, uri) in zip(lines, [*lines[1:], ("#", "")], strict=True):
        assert name in (
            "",
            "#EXT-X-VERSION",
            "#EXT-X-INDEPENDENT-SEGMENTS",
            "#EXT-X-STREAM-INF",
            "#EXT-X-MEDIA",
        )
        if name == "#EXT-X-STREAM-INF":
            assert after == "", "4.4.6.2: its URI follows on the next line"
            found.append(attributes(value) | {"uri": uri})
    assert len({variant["uri"] for variant in found}) == len(found) > 0
    for variant in found:
        if "AVERAGE-BANDWIDTH" in variant:
            assert int(variant["AVERAGE-BANDWIDTH"]) <= int(variant["BANDWIDTH"])
    return found
