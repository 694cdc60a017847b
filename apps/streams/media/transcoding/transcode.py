"""The renditions of one stream, as long as it lasts: one thread feeds ffmpeg, others bring what it makes."""

from __future__ import annotations

import contextlib
import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import IO, Any

from apps.streams.media.codecs import AvcConfig, read_avc
from apps.streams.media.flv import FlvReader, Packet, VideoBody, read_video
from apps.streams.media.fmp4 import fragment
from apps.streams.media.ports import Refused
from apps.streams.media.transcoding.client import (
    NodeClient,
    NodeRefused,
    RenditionConnection,
    SourceConnection,
)
from apps.streams.media.transcoding.cutter import Cutter, NoKeyframe, Place, Places
from apps.streams.media.transcoding.encoder import Encoder
from apps.streams.media.transcoding.fragments import read_fragment
from apps.streams.media.transcoding.rungs import Rung, Source

_LOOK_SECONDS = 0.25
_SLOW_SECONDS = 1.5
_READ_BYTES = 256 * 1024
_VIDEO_TAG = 9
_MAX_WAITING = 200
_PLACE = ("msn", "index", "start", "keyframe")
_JOIN_SECONDS = 5.0

_TROUBLES = (OSError, ValueError, KeyError, http.client.HTTPException, queue.Full, Refused, NoKeyframe)
"""What may happen between a node, an ffmpeg and what they send."""


class EncoderEnded(OSError):
    """ffmpeg has no more though the source goes on."""


class TranscodeFailed(Exception):
    """It can't go on; the text says why, for the creator."""


class NothingToMake(TranscodeFailed):
    """None of the renditions makes sense for this source, on this machine."""


class TooSlow(TranscodeFailed):
    """The machine can't keep up with what was chosen."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long nothing may come of ffmpeg, and how long it may be behind without catching up."""

    standstill_seconds: float = 8.0
    slow_seconds: float = 15.0


class Transcode:
    """`choose` says which renditions to make of a source. `run` in a thread of its own; the rest from any.

    With `niceness` ffmpeg stands back behind whatever else the machine does.
    """

    def __init__(
        self,
        client: NodeClient,
        choose: Callable[[Source], Sequence[Rung]],
        *,
        ffmpeg: str,
        threads: int = 1,
        niceness: int = 10,
        patience: Patience | None = None,
    ) -> None:
        self._client = client
        self._choose = choose
        self._ffmpeg = ffmpeg
        self._threads = threads
        self._niceness = niceness
        self._patience = patience or Patience()
        self._over = threading.Event()
        self._trouble: Exception | None = None
        self._source: SourceConnection | None = None
        self._encoder: Encoder | None = None
        self._lanes: list[_Lane] = []
        self._slow_since: float | None = None
        self._least_lag = 0.0

    def run(self) -> None:
        """Return when the node has no more of the stream, or after `stop`; raises TranscodeFailed."""
        threads: list[threading.Thread] = []
        try:
            threads = self._begin()
            while not self._over.wait(_LOOK_SECONDS):
                self._look()
        except (TranscodeFailed, *_TROUBLES) as error:
            self._trouble = self._trouble or error
        finally:
            self._release()
            for thread in threads:
                thread.join(_JOIN_SECONDS)
            self._close()
        if isinstance(self._trouble, TranscodeFailed):
            raise self._trouble
        if self._trouble is not None:
            raise TranscodeFailed(str(self._trouble) or repr(self._trouble)) from self._trouble

    def stop(self) -> None:
        """Let go of the stream."""
        self._over.set()
        if self._source is not None:
            self._source.close()

    @property
    def offered(self) -> list[str]:
        """The renditions that keep up, as the node said last."""
        return [lane.rung.name for lane in self._lanes if lane.is_offered]

    @property
    def rungs(self) -> list[Rung]:
        """What is made."""
        return [lane.rung for lane in self._lanes]

    def _begin(self) -> list[threading.Thread]:
        self._source = self._client.source()
        records = self._source.records()
        opening = list(islice(records, 2))
        if len(opening) < 2:  # it ended meanwhile
            self._over.set()
            return []
        (about, init), first = opening
        video = read_avc(bytes.fromhex(about["video"]))
        self._lanes = [
            (_Pictures if rung.height else _Sound)(rung, self._client.rendition(rung.name))
            for rung in self._choose(_described(video, first[1], first[0]["duration"]))
        ]
        if not self._lanes:
            raise NothingToMake("no rendition fits this picture and this machine")
        pictures = [lane for lane in self._lanes if isinstance(lane, _Pictures)]
        work: list[Callable[[], None]] = [lane.work for lane in self._lanes]
        if pictures:
            self._encoder = Encoder(
                self._ffmpeg,
                [lane.rung for lane in pictures],
                threads=self._threads,
                niceness=self._niceness,
            )
            for lane, output in zip(pictures, self._encoder.outputs, strict=True):
                lane.output = output
        work.append(lambda: self._feed(init, chain([first], records)))
        threads = [threading.Thread(target=self._guarded, args=(job,), daemon=True) for job in work]
        for thread in threads:
            thread.start()
        return threads

    def _feed(self, init: bytes, records: Iterator[tuple[dict[str, Any], bytes]]) -> None:
        """The source to ffmpeg, and its parts to those who cut by them. It is read as it comes, however slow
        ffmpeg is: how far that is behind can be seen only here."""
        places = Places()
        self._encode(init)
        for about, data in records:
            place = places.place(data, **{name: about[name] for name in _PLACE})
            for lane in self._lanes:
                lane.expect(place)
            self._encode(data)

    def _encode(self, data: bytes) -> None:
        if self._encoder is not None:
            self._encoder.feed(data)

    def _look(self) -> None:
        """Whether it goes on as it should; raises TranscodeFailed."""
        if any(lane.standstill > self._patience.standstill_seconds for lane in self._lanes):
            raise TranscodeFailed("ffmpeg stands still")
        lag, now = max((lane.lag for lane in self._lanes), default=0.0), time.monotonic()
        if lag < _SLOW_SECONDS:
            self._slow_since = None
        elif self._slow_since is None or lag < self._least_lag:
            self._slow_since, self._least_lag = now, lag
        elif now - self._slow_since > self._patience.slow_seconds:
            raise TooSlow("the machine is too slow for these renditions")

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run one thread's work; the first trouble ends all, and so does the end of any of them."""
        try:
            work()
        except _TROUBLES as error:
            is_end = isinstance(error, NodeRefused) and error.status == http.HTTPStatus.GONE
            if not self._over.is_set() and not is_end:
                self._trouble = self._trouble or self._explained(error)
        finally:
            self._over.set()

    def _explained(self, error: Exception) -> Exception:
        """An ffmpeg that ended has said why."""
        if isinstance(error, EncoderEnded) and self._encoder is not None:
            return OSError(f"ffmpeg ended: {self._encoder.complaint}")
        return error

    def _release(self) -> None:
        """Whatever a thread waits for ends."""
        self.stop()
        if self._encoder is not None:
            self._encoder.stop()
        for lane in self._lanes:
            lane.leave()

    def _close(self) -> None:
        """What no thread uses any more."""
        for lane in self._lanes:
            lane.close()
        if self._encoder is not None:
            self._encoder.close()


