"""Takes a transport stream apart (ISO/IEC 13818-1, 2.4.3) that may miss packets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from apps.streams.media.flv import unsupported_audio, unsupported_video
from apps.streams.media.ports import Refused
from apps.streams.media.sinks import MediaSink
from apps.streams.media.ts.elementary import Clock, Pictures, Sound
from apps.streams.media.ts.tables import Section, read_pat, read_pmt

PACKET = 188
_SYNC = 0x47
_MAX_LOST_BYTES = 64 * 1024
"""So much in a row without a packet is no transport stream."""

Unit = Callable[["int | None", "int | None", bytes], None]
"""Takes presentation time and decoding time, in ticks of 90 kHz of 33 bits, and the data."""


class Track(Protocol):
    """What is done with the packets of one PID."""

    def take(self, counter: int, begins: bool, payload: bytes) -> None:
        """The next packet with a payload; `counter` goes round from 0 to 15."""


class TsDemuxer:
    """Reads the first program; its messages go to `sink`. Raises Refused for what cannot be served.

    Of a picture that misses something nothing is passed on.
    """

    def __init__(self, sink: MediaSink, *, encoder: str, max_unit: int) -> None:
        self._sink = sink
        self._encoder = encoder
        self._max_unit = max_unit
        self._rest = b""
        self._junk = 0
        self._clock = Clock()
        self._pictures, self._sound = Pictures(sink), Sound(sink)
        self._tracks: dict[int, Track] = {0: _Table(self._on_pat)}
        self._pmt_pid: int | None = None
        self._pat = self._pmt = b""

    def feed(self, data: bytes) -> None:
        """The next bytes of the stream."""
        if self._rest:
            data = self._rest + data
        position, end, tracks = 0, len(data), self._tracks
        while position + PACKET <= end:
            if data[position] != _SYNC:
                position = self._find_sync(data, position)
                continue
            second, fourth = data[position + 1], data[position + 3]
            track = tracks.get((second & 0x1F) << 8 | data[position + 2])
            start = position + 4
            position += PACKET
            if track is None or second & 0x80 or not fourth & 0x10:
                continue  # of no interest, marked as damaged, or without a payload
            if fourth & 0xC0:
                raise Refused("UNSUPPORTED_TRANSPORT", "Scrambled transport streams cannot be read.")
            if fourth & 0x20:
                start += 1 + data[start]
            if start < position:
                track.take(fourth & 0x0F, bool(second & 0x40), data[start:position])
        self._rest = data[position:]

    def lost(self) -> None:
        """Bytes are missing between what was fed and what comes; counters tell which tracks they were of."""
        self._rest = b""

    def _find_sync(self, data: bytes, position: int) -> int:
        """Where packets go on."""
        found = data.find(_SYNC, position + 1)
        found = found if found >= 0 else len(data)
        self._junk += found - position
        if self._junk > _MAX_LOST_BYTES:
            raise Refused("UNSUPPORTED_TRANSPORT", "This is no MPEG transport stream. Send H.264 in MPEG-TS.")
        return found

    def _on_pat(self, section: bytes) -> None:
        if section == self._pat:
            return
        self._pat = section
        pid = read_pat(section)
        if pid is None or pid in (0, self._pmt_pid):
            return
        self._follow({0: self._tracks[0], pid: _Table(self._on_pmt)})
        self._pmt_pid, self._pmt = pid, b""

    def _on_pmt(self, section: bytes) -> None:
        if section == self._pmt:
            return
        program = read_pmt(section)
        if program is None or self._pmt_pid is None:
            return
        self._pmt = section
        if program.video is None and program.other_video:
            raise unsupported_video(program.other_video)
        if program.audio is None and program.other_audio:
            raise unsupported_audio(program.other_audio)
        kept = {pid: self._tracks[pid] for pid in (0, self._pmt_pid)}
        if program.video is not None:
            kept.setdefault(program.video, _Packets(self._on_picture, max_unit=self._max_unit))
        if program.audio is not None:
            kept.setdefault(
                program.audio, _Packets(self._on_sound, max_unit=self._max_unit, broken=self._sound.forget)
            )
        self._follow(kept)
        codec = 10.0 if program.audio is not None else None
        self._sink.on_metadata({"encoder": self._encoder, "audiocodecid": codec})

    def _follow(self, tracks: dict[int, Track]) -> None:
        """In place: `feed` is in the middle of it."""
        self._tracks.clear()
        self._tracks.update(tracks)

    def _on_picture(self, pts: int | None, dts: int | None, data: bytes) -> None:
        if pts is None:
            return  # it cannot be shown
        decoding = self._clock.unwrap(pts if dts is None else dts)
        self._junk = 0
        self._pictures.take(decoding + _ahead(pts, dts), decoding, data)

    def _on_sound(self, pts: int | None, dts: int | None, data: bytes) -> None:
        self._sound.take(None if pts is None else self._clock.unwrap(pts), data)


class _Table:
    """A PID of sections."""

    def __init__(self, on_section: Callable[[bytes], None]) -> None:
        self._section = Section()
        self._counter = -1
        self._on_section = on_section

    def take(self, counter: int, begins: bool, payload: bytes) -> None:
        if counter == self._counter:
            return
        if counter != (self._counter + 1) & 15:
            self._section.forget()
        self._counter = counter
        section = self._section.take(begins, payload)
        if section is not None:
            self._on_section(section)


class _Packets:
    """A PID of packetized elementary stream (2.4.3.6): gathers units, and drops those that miss something."""

    def __init__(self, on_unit: Unit, *, max_unit: int, broken: Callable[[], None] | None = None) -> None:
        self._on_unit = on_unit
        self._max_unit = max_unit
        self._broken = broken
        self._counter = -1
        self._pieces: list[bytes] = []
        self._size = self._wanted = 0

    def take(self, counter: int, begins: bool, payload: bytes) -> None:
        if counter != (self._counter + 1) & 15 and self._counter >= 0:
            if counter == self._counter:
                return  # sent twice
            self._pieces = []
            if self._broken is not None:
                self._broken()
        self._counter = counter
        if begins:
            self._flush()
            self._pieces, self._size = [payload], len(payload)
            length = int.from_bytes(payload[4:6], "big") if len(payload) >= 6 else 0
            self._wanted = 6 + length if length else 0
        elif self._pieces:
            self._pieces.append(payload)
            self._size += len(payload)
            if self._size > self._max_unit:
                raise Refused("MALFORMED_MEDIA", "The encoder sent a frame that is too large.")
        else:
            return
        if self._wanted and self._size >= self._wanted:
            self._flush()

    def _flush(self) -> None:
        """Pass the unit on. One whose length is not told is complete when the next begins."""
        pieces, self._pieces = self._pieces, []
        if not pieces:
            return
        data = b"".join(pieces)
        if len(data) < 9 or data[:3] != b"\0\0\1" or (self._wanted and len(data) < self._wanted):
            return
        begin, times = 9 + data[8], data[7] >> 6
        pts = _timestamp(data, 9) if times & 2 and begin >= 14 <= len(data) else None
        dts = _timestamp(data, 14) if times == 3 and begin >= 19 <= len(data) else None
        self._on_unit(pts, dts, data[begin : self._wanted or len(data)])


def _timestamp(data: bytes, position: int) -> int:
    one, two, three, four, five = data[position : position + 5]
    return (one >> 1 & 7) << 30 | two << 22 | (three >> 1) << 15 | four << 7 | five >> 1


def _ahead(pts: int, dts: int | None) -> int:
    """How much later than decoded a picture is shown; in streams that are not quite right earlier."""
    if dts is None:
        return 0
    ahead = (pts - dts) % (1 << 33)
    return ahead if ahead < 1 << 32 else ahead - (1 << 33)
