"""Writes fragmented MP4 (ISO/IEC 14496-12, -14, -15) as HLS wants it: an init segment, then moof + mdat.

Video is track 1 at 90 kHz, audio track 2 at its sample rate, both muxed in one rendition: one request fetches
both, and no player can let them drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from struct import pack

from apps.streams.media.codecs import AacConfig, AvcConfig

VIDEO_TIMESCALE = 90_000
TICKS_PER_MS = VIDEO_TIMESCALE // 1000

_VIDEO_TRACK, AUDIO_TRACK = 1, 2
_MATRIX = pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_SYNC_SAMPLE = 0x02000000
_DEPENDENT_SAMPLE = 0x01010000


@dataclass(slots=True)
class VideoSample:
    """One access unit in AVCC form: `duration` and the signed `composition` offset in milliseconds."""

    data: memoryview
    duration: int
    composition: int
    keyframe: bool


@dataclass(slots=True)
class VideoRun:
    """Consecutive pictures; `start_ms` is the decode time of the first on the stream's timeline."""

    start_ms: int
    samples: Sequence[VideoSample]


@dataclass(slots=True)
class AudioRun:
    """Consecutive AAC frames of `frame_samples`; `start` is the first one's time in samples."""

    start: int
    frame_samples: int
    frames: list[memoryview | bytes]


def init_segment(video: AvcConfig | None, audio: AacConfig) -> bytes:
    """ftyp and moov: what a decoder must know before the first fragment."""
    tracks = [_audio_track(audio)]
    extends = [_box(b"trex", pack(">6I", 0, AUDIO_TRACK, 1, audio.frame_samples, 0, _SYNC_SAMPLE))]
    if video is not None:
        tracks.insert(0, _video_track(video))
        extends.insert(0, _box(b"trex", pack(">6I", 0, _VIDEO_TRACK, 1, 0, 0, 0)))
    header = (
        pack(">IIIIIIHH8x", 0, 0, 0, 1000, 0, 0x10000, 0x0100, 0)
        + _MATRIX
        + bytes(24)
        + pack(">I", AUDIO_TRACK + 1)
    )
    return _box(b"ftyp", b"iso6", pack(">I", 1), b"iso6cmfcmp41") + _box(
        b"moov", _box(b"mvhd", header), *tracks, _box(b"mvex", *extends)
    )


def fragment(sequence: int, video: VideoRun | None, audio: AudioRun | None) -> bytes:
    """moof and mdat of one part; the only place where media bytes are copied on their way to the viewers."""
    runs: list[tuple[bytes, bytes, bytes, int]] = []
    media: list[memoryview | bytes] = []
    if video is not None and video.samples:
        head, table = _video_run(video)
        runs.append(
            (
                head,
                table,
                pack(">II", 0x01000F01, len(video.samples)),
                sum(len(s.data) for s in video.samples),
            )
        )
        media.extend(sample.data for sample in video.samples)
    if audio is not None and audio.frames:
        head, table = _audio_run(audio)
        runs.append((head, table, pack(">II", 0x000201, len(audio.frames)), sum(map(len, audio.frames))))
        media.extend(audio.frames)
    # A traf is its own 8 bytes, head, and a trun of 8 + 8 + 4 (data offset) + table; the moof adds 8 and an
    # mfhd of 16.
    size = 24 + sum(28 + len(head) + len(table) for head, table, _, _ in runs)
    out = [pack(">I4sI4sII", size, b"moof", 16, b"mfhd", 0, sequence)]
    offset = size + 8
    for head, table, counts, length in runs:
        trun = len(table) + 20
        out += (
            pack(">I4s", 8 + len(head) + trun, b"traf"),
            head,
            pack(">I4s", trun, b"trun"),
            counts,
            pack(">i", offset),
            table,
        )
        offset += length
    out.append(pack(">I4s", offset - size, b"mdat"))
    return b"".join([*out, *media])


