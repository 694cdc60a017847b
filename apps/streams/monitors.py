"""What a node's samples become: health that dashboards hear of and everybody's process can answer from."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from apps.channels.models import topic
from apps.core.realtime import frame, push

from . import services
from .audience import audiences
from .health import UNKNOWN, graph_of, remember_graphs, remember_health
from .media import Sample, StreamInfo
from .services.rehearsals import rehearsal_id
from .transcoder import why_not
from .vitals import NOBODY, Alert, Audience, Monitor, Point, Verdict

LISTEN_EVERY = 3  # times that streams are told of
NOBODY_TRANSCODES = "No transcoder is running (manage.py transcode)."


class Monitors:
    """One monitor for each stream of a node. `take` once a second; `tell` blocks and goes to a thread."""

    def __init__(self) -> None:
        self._monitors: dict[str, Monitor] = {}
        self._fresh: dict[str, Monitor] = {}
        self._heard: dict[uuid.UUID, Audience] = {}
        self._troubles: dict[uuid.UUID, str] = {}
        self._turn = 0

    def take(self, samples: Mapping[str, Sample]) -> None:
        """What came of the node's streams in the last second; those that are not among them are forgotten."""
        for stream_id in self._monitors.keys() - samples.keys():
            del self._monitors[stream_id]
            self._fresh.pop(stream_id, None)
        for stream_id, sample in samples.items():
            if stream_id not in self._monitors:
                self._monitors[stream_id] = self._fresh[stream_id] = Monitor()
            self._monitors[stream_id].take(sample)

    def tell(self, streams: Iterable[StreamInfo], standbys: Collection[uuid.UUID] = ()) -> None:
        """Judge the streams, keep what came out, and push it to their dashboards. For `standbys` another
        encoder stands by."""
        known = [info for info in streams if info.stream_id in self._monitors]
        self._fetch_graphs()
        broadcasts = {
            uuid.UUID(info.stream_id): info for info in known if rehearsal_id(info.stream_id) is None
        }
        self._listen(broadcasts)
        told = {
            pk: self._judged(info, self._heard.get(pk, NOBODY))
            | {"renditions": self._renditions(pk, info), "standby": pk in standbys}
            for pk, info in broadcasts.items()
        }
        tests = {pk: info for info in known if (pk := rehearsal_id(info.stream_id)) is not None}
        told |= {pk: self._judged(info, NOBODY) for pk, info in tests.items()}
        remember_graphs(
            {pk: self._monitors[info.stream_id].graph for pk, info in (broadcasts | tests).items()}
        )
        remember_health(told)
        for pk, info in broadcasts.items():
            point = shown_point(self._monitors[info.stream_id].graph[-1])
            update = frame("stream:health-update", {"streamId": str(pk)} | told[pk] | {"point": point})
            push(topic("dashboard", uuid.UUID(info.channel_id)), update)
        for pk, info in tests.items():
            verdict = shown_verdict(self._monitors[info.stream_id].verdict())
            services.note_verdict(rehearsal_id=pk, verdict=verdict)

    def _listen(self, broadcasts: Mapping[uuid.UUID, StreamInfo]) -> None:
        """What players and transcoders told changes slowly."""
        if self._turn % LISTEN_EVERY == 0:
            self._troubles = services.transcode_troubles(broadcasts)
            self._heard = audiences({pk: info.viewers for pk, info in broadcasts.items()})
        self._turn += 1

    def _renditions(self, pk: uuid.UUID, info: StreamInfo) -> dict[str, Any]:
        trouble = self._troubles.get(pk)
        if trouble is None:  # no transcoder has looked at it
            trouble = why_not() or NOBODY_TRANSCODES
        return {"offered": info.renditions, "trouble": trouble}

    def _fetch_graphs(self) -> None:
        """A stream that another node had before, or this one before its restart, goes on where it was."""
        for stream_id, monitor in self._fresh.items():
            pk = rehearsal_id(stream_id) or uuid.UUID(stream_id)
            monitor.graph.extend(graph_of(pk))
        self._fresh.clear()

    def _judged(self, info: StreamInfo, audience: Audience) -> dict[str, Any]:
        monitor = self._monitors[info.stream_id]
        monitor.judge(audience)
        return (
            UNKNOWN | described(info) | _measured(monitor) | {"audience": _shown_audience(audience, monitor)}
        )


def described(info: StreamInfo) -> dict[str, Any]:
    """What is known of an encoder without watching it for a while; nothing of one that is gone."""
    if info.session_id is None:
        return {"connected": False}
    return {
        "connected": True,
        "onBackup": info.on_backup,
        "encoder": info.encoder,
        "bitrateKbps": (info.video_bitrate + info.audio_bitrate) // 1000,
        "audioKbps": info.audio_bitrate // 1000,
        "fps": round(info.frame_rate, 2) or None,
        "nominalFps": round(info.frame_rate, 2) or None,
        "width": info.width or None,
        "height": info.height or None,
        "videoCodec": info.video_codec or None,
        "audioCodec": info.audio_codec or None,
        "audioSampleRate": info.audio_sample_rate or None,
        "audioChannels": info.audio_channels or None,
        "keyframeSeconds": round(info.keyframe_interval, 2) or None,
        "delaySeconds": round(info.delay_ms / 1000, 2),
    }


def _measured(monitor: Monitor) -> dict[str, Any]:
    window = monitor.window
    told: dict[str, Any] = {"alerts": [shown_alert(alert) for alert in monitor.alerts]}
    if window.session:
        told |= {
            "profile": window.profile or None,
            "level": window.level or None,
            "sound": window.sound,
            "reorderMs": window.reorder_ms,
            "jitterMs": round(window.now.jitter_ms),
            "behindMs": round(window.behind_ms),
            "missingPercent": round(window.missing_share * 100, 1),
        }
    if window.fps:
        told["fps"] = round(window.fps, 1)
    return told


def _shown_audience(audience: Audience, monitor: Monitor) -> dict[str, Any]:
    return {
        "reports": audience.reports,
        "stalled": audience.stalled,
        "delaySeconds": round(audience.delay_ms / 1000, 2) if audience.delay_ms is not None else None,
        "fault": str(monitor.fault) if monitor.fault else None,
    }


def shown_alert(alert: Alert) -> dict[str, Any]:
    """An alert as frames and the API tell it."""
    return {
        "code": str(alert.code),
        "topic": str(alert.topic),
        "severity": str(alert.severity),
        "fault": str(alert.fault),
        "since": datetime.fromtimestamp(alert.since, UTC).isoformat(timespec="milliseconds"),
        "title": alert.title,
        "cure": alert.cure,
    }


def shown_point(point: Point) -> dict[str, Any]:
    at = datetime.fromtimestamp(point.at, UTC).isoformat()
    return {"at": at, "bitrateKbps": point.kbps, "fps": point.fps}


def shown_verdict(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is kept and told."""
    return {
        "grade": str(verdict.grade),
        "secondsLeft": verdict.seconds_left,
        "findings": [
            {
                "topic": str(finding.topic),
                "grade": str(finding.grade),
                "figure": finding.figure,
                "alerts": [shown_alert(alert) for alert in finding.alerts],
            }
            for finding in verdict.findings
        ],
    }
