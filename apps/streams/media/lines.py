"""The lines that stand for one segment in a media playlist, and the names of what they point at.

A segment's lines never change once it is complete, so they are made once and kept as bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime


def init_name(init: str) -> str:
    """`init` is `{epoch}-{number}`."""
    epoch, _, number = init.rpartition("-")
    return f"{epoch}-init{number}.mp4"


def segment_name(epoch: str, msn: int) -> str:
    return f"{epoch}-{msn}.m4s"


def part_name(epoch: str, msn: int, index: int) -> str:
    return f"{epoch}-{msn}-{index}.m4s"


def head(*, wall_ms: int, discontinuity: bool, new_map: str | None) -> bytes:
    """What stands before a segment's parts; `new_map` is its init when the segment before had another.

    Only what begins another stretch of time is dated: the others follow from their durations, and a playlist
    of two hours stays small.
    """
    lines = b"#EXT-X-DISCONTINUITY\n" if discontinuity else b""
    if new_map is not None:
        lines += _map(new_map)
    return lines + _date(wall_ms) if discontinuity else lines


def opening(head: bytes, *, wall_ms: int, init: str) -> bytes:
    """What the first segment that is sent needs before its `head`."""
    lines = b"" if b"#EXT-X-MAP" in head else _map(init)
    return lines if b"#EXT-X-PROGRAM-DATE-TIME" in head else lines + _date(wall_ms)


def part(*, epoch: str, msn: int, index: int, duration_ms: int, independent: bool) -> bytes:
    """One part of a segment; stands between its head and its tail."""
    begins = ",INDEPENDENT=YES" if independent else ""
    uri = part_name(epoch, msn, index)
    return f'#EXT-X-PART:DURATION={duration_ms / 1000:.3f},URI="{uri}"{begins}\n'.encode()


def tail(*, epoch: str, msn: int, duration_ms: int, lost: bool = False) -> bytes:
    """What makes it a segment; of a `lost` one nobody has the bytes (4.4.4.7)."""
    gap = b"#EXT-X-GAP\n" if lost else b""
    return gap + extinf(duration_ms, segment_name(epoch, msn))


def extinf(duration_ms: int, address: str) -> bytes:
    return f"#EXTINF:{duration_ms / 1000:.3f},\n{address}\n".encode()


def plain_head(*, discontinuity: bool, new_map: str | None, wall_ms: int | None) -> bytes:
    """What stands before a segment whose files have addresses of their own; `new_map` is such an address."""
    lines = b"#EXT-X-DISCONTINUITY\n" if discontinuity else b""
    if new_map is not None:
        lines += f'#EXT-X-MAP:URI="{new_map}"\n'.encode()
    return lines if wall_ms is None else lines + _date(wall_ms)


def _map(init: str) -> bytes:
    return f'#EXT-X-MAP:URI="{init_name(init)}"\n'.encode()


def _date(wall_ms: int) -> bytes:
    date = datetime.fromtimestamp(wall_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return f"#EXT-X-PROGRAM-DATE-TIME:{date.replace('+00:00', 'Z')}\n".encode()
