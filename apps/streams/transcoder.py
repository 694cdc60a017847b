"""The transcoder: takes live broadcasts that want renditions, and makes them as long as they last.

Any number of such processes, on any machine that reaches the nodes. Each broadcast has a thread that begins
again after every trouble; one loop renews what this process holds and looks for more.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
import uuid
from collections.abc import Sequence

from django.conf import settings
from django.db import close_old_connections, connections

from apps.core.ffmpeg import ffmpeg_path

from . import services
from .media.transcoding import (
    LADDER,
    Budget,
    NodeClient,
    Rung,
    Source,
    TooSlow,
    Transcode,
    TranscodeFailed,
    fitting,
    measured_speed,
)
from .models import Broadcast

log = logging.getLogger(__name__)

EVERY_SECONDS = 2.0
FIRST_RETRY_SECONDS, MOST_RETRY_SECONDS = 1.0, 30.0
STEADY_SECONDS = 30.0
THREADS_MOST = 4


def cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def wanted_rungs() -> list[Rung]:
    """What RENDITIONS asks for; with "auto" all there are, as far as a budget goes."""
    names = settings.RENDITIONS
    return [rung for rung in LADDER if names == ["auto"] or rung.name in names]


def why_not() -> str:
    """Why no renditions are made here, whatever is live; "" when some may be."""
    if settings.RENDITIONS == ["off"]:
        return "Switched off (RENDITIONS=off)."
    if settings.RENDITIONS == ["auto"] and not Budget.of(cores=cores(), speed=1).cores:
        return f"This machine has {cores()} cores; renditions begin with three."
    return ""


class Transcoder:
    """One process's work. `run` returns soon after `stopping` is set."""

    def __init__(self) -> None:
        self.name = f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}".replace(".", "-")
        self.stopping = threading.Event()
        self._rungs = wanted_rungs()
        self._budget: Budget | None = None
        self._trouble = why_not()
        self._jobs: dict[uuid.UUID, Job] = {}

    def run(self) -> None:
        self._measure()
        while not self.stopping.wait(EVERY_SECONDS):
            try:
                self._renew()
                self._take_more()
            except Exception:
                # Database away: what runs goes on, and the next round says it all again.
                log.exception("the transcoder's round failed")
            close_old_connections()
        for job in self._jobs.values():
            job.stop()
        for job in self._jobs.values():
            job.thread.join(EVERY_SECONDS)
            services.leave_transcode(broadcast_id=job.broadcast.pk, worker=self.name)

    def _measure(self) -> None:
        """What this machine can do; without a budget it makes whatever it was told to."""
        if self._trouble:
            log.warning("no renditions: %s", self._trouble)
            return
        try:
            speed = measured_speed(ffmpeg_path())
        except (OSError, RuntimeError) as error:
            self._trouble = f"ffmpeg can't encode here: {error}"
            log.error("no renditions: %s", self._trouble)
            return
        if settings.RENDITIONS == ["auto"]:
            self._budget = Budget.of(cores=cores(), speed=speed)
        log.info("a core encodes %.1f million pixels a second; budget: %s", speed / 1e6, self._budget)

    def _renew(self) -> None:
        for pk, job in list(self._jobs.items()):
            if not services.keep_transcode(broadcast_id=pk, worker=self.name, trouble=job.trouble):
                log.info("broadcast %s: over, or another's", pk)
                job.stop()
                del self._jobs[pk]

    def _take_more(self) -> None:
        for broadcast in services.awaiting_transcoder():
            if broadcast.pk in self._jobs:
                continue
            trouble = self._trouble or self._no_room_for(broadcast)
            if trouble:
                services.explain_no_transcode(broadcast=broadcast, trouble=trouble)
            elif services.claim_transcode(broadcast_id=broadcast.pk, worker=self.name):
                log.info("broadcast %s: taken", broadcast.pk)
                self._jobs[broadcast.pk] = Job(self, broadcast)

    def _no_room_for(self, broadcast: Broadcast) -> str:
        width, height = broadcast.video.get("width"), broadcast.video.get("height")
        if not width or not height:
            return ""
        source = Source(width, height, broadcast.video.get("fps") or 30.0)
        bitrate = 1000 * (broadcast.video.get("bitrateKbps") or 0)
        if not fitting(self._rungs, source, bitrate=bitrate):
            return f"A picture {height} high is too small for these renditions."
        if not self.choose(source, bitrate=bitrate, job=None):
            return "This machine has no room for more renditions."
        return ""

    def choose(self, source: Source, *, bitrate: int, job: Job | None, but: Sequence[str] = ()) -> list[Rung]:
        """What to make of this source beside what the other jobs take."""
        rungs = [rung for rung in fitting(self._rungs, source, bitrate=bitrate) if rung.name not in but]
        if self._budget is None:
            return rungs
        taken = sum(other.cores for other in list(self._jobs.values()) if other is not job)
        chosen = self._budget.without(taken).afford(rungs, source)
        if job is not None:
            job.cores = self._budget.cost(chosen, source)
        return chosen


