"""Transport streams made by hand, packet by packet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from apps.streams.media.flv import Tag
from apps.streams.media.ts.tables import crc32

PMT, VIDEO, AUDIO = 0x1000, 0x100, 0x101
H264, AAC = 0x1B, 0x0F
START = b"\0\0\0\1"


@dataclass
class TsMuxer:
    """Counts continuity; `streams` are stream type, PID and descriptors."""

    streams: Sequence[tuple[int, int, bytes]] = ((H264, VIDEO, b""), (AAC, AUDIO, b""))
    counters: dict[int, int] = field(default_factory=dict)

    def tables(self) -> bytes:
        pat = section(0, (1).to_bytes(2, "big") + (0xE000 | PMT).to_bytes(2, "big"))
        body = (0xE000 | VIDEO).to_bytes(2, "big") + b"\xf0\0"
        for kind, pid, descriptors in self.streams:
            body += bytes([kind]) + (0xE000 | pid).to_bytes(2, "big")
            body += (0xF000 | len(descriptors)).to_bytes(2, "big") + descriptors
        return self.packets(0, b"\0" + pat) + self.packets(PMT, b"\0" + section(2, body))

    def unit(self, pid: int, pts: int, data: bytes, *, dts: int | None = None, sized: bool = False) -> bytes:
        """A unit of an elementary stream as packets; times are ticks of 90 kHz."""
        times = stamp(2 if dts is None else 3, pts) + (b"" if dts is None else stamp(1, dts))
        flags = 0x80 if dts is None else 0xC0
        rest = bytes((0x80, flags, len(times))) + times + data
        length = len(rest) if sized else 0
        return self.packets(
            pid, b"\0\0\1" + bytes([0xE0 if pid == VIDEO else 0xC0]) + length.to_bytes(2, "big") + rest
        )

    def packets(self, pid: int, payload: bytes) -> bytes:
        """As many packets as `payload` needs; the last is filled up by its adaptation field."""
        made, begins = [], 0x40
        for start in range(0, len(payload), 184):
            counter = self.counters[pid] = (self.counters.get(pid, -1) + 1) & 15
            part = payload[start : start + 184]
            head = bytes((0x47, begins | pid >> 8, pid & 0xFF))
            if len(part) == 184:
                made.append(head + bytes([0x10 | counter]) + part)
            else:
                filling = 183 - len(part)
                field = bytes([filling]) + (b"\0" + b"\xff" * (filling - 1) if filling else b"")
                made.append(head + bytes([0x30 | counter]) + field + part)
            begins = 0
        return b"".join(made)


def section(table: int, body: bytes) -> bytes:
    """A section with its checksum."""
    head = bytes([table]) + (0xB000 | len(body) + 9).to_bytes(2, "big") + b"\0\1\xc1\0\0"
    return head + body + crc32(head + body).to_bytes(4, "big")


def stamp(mark: int, ticks: int) -> bytes:
    ticks %= 1 << 33
    return bytes(
        (
            mark << 4 | ticks >> 29 & 14 | 1,
            ticks >> 22 & 255,
            ticks >> 14 & 254 | 1,
            ticks >> 7 & 255,
            ticks << 1 & 254 | 1,
        )
    )


def adts(raw: bytes, *, header: bytes = bytes.fromhex("fff14c80")) -> bytes:
    """A frame of AAC-LC, 48 kHz, stereo."""
    size = len(raw) + 7
    return header[:3] + bytes((header[3] | size >> 11, size >> 3 & 255, (size & 7) << 5 | 0x1F, 0xFC)) + raw


def annex_b(tag: Tag, sets: bytes = b"") -> bytes:
    """The picture of an FLV tag as a byte stream, behind parameter sets."""
    data, position, made = tag.body[5:], 0, [sets]
    while position < len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        made.append(START + data[position + 4 : position + 4 + size])
        position += 4 + size
    return b"".join(made)


def parameter_sets(config: bytes) -> bytes:
    """Those of an FLV tag with an avcC of one SPS and one PPS, as a byte stream."""
    record = config[5:]
    size = int.from_bytes(record[6:8], "big")
    rest = record[8 + size + 1 :]
    return START + record[8 : 8 + size] + START + rest[2 : 2 + int.from_bytes(rest[:2], "big")]


def mux(tags: Iterable[Tag], *, start: int = 0, sized: bool = False) -> list[bytes]:
    """FLV tags of H.264 and AAC as a transport stream, one unit an entry; `start` is in ticks."""
    muxer, made, sets = TsMuxer(), [], b""
    for tag in tags:
        at = start + tag.timestamp * 90
        if tag.kind == 9 and tag.body[1] == 0:
            sets = parameter_sets(tag.body)
        elif tag.kind == 9 and tag.body[1] == 1:
            key = tag.body[0] == 0x17
            composition = int.from_bytes(tag.body[2:5], "big", signed=True) * 90
            if key:
                made.append(muxer.tables())
            data = annex_b(tag, sets if key else b"")
            made.append(muxer.unit(VIDEO, at + composition, data, dts=at, sized=sized))
        elif tag.kind == 8 and tag.body[1] == 1:
            made.append(muxer.unit(AUDIO, at, adts(tag.body[2:]), sized=True))
    return made
