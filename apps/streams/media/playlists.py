"""Renders the live window as HLS playlists (draft-pantos-hls-rfc8216bis; section numbers refer to it)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from apps.streams.media import lines
from apps.streams.media.names import RecordedSegment
from apps.streams.media.window import LiveWindow, Segment

if TYPE_CHECKING:
    from apps.streams.media.renditions import Rendition

MULTIVARIANT = "index.m3u8"
MEDIA = "stream.m3u8"
PLAIN = "plain.m3u8"

_VERSION = 9
_PLAIN_VERSION = 7
_SKIP_TARGETS = 6
"""CAN-SKIP-UNTIL must be at least six target durations (4.4.3.8)."""
_EDGE_TARGETS = 3
"""Parts stay in the playlist until they are so many target durations behind its end (6.2.2)."""
_BITRATE_MARGIN = 1.1


def multivariant(window: LiveWindow, renditions: Sequence[Rendition] = (), *, frame_rate: float) -> bytes:
    """The source and those renditions, with measured rates (4.4.6.2). The windows must be playable.

    The source comes first: that is where players begin.
    """
    tags = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}"]
    tags += _variant(window, MEDIA, frame_rate)
    for rendition in renditions:
        tags += _variant(rendition.window, f"{rendition.name}/{MEDIA}", frame_rate)
    return "\n".join([*tags, ""]).encode()


def _variant(window: LiveWindow, uri: str, frame_rate: float) -> tuple[str, str]:
    segments = window.listed()
    init = window.inits[segments[-1].init]
    duration = sum(segment.duration_ms for segment in segments)
    average = sum(segment.size for segment in segments) * 8000 // max(duration, 1)
    peak = max(window.peak_bitrate, average)
    attributes = [f"BANDWIDTH={int(peak * _BITRATE_MARGIN)}", f"AVERAGE-BANDWIDTH={average}"]
    if init.video is None:
        attributes.append(f'CODECS="{init.audio.codec}"')
    else:
        attributes.append(f'CODECS="{init.video.codec},{init.audio.codec}"')
        attributes.append(f"RESOLUTION={init.video.width}x{init.video.height}")
        if frame_rate > 0:
            attributes.append(f"FRAME-RATE={frame_rate:.3f}")
    return f"#EXT-X-STREAM-INF:{','.join(attributes)}", uri


def media(window: LiveWindow, *, skip: bool) -> bytes:
    """The media playlist as it is now; with `skip` a delta update where it saves anything (6.2.5.1).

    Made anew for every part, so what stands behind the live edge is not looked at again: its lines are ready.
    """
    past, segments = window.past, window.listed()
    skipped = _skippable(window, segments) if skip else 0
    pieces = [_header(window, segments)]
    if skipped:
        pieces.append(b"#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n" % skipped)
    pieces.append(past.text(skipped))
    in_memory = segments[max(skipped - len(past.listed), 0) :]
    if skipped >= len(past.listed) and in_memory:
        first = in_memory[0]
        pieces.append(lines.opening(first.head, wall_ms=first.wall_ms, init=window.init_id(first.init)))
    edge = len(in_memory) if window.ended else _edge(window, in_memory)
    for segment in in_memory[:edge]:
        pieces += (segment.head, segment.tail)
    for segment in in_memory[edge:]:
        pieces += (segment.head, *segment.lines, segment.tail)
    if window.ended:
        pieces.append(b"#EXT-X-ENDLIST\n")
    else:
        hint = lines.part_name(window.epoch, *window.next_part)
        pieces.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"\n'.encode())
    return b"".join(pieces)


def plain(window: LiveWindow, share: Callable[[float], str]) -> bytes | None:
    """The last whole segments alone, without delivery directives; None while there is none.

    `share(moment)` is what stands before a file's name in an address that is the same for all viewers. A
    segment keeps its address as long as it is listed; its init segment moves along with it.
    """
    whole = [segment for segment in window.segments if segment.complete]
    before, segments = _last(whole, 4 * window.config.target_duration * 1000)
    if not segments:
        return None
    tags = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{_PLAIN_VERSION}",
        f"#EXT-X-TARGETDURATION:{window.config.target_duration}",
        f"#EXT-X-MEDIA-SEQUENCE:{segments[0].msn}",
    ]
    earlier: Iterator[Segment | RecordedSegment] = chain(window.past.listed, before)
    gone = window.discontinuity_sequence + sum(segment.discontinuity for segment in earlier)
    tags.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{gone}")
    if all(segment.independent for segment in segments):
        tags.append("#EXT-X-INDEPENDENT-SEGMENTS")
    body = ["\n".join([*tags, ""]).encode()]
    current = ""
    for segment in segments:
        folder = share(segment.wall_ms / 1000)
        init = f"{folder}{lines.init_name(window.init_id(segment.init))}"
        wall_ms = segment.wall_ms if segment.discontinuity or not current else None
        new_map = init if init != current else None
        body.append(lines.plain_head(discontinuity=segment.discontinuity, new_map=new_map, wall_ms=wall_ms))
        body.append(lines.extinf(segment.duration_ms, folder + lines.segment_name(window.epoch, segment.msn)))
        current = init
    if window.ended:
        body.append(b"#EXT-X-ENDLIST\n")
    return b"".join(body)


def _last(segments: list[Segment], length_ms: int) -> tuple[list[Segment], list[Segment]]:
    """What comes before the last `length_ms`, and those; at least three."""
    kept = total = 0
    for segment in reversed(segments):
        if kept >= 3 and total >= length_ms:
            break
        total += segment.duration_ms
        kept += 1
    return segments[: len(segments) - kept], segments[len(segments) - kept :]


def _header(window: LiveWindow, segments: list[Segment]) -> bytes:
    target = window.config.target_duration
    part_target = window.part_target_ms / 1000
    part_hold_back = (3 * window.part_target_ms + window.lag_ms) / 1000
    past = window.past
    tags = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", f"#EXT-X-TARGETDURATION:{target}"]
    if not window.ended:
        tags.append(
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={part_hold_back:.3f},"
            f"CAN-SKIP-UNTIL={_SKIP_TARGETS * target:.1f},HOLD-BACK={3 * target:.1f}"
        )
        tags.append(f"#EXT-X-PART-INF:PART-TARGET={part_target:.3f}")
    first = past.listed[0] if past.listed else segments[0] if segments else None
    tags.append(f"#EXT-X-MEDIA-SEQUENCE:{first.msn if first else window.next_msn}")
    tags.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{window.discontinuity_sequence}")
    if not past.dependent and all(segment.independent for segment in segments):
        tags.append("#EXT-X-INDEPENDENT-SEGMENTS")
    elif not (window.ended or past.listed or any(segment.independent for segment in segments[1:])):
        # The first group of pictures, whose first parts were made a segment of their own: whoever comes now
        # must begin where the keyframe is.
        tags.append("#EXT-X-START:TIME-OFFSET=0.0,PRECISE=YES")
    tags.append("")
    return "\n".join(tags).encode()


def _skippable(window: LiveWindow, segments: list[Segment]) -> int:
    """How many segments end before the skip boundary, counted from the end of the playlist."""
    past = window.past.listed
    if window.ended:
        return 0
    from_the_end: Iterator[Segment | RecordedSegment] = chain(reversed(segments), reversed(past))
    boundary = _SKIP_TARGETS * window.config.target_duration * 1000
    behind = kept = 0
    for segment in from_the_end:
        if behind >= boundary:
            break
        behind += segment.duration_ms
        kept += 1
    return len(segments) + len(past) - kept


def _edge(window: LiveWindow, segments: list[Segment]) -> int:
    """Index of the first segment that is near enough to the end for its parts to be listed."""
    reach = _EDGE_TARGETS * window.config.target_duration * 1000
    behind = 0
    for index in range(len(segments) - 1, -1, -1):
        if behind > reach:
            return index + 1
        behind += segments[index].duration_ms
    return 0