def _video_run(run: VideoRun) -> tuple[bytes, bytes]:
    head = pack(
        ">I4sIII4sIQ", 16, b"tfhd", 0x020000, _VIDEO_TRACK, 20, b"tfdt", 1 << 24, run.start_ms * TICKS_PER_MS
    )
    table = b"".join(
        pack(
            ">IIIi",
            sample.duration * TICKS_PER_MS,
            len(sample.data),
            _SYNC_SAMPLE if sample.keyframe else _DEPENDENT_SAMPLE,
            sample.composition * TICKS_PER_MS,
        )
        for sample in run.samples
    )
    return head, table


def _audio_run(run: AudioRun) -> tuple[bytes, bytes]:
    head = pack(
        ">I4sIIII4sIQ",
        20,
        b"tfhd",
        0x020008,
        AUDIO_TRACK,
        run.frame_samples,
        20,
        b"tfdt",
        1 << 24,
        run.start,
    )
    return head, pack(f">{len(run.frames)}I", *map(len, run.frames))


def _box(kind: bytes, *payload: bytes) -> bytes:
    return pack(">I4s", 8 + sum(map(len, payload)), kind) + b"".join(payload)


def _full_box(kind: bytes, version: int, flags: int, *payload: bytes) -> bytes:
    return _box(kind, pack(">I", version << 24 | flags), *payload)


def _track(
    number: int,
    handler: bytes,
    timescale: int,
    size: tuple[int, int],
    volume: int,
    media: bytes,
    sample: bytes,
) -> bytes:
    track_header = (
        pack(">IIIII8xHHHH", 0, 0, number, 0, 0, 0, 0, volume, 0)
        + _MATRIX
        + pack(">II", size[0] << 16, size[1] << 16)
    )
    empty_tables = b"".join(
        (
            _full_box(b"stts", 0, 0, bytes(4)),
            _full_box(b"stsc", 0, 0, bytes(4)),
            _full_box(b"stsz", 0, 0, bytes(8)),
            _full_box(b"stco", 0, 0, bytes(4)),
        )
    )
    data_reference = _box(b"dinf", _full_box(b"dref", 0, 0, pack(">I", 1), _full_box(b"url ", 0, 1)))
    sample_table = _box(b"stbl", _full_box(b"stsd", 0, 0, pack(">I", 1), sample), empty_tables)
    return _box(
        b"trak",
        _full_box(b"tkhd", 0, 3, track_header),
        _box(
            b"mdia",
            _full_box(b"mdhd", 0, 0, pack(">IIIIHH", 0, 0, timescale, 0, 0x55C4, 0)),
            _full_box(b"hdlr", 0, 0, pack(">I4s12x", 0, handler), b"\x00"),
            _box(b"minf", media, data_reference, sample_table),
        ),
    )


def _video_track(video: AvcConfig) -> bytes:
    entry = _box(
        b"avc1",
        pack(">6xH16xHHIIIH32sHh", 1, video.width, video.height, 0x480000, 0x480000, 0, 1, b"", 24, -1),
        _box(b"avcC", video.record),
    )
    size = (video.width, video.height)
    return _track(_VIDEO_TRACK, b"vide", VIDEO_TIMESCALE, size, 0, _full_box(b"vmhd", 0, 1, bytes(8)), entry)


def _audio_track(audio: AacConfig) -> bytes:
    entry = _box(
        b"mp4a",
        pack(">6xH8xHHIHH", 1, audio.channels or 2, 16, 0, min(audio.sample_rate, 0xFFFF), 0),
        _full_box(b"esds", 0, 0, _es_descriptor(audio.record)),
    )
    return _track(
        AUDIO_TRACK, b"soun", audio.sample_rate, (0, 0), 0x0100, _full_box(b"smhd", 0, 0, bytes(4)), entry
    )


def _es_descriptor(record: bytes) -> bytes:
    """ES_Descriptor around the AudioSpecificConfig (ISO/IEC 14496-1 7.2.6.5)."""
    decoder = pack(">BB3xII", 0x40, 0x15, 0, 0) + _descriptor(5, record)
    return _descriptor(3, pack(">HB", AUDIO_TRACK, 0) + _descriptor(4, decoder) + _descriptor(6, b"\x02"))


def _descriptor(tag: int, payload: bytes) -> bytes:
    return bytes((tag, len(payload))) + payload
