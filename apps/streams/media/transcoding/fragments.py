"""Reads back the fragments that `fmp4.fragment` writes: when their pictures are shown, and their sound."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error as StructError
from struct import iter_unpack, unpack_from

from apps.streams.media.fmp4 import AUDIO_TRACK, TICKS_PER_MS, AudioRun


@dataclass(frozen=True, slots=True)
class Fragment:
    """`shown_ms` are the times of its pictures on the stream's timeline, in decode order; the last one ends
    at `end_ms`, which may be later than the part does."""

    shown_ms: list[int]
    end_ms: int
    first_offset_ms: int
    """How much later than decoded the first picture is shown."""
    reorders: bool
    audio: AudioRun | None


def read_fragment(data: bytes) -> Fragment:
    """One part of ours; ValueError when it is none."""
    shown: list[int] = []
    offsets: list[int] = []
    end = 0
    audio: AudioRun | None = None
    try:
        for traf in (box for kind, box in _boxes(_first(data, b"moof")) if kind == b"traf"):
            head, time, run = (_first(traf, kind) for kind in (b"tfhd", b"tfdt", b"trun"))
            track = unpack_from(">I", head, 4)[0]
            start = unpack_from(">Q", time, 4)[0]
            if track == AUDIO_TRACK:
                audio = _sound(data, unpack_from(">I", head, 8)[0], start, run)
                continue
            for duration, _, _, offset in iter_unpack(">IIIi", run[12:]):
                shown.append((start + offset) // TICKS_PER_MS)
                offsets.append(offset // TICKS_PER_MS)
                start += duration
            end = start
    except (StructError, KeyError) as error:
        raise ValueError("not a fragment of ours") from error
    return Fragment(shown, end // TICKS_PER_MS, offsets[0] if offsets else 0, len(set(offsets)) > 1, audio)


def _sound(data: bytes, frame_samples: int, start: int, run: memoryview) -> AudioRun:
    position = unpack_from(">I", run, 8)[0]
    frames: list[memoryview | bytes] = []
    for (size,) in iter_unpack(">I", run[12:]):
        frames.append(data[position : position + size])
        position += size
    return AudioRun(start, frame_samples, frames)


def _first(data: bytes | memoryview, wanted: bytes) -> memoryview:
    for kind, box in _boxes(data):
        if kind == wanted:
            return box
    raise KeyError(wanted)


def _boxes(data: bytes | memoryview) -> Iterator[tuple[bytes, memoryview]]:
    view, position = memoryview(data), 0
    while position + 8 <= len(view):
        size, kind = unpack_from(">I4s", view, position)
        yield kind, view[position + 8 : position + size]
        position += max(size, 8)
