"""H.264 byte streams (14496-10 annex B) and AAC in ADTS (14496-3 1.A.2), as messages of RTMP."""

from __future__ import annotations

from apps.streams.media.codecs import CodecError, aac_record, avc_record
from apps.streams.media.flv import unsupported_audio
from apps.streams.media.ports import Refused
from apps.streams.media.sinks import MediaSink

_MAX_UNITS = 1000
"""NAL units in one picture: more than the slices that any level allows."""
_START = b"\0\0\1"
_IDR, _SPS, _PPS, _DELIMITER, _FILLER = 5, 7, 8, 9, 12
_CLOCK = 90_000
_WRAP = 1 << 33
_FRAME_SAMPLES = 1024


class Clock:
    """Turns timestamps of 33 bits at 90 kHz into ones that do not wrap; one for all tracks of a program."""

    def __init__(self) -> None:
        self._last: int | None = None

    def unwrap(self, timestamp: int) -> int:
        """The value nearest to the one before."""
        if self._last is None:
            self._last = timestamp
        else:
            step = (timestamp - self._last) % _WRAP
            self._last += step if step < _WRAP // 2 else step - _WRAP
        return self._last


class Pictures:
    """One access unit of H.264 after the other."""

    def __init__(self, sink: MediaSink) -> None:
        self._sink = sink
        self._sets: tuple[tuple[bytes, ...], tuple[bytes, ...]] = ((), ())
        self._configured = False

    def take(self, pts: int, dts: int, data: bytes) -> None:
        """Times are ticks of 90 kHz that do not wrap. Pictures before parameter sets are left out."""
        units, sps, pps, keyframe = [], [], [], False
        for unit in _units(data):
            kind = unit[0] & 0x1F
            if kind == _SPS:
                sps.append(unit)
            elif kind == _PPS:
                pps.append(unit)
            elif kind not in (_DELIMITER, _FILLER):
                keyframe = keyframe or kind == _IDR
                units += [len(unit).to_bytes(4, "big"), unit]
        timestamp = dts * 1000 // _CLOCK
        if sps or pps:
            self._configure(timestamp, tuple(sps) or self._sets[0], tuple(pps) or self._sets[1])
        if units and self._configured:
            composition = pts * 1000 // _CLOCK - timestamp
            head = b"\x17\x01" if keyframe else b"\x27\x01"
            body = b"".join([head, (composition & 0xFFFFFF).to_bytes(3, "big"), *units])
            self._sink.on_video(timestamp & 0xFFFFFFFF, body)

    def _configure(self, timestamp: int, sps: tuple[bytes, ...], pps: tuple[bytes, ...]) -> None:
        if self._sets == (sps, pps):
            return
        self._sets = (sps, pps)
        if not (sps and pps):
            return
        try:
            record = avc_record(sps, pps)
        except CodecError as error:
            raise Refused("MALFORMED_MEDIA", f"The encoder's settings cannot be used: {error}.") from error
        self._configured = True
        self._sink.on_video(timestamp & 0xFFFFFFFF, b"\x17\0\0\0\0" + record)


class Sound:
    """AAC frames, which may begin in one packet and end in the next."""

    def __init__(self, sink: MediaSink) -> None:
        self._sink = sink
        self._rest = b""
        self._time = 0.0
        self._record = b""
        self._step = 0.0

    def take(self, pts: int | None, data: bytes) -> None:
        """`pts` is the time of the first frame that begins in `data`; None: it follows the one before."""
        started_before = bool(self._rest)
        if pts is not None and not started_before:
            self._time = pts
        data = self._rest + data
        position = 0
        while (position := _next_frame(data, position)) + 7 <= len(data):
            size = (data[position + 3] & 3) << 11 | data[position + 4] << 3 | data[position + 5] >> 5
            if size < 7:
                position += 1
                continue
            if position + size > len(data):
                break
            self._frame(data[position : position + size])
            position += size
            if started_before and pts is not None:
                self._time, started_before = pts, False
        self._rest = data[position:]

    def forget(self) -> None:
        """What is missing may have been the end of a frame."""
        self._rest = b""

    def _frame(self, frame: bytes) -> None:
        header = 7 if frame[1] & 1 else 9
        if frame[6] & 3:
            raise unsupported_audio("AAC with several blocks a frame")
        try:
            record, rate = aac_record(frame)
        except CodecError as error:
            raise Refused("MALFORMED_MEDIA", f"The encoder's settings cannot be used: {error}.") from error
        timestamp = int(self._time) * 1000 // _CLOCK & 0xFFFFFFFF
        if record != self._record:
            self._record, self._step = record, _FRAME_SAMPLES * _CLOCK / rate
            self._sink.on_audio(timestamp, b"\xaf\0" + record)
        if len(frame) > header:
            self._sink.on_audio(timestamp, b"\xaf\x01" + frame[header:])
        self._time += self._step


def _units(data: bytes) -> list[bytes]:
    """The NAL units between start codes; zeros behind one are padding."""
    found: list[bytes] = []
    begin = data.find(_START)
    while begin >= 0:
        end = data.find(_START, begin + 3)
        unit = data[begin + 3 : end if end >= 0 else len(data)].rstrip(b"\0")
        if unit:
            found.append(unit)
        if len(found) > _MAX_UNITS:
            raise Refused("MALFORMED_MEDIA", "The encoder sent a picture in too many pieces.")
        begin = end
    return found


def _next_frame(data: bytes, position: int) -> int:
    """Where the next ADTS header begins, from `position` on; the length of `data` when nowhere."""
    while True:
        position = data.find(b"\xff", position)
        if position < 0:
            return len(data)
        if position + 1 == len(data) or data[position + 1] & 0xF6 == 0xF0:
            return position
        position += 1