class _Pictures:
    """One rendition with a picture: ffmpeg's output, cut, brought to the node."""

    def __init__(self, rung: Rung, connection: RenditionConnection) -> None:
        self.rung = rung
        self.is_offered = False
        self.output: IO[bytes] | None = None
        self._connection = connection
        self._cutter = Cutter(self._bring)

    def expect(self, place: Place) -> None:
        self._cutter.expect(place)

    @property
    def lag(self) -> float:
        return self._cutter.lag

    @property
    def standstill(self) -> float:
        return self._cutter.standstill

    def work(self) -> None:
        """As long as ffmpeg makes some; EncoderEnded when it does no more."""
        assert self.output is not None
        reader = FlvReader()
        while data := self.output.read(_READ_BYTES):
            for tag in reader.feed(data):
                if tag.kind == _VIDEO_TAG and (picture := read_video(tag.body)) is not None:
                    self._take(tag.timestamp, picture)
        raise EncoderEnded

    def _take(self, timestamp: int, picture: VideoBody) -> None:
        if picture.packet is Packet.CONFIG:
            self._connection.begin(bytes(picture.data))
        elif picture.packet is Packet.FRAME:
            self._cutter.on_picture(timestamp + picture.composition_ms, picture.keyframe, picture.data)

    def _bring(self, place: Place, data: bytes) -> None:
        self.is_offered = self._connection.bring(place.msn, place.index, data)

    def leave(self) -> None:
        """ffmpeg's end is its own."""

    def close(self) -> None:
        self._connection.close()


class _Sound:
    """The rendition without a picture: the source's sound, as it is."""

    def __init__(self, rung: Rung, connection: RenditionConnection) -> None:
        self.rung = rung
        self.is_offered = False
        self._connection = connection
        self._places: queue.Queue[Place | None] = queue.Queue(_MAX_WAITING)
        self._since: float | None = None

    def expect(self, place: Place) -> None:
        self._places.put_nowait(place)

    @property
    def lag(self) -> float:
        since = self._since
        return time.monotonic() - since if since is not None else 0.0

    @property
    def standstill(self) -> float:
        return self.lag

    def work(self) -> None:
        """Until it is closed."""
        self._connection.begin(b"")
        sequence = 0
        while (place := self._places.get()) is not None:
            sequence += 1
            self._since = place.since
            data = fragment(sequence, None, place.audio)
            self.is_offered = self._connection.bring(place.msn, place.index, data)
            self._since = None

    def leave(self) -> None:
        with contextlib.suppress(queue.Full):
            self._places.put_nowait(None)

    def close(self) -> None:
        self._connection.close()


_Lane = _Pictures | _Sound


def _described(video: AvcConfig, data: bytes, duration_ms: int) -> Source:
    """The source by its settings, and its rate by its first part where they do not tell."""
    rate = video.frame_rate
    if not 0 < rate <= 300:
        rate = len(read_fragment(data).shown_ms) * 1000 / max(duration_ms, 1)
    return Source(video.width, video.height, rate)