class Job:
    """One broadcast's renditions, in a thread. `trouble` is what its creator should know, `cores` what it
    takes."""

    def __init__(self, transcoder: Transcoder, broadcast: Broadcast) -> None:
        self.broadcast = broadcast
        self.trouble = ""
        self.cores = 0.0
        self._transcoder = transcoder
        self._left_out: list[str] = []
        self._stopped = threading.Event()
        self._transcode: Transcode | None = None
        self.thread = threading.Thread(target=self._run, name=f"transcode-{broadcast.pk}", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._transcode is not None:
            self._transcode.stop()

    def _run(self) -> None:
        wait = FIRST_RETRY_SECONDS
        while not self._stopped.is_set():
            began = time.monotonic()
            try:
                self._try()
            except TooSlow as slow:
                self._step_down(slow)
            except TranscodeFailed as failure:
                self.trouble = f"{failure}. Trying again."
                log.warning("broadcast %s: %s", self.broadcast.pk, failure)
            except Exception:
                # Database away, or a fault of ours: who holds the lease goes on trying, or nobody does.
                self.trouble = "The transcoder failed. Trying again."
                log.exception("broadcast %s: the transcoder failed", self.broadcast.pk)
            if time.monotonic() - began > STEADY_SECONDS:
                wait = FIRST_RETRY_SECONDS
            self._stopped.wait(wait)
            wait = min(wait * 2, MOST_RETRY_SECONDS)

    def _try(self) -> None:
        pk, worker = self.broadcast.pk, self._transcoder.name
        client = NodeClient(
            self._node_url(),
            pk.hex,
            lambda: services.transcoding_grant(broadcast_id=pk, worker=worker),
        )
        threads = min(cores(), THREADS_MOST)
        self._transcode = Transcode(client, self._choose, ffmpeg=ffmpeg_path(), threads=threads)
        if not self._stopped.is_set():
            self._transcode.run()

    def _node_url(self) -> str:
        try:
            url = services.node_url(self.broadcast.pk.hex)
        finally:
            connections.close_all()  # this thread's: what follows may last for hours
        if url is None:
            raise TranscodeFailed("The node of this broadcast is not there")
        return url

    def _choose(self, source: Source) -> list[Rung]:
        bitrate = 1000 * (self.broadcast.video.get("bitrateKbps") or 0)
        rungs = self._transcoder.choose(source, bitrate=bitrate, job=self, but=self._left_out)
        self.trouble = f"Too much for this machine: {', '.join(self._left_out)}." if self._left_out else ""
        log.info("broadcast %s: %s", self.broadcast.pk, ", ".join(rung.name for rung in rungs) or "nothing")
        return rungs

    def _step_down(self, slow: TooSlow) -> None:
        """Without the largest one; the smallest is tried again and again."""
        assert self._transcode is not None
        pictures = [rung for rung in self._transcode.rungs if rung.height]
        if len(pictures) > 1:
            self._left_out.append(pictures[0].name)
        self.trouble = f"{slow}."
        log.warning("broadcast %s: %s; leaving out %s", self.broadcast.pk, slow, self._left_out)
