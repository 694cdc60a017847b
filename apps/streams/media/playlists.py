"""Renders the live window as HLS playlists (draft-pantos-hls-rfc8216bis; section numbers refer to it)."""

from __future__ import annotations

from datetime import UTC, datetime

from apps.streams.media.window import PARTS_LISTED, LiveWindow, Segment

MULTIVARIANT = "index.m3u8"
MEDIA = "stream.m3u8"

_VERSION = 9
_SKIP_TARGETS = 6
"""CAN-SKIP-UNTIL must be at least six target durations (4.4.3.8)."""
_BITRATE_MARGIN = 1.1


def init_name(window: LiveWindow, number: int) -> str:
    return f"{window.epoch}-init{number}.mp4"


def segment_name(window: LiveWindow, msn: int) -> str:
    return f"{window.epoch}-{msn}.m4s"


def part_name(window: LiveWindow, msn: int, index: int) -> str:
    return f"{window.epoch}-{msn}-{index}.m4s"


def multivariant(window: LiveWindow, *, frame_rate: float) -> bytes:
    """The one rendition there is, with measured rates (4.4.6.2). The window must be playable."""
    segments = window.listed()
    init = window.inits[segments[-1].init]
    duration = sum(segment.duration_ms for segment in segments)
    average = sum(segment.size for segment in segments) * 8000 // max(duration, 1)
    peak = max(window.peak_bitrate, average)
    attributes = [
        f"BANDWIDTH={int(peak * _BITRATE_MARGIN)}",
        f"AVERAGE-BANDWIDTH={average}",
        f'CODECS="{init.video.codec},{init.audio.codec}"',
        f"RESOLUTION={init.video.width}x{init.video.height}",
    ]
    if frame_rate > 0:
        attributes.append(f"FRAME-RATE={frame_rate:.3f}")
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", f"#EXT-X-STREAM-INF:{','.join(attributes)}", MEDIA, ""]
    return "\n".join(lines).encode()


def media(window: LiveWindow, *, skip: bool) -> bytes:
    """The media playlist as it is now; with `skip` a delta update where it saves anything (6.2.5.1)."""
    segments = window.listed()
    lines = _header(window, segments)
    skipped = _skippable(window, segments) if skip else 0
    if skipped:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
    init = -1
    parts_from = len(segments) - PARTS_LISTED
    for index, segment in enumerate(segments):
        if index < skipped:
            continue
        if segment.discontinuity:
            lines.append("#EXT-X-DISCONTINUITY")
        if segment.init != init:
            init = segment.init
            lines.append(f'#EXT-X-MAP:URI="{init_name(window, init)}"')
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_date(segment.wall_ms)}")
        if index >= parts_from and not window.ended:
            lines += _parts(window, segment)
        if segment.complete:
            lines += (f"#EXTINF:{segment.duration_ms / 1000:.3f},", segment_name(window, segment.msn))
    if window.ended:
        lines.append("#EXT-X-ENDLIST")
    else:
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{part_name(window, *window.next_part)}"')
    lines.append("")
    return "\n".join(lines).encode()


def _header(window: LiveWindow, segments: list[Segment]) -> list[str]:
    target = window.config.target_duration
    part_target = window.part_target_ms / 1000
    lines = ["#EXTM3U", f"#EXT-X-VERSION:{_VERSION}", f"#EXT-X-TARGETDURATION:{target}"]
    if not window.ended:
        lines.append(
            f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * part_target:.3f},"
            f"CAN-SKIP-UNTIL={_SKIP_TARGETS * target:.1f},HOLD-BACK={3 * target:.1f}"
        )
        lines.append(f"#EXT-X-PART-INF:PART-TARGET={part_target:.3f}")
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{segments[0].msn if segments else window.next_msn}")
    if window.discontinuity_sequence:
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{window.discontinuity_sequence}")
    if all(segment.independent for segment in segments):
        lines.append("#EXT-X-INDEPENDENT-SEGMENTS")
    elif not window.ended and not any(segment.independent for segment in segments[1:]):
        # The first group of pictures, whose first parts were made a segment of their own: whoever comes now
        # must begin where the keyframe is.
        lines.append("#EXT-X-START:TIME-OFFSET=0.0,PRECISE=YES")
    return lines


def _skippable(window: LiveWindow, segments: list[Segment]) -> int:
    """How many segments end before the skip boundary, counted from the end of the playlist."""
    if window.ended:
        return 0
    boundary = _SKIP_TARGETS * window.config.target_duration * 1000
    left = sum(segment.duration_ms for segment in segments)
    count = 0
    for segment in segments:
        left -= segment.duration_ms
        if left < boundary:
            break
        count += 1
    return count


def _parts(window: LiveWindow, segment: Segment) -> list[str]:
    return [
        f'#EXT-X-PART:DURATION={part.duration_ms / 1000:.3f},URI="{part_name(window, segment.msn, index)}"'
        + (",INDEPENDENT=YES" if part.independent else "")
        for index, part in enumerate(segment.parts)
    ]


def _date(wall_ms: int) -> str:
    return (
        datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
