"""The table of alerts: what is found, how long it must last, who has to act, and the cure in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .blame import Fault
from .window import LAGGING_MS, Window

_SETTLED = 8.0
"""Seconds after which an encoder's rates have settled."""


class Severity(StrEnum):
    """INFO could be better, WARNING is noticed by viewers, CRITICAL keeps them from watching."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Topic(StrEnum):
    CONNECTION = "connection"
    PICTURE = "picture"
    FRAMES = "frames"
    BITRATE = "bitrate"
    KEYFRAMES = "keyframes"
    DELAY = "delay"
    SOUND = "sound"
    SERVER = "server"
    VIEWERS = "viewers"


Look = Callable[[Window, bool], str | None]
"""What is wrong, in words, or None; the second argument tells whether the alert stands, which then takes
less to stay than it took to begin."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`look` must find the same for `after` seconds before the alert begins, and nothing for `until` before
    it ends."""

    code: str
    topic: Topic
    severity: Severity
    fault: Fault
    look: Look
    cure: str
    after: float = 3
    until: float = 5


def _connection_lost(window: Window, stands: bool) -> str | None:
    return "The encoder is not connected" if window.now.session_id is None else None


def _encoder_silent(window: Window, stands: bool) -> str | None:
    waited = window.now.since_media_ms
    if window.now.session_id is None or waited < 2000:
        return None
    return f"Connected, but nothing has come for {waited / 1000:.0f} s"


def _on_backup(window: Window, stands: bool) -> str | None:
    return "The backup encoder is on air" if window.now.on_backup else None


def _reconnects(window: Window, stands: bool) -> str | None:
    return f"The encoder connected {window.sessions} times in two minutes" if window.sessions > 2 else None


def _unsteady(window: Window, stands: bool) -> str | None:
    if window.behind_ms >= 700 or window.unsteady_seconds < (2 if stands else 3):
        return None
    return "Pictures arrive in bursts: the connection to the server is unsteady"


def _upload_slow(window: Window, stands: bool) -> str | None:
    if window.behind_ms < (400 if stands else 1000):
        return None
    return f"Pictures arrive {window.behind_ms / 1000:.1f} s late: the upload or the encoder does not keep up"


def _packets_lost(window: Window, stands: bool) -> str | None:
    lost = sum(one.packets_lost for one in window.last(20))
    if lost <= (0 if stands else 2):
        return None
    return f"{lost:,} packets of the last 20 seconds were lost for good: pictures are damaged"


def _clock_drift(window: Window, stands: bool) -> str | None:
    drift = window.drift_ms
    if abs(drift) < (200 if stands else 300) or window.behind_ms >= 1000:
        return None
    return f"The encoder's clock runs {'slow' if drift > 0 else 'fast'}: {abs(drift) / 1000:.1f} s a minute"


def _clock_jumps(window: Window, stands: bool) -> str | None:
    jumps = sum(one.clock_jumps for one in window.last(60))
    return "The encoder's timestamps jump" if jumps else None


def _no_picture(window: Window, stands: bool) -> str | None:
    now = window.now
    if now.session_id is None or now.since_picture_ms < 3000 or now.since_media_ms >= 2000:
        return None
    return f"Sound comes, but no picture for {now.since_picture_ms / 1000:.0f} s"


def _picture_changed(window: Window, stands: bool) -> str | None:
    if len(window.sizes) < 2:
        return None
    (width, height), (new_width, new_height) = window.sizes[-2:]
    return f"The picture changed from {width} × {height} to {new_width} × {new_height}"


def _profile_unplayable(window: Window, stands: bool) -> str | None:
    if window.profile in ("", "Baseline", "Main", "High"):
        return None
    return f"Browsers can't show the profile {window.profile}"


def _profile_baseline(window: Window, stands: bool) -> str | None:
    return "The profile is baseline, which needs more bits for the same picture" * (
        window.profile == "Baseline"
    )


def _frames_low(window: Window, stands: bool) -> str | None:
    nominal, fps = window.now.frame_rate, window.fps
    if not fps or window.seconds < _SETTLED:
        return None
    if nominal and fps < nominal * (0.9 if stands else 0.8):
        return f"{fps:.0f} of {nominal:.0f} pictures a second come"
    return f"Only {fps:.0f} pictures a second" if fps < (21 if stands else 20) else None


def _frames_unsteady(window: Window, stands: bool) -> str | None:
    nominal = window.now.frame_rate
    if not nominal or window.seconds < _SETTLED or window.fps < 0.8 * nominal:
        return None
    seconds = [one for one in window.last(20)[1:] if one.media_ms >= 500]
    thin = sum(one.pictures * 1000 / one.media_ms < 0.85 * nominal for one in seconds)
    return "The frame rate is unsteady" if thin >= (2 if stands else 4) else None


def _bitrate_drop(window: Window, stands: bool) -> str | None:
    usual = window.usual_kbps
    if usual is None or not window.sends_pictures or window.kbps >= usual * (0.7 if stands else 0.5):
        return None
    return f"The bitrate fell to {window.kbps:,} of {usual:,.0f} kbps"


def _bitrate_unsteady(window: Window, stands: bool) -> str | None:
    groups = window.kbps_groups[:8]
    if len(groups) < 4 or max(groups) < min(groups) * (2 if stands else 2.5):
        return None
    return f"The bitrate goes between {min(groups):,} and {max(groups):,} kbps"


def _bitrate_high(window: Window, stands: bool) -> str | None:
    if window.seconds < _SETTLED or window.kbps < (8000 if stands else 8500):
        return None
    return f"{window.kbps:,} kbps is more than many viewers' lines carry"


def _bitrate_low(window: Window, stands: bool) -> str | None:
    now = window.now
    needed = now.width * now.height * min(now.frame_rate, 60) * 0.03 / 1000
    if window.seconds < _SETTLED or not 0 < window.kbps < needed * (1.2 if stands else 1):
        return None
    return f"{window.kbps:,} kbps is little for {now.width} × {now.height}: movement looks blocky"


def _keyframes_far(window: Window, stands: bool) -> str | None:
    interval = window.keyframe_ms
    return f"Keyframes are {interval / 1000:.1f} s apart" if interval > 4200 else None


def _keyframes_irregular(window: Window, stands: bool) -> str | None:
    intervals = window.keyframe_intervals
    if len(intervals) < 6 or max(intervals) > 4200:
        return None
    shortest, longest = min(intervals), max(intervals)
    if longest < 2 * shortest or longest - shortest < 1000:
        return None
    return f"Keyframes come irregularly, {shortest / 1000:.1f} to {longest / 1000:.1f} s apart"


def _b_frames(window: Window, stands: bool) -> str | None:
    if window.reorder_ms < (30 if stands else 50):
        return None
    return f"B-frames add {window.reorder_ms / 1000:.2f} s of delay"


def _no_sound(window: Window, stands: bool) -> str | None:
    silent = window.sound == "none" and window.sends_pictures and len(window.last(5)) >= 4
    return "There is no sound" if silent else None


def _sound_silent(window: Window, stands: bool) -> str | None:
    quiet = window.sound == "quiet" and len(window.last(10)) >= 9
    return "The sound looks silent by its bytes" if quiet else None


def _server_late(window: Window, stands: bool) -> str | None:
    late = [one.lag_ms for one in window.samples[-20:] if one.lag_ms >= LAGGING_MS]
    if len(late) < (2 if stands else 3):
        return None
    return f"This server is late by up to {max(late) / 1000:.1f} s"


def _recording_lost(window: Window, stands: bool) -> str | None:
    lost = window.now.recording_lost - window.samples[0].recording_lost
    return f"The recording lost {lost} segment{'s' * (lost > 1)}" if lost > 0 else None


def _viewers_wait(fault: Fault) -> Look:
    def look(window: Window, stands: bool) -> str | None:
        audience = window.audience
        share = audience.stalled / audience.reports if audience.reports else 0.0
        if (
            share < (0.1 if stands else 0.2)
            or audience.stalled < 2
            or audience.fault(window.samples) != fault
        ):
            return None
        return f"{audience.stalled} of {audience.reports} viewers had to wait for the picture"

    return look


_CRITICAL, _WARNING, _INFO = Severity.CRITICAL, Severity.WARNING, Severity.INFO
_ENCODER, _NETWORK, _SERVER, _VIEWER = Fault.ENCODER, Fault.NETWORK, Fault.SERVER, Fault.VIEWER

# fmt: off
RULES: tuple[Rule, ...] = (
    Rule("CONNECTION_LOST", Topic.CONNECTION, _CRITICAL, _ENCODER, _connection_lost,
         "Check the encoder and its network; it continues the same stream when it comes back in time.",
         after=0, until=0),
    Rule("ENCODER_SILENT", Topic.CONNECTION, _CRITICAL, _ENCODER, _encoder_silent,
         "See whether the encoder is frozen or its network is gone, and start it again.", after=0, until=2),
    Rule("ON_BACKUP", Topic.CONNECTION, _WARNING, _ENCODER, _on_backup,
         "See what is wrong with the main one; it takes over by itself when it has been steady for 5 s.",
         after=0, until=0),
    Rule("RECONNECTS", Topic.CONNECTION, _WARNING, _NETWORK, _reconnects,
         "Use a cable instead of Wi-Fi, and lower the encoder's bitrate.", after=0, until=10),
    Rule("CONNECTION_UNSTEADY", Topic.CONNECTION, _WARNING, _NETWORK, _unsteady,
         "Use a cable instead of Wi-Fi, and stop other uploads.", after=3, until=15),
    Rule("UPLOAD_SLOW", Topic.CONNECTION, _WARNING, _NETWORK, _upload_slow,
         "Lower the bitrate to two thirds of your upload at most, and give the encoder's machine less to do.",
         after=3, until=5),
    Rule("PACKETS_LOST", Topic.CONNECTION, _WARNING, _NETWORK, _packets_lost,
         "Set the latency of SRT in the encoder to four times the round trip or more, or lower the bitrate.",
         after=0, until=5),
    Rule("CLOCK_DRIFT", Topic.CONNECTION, _INFO, _ENCODER, _clock_drift,
         "Update or restart the encoder; its clock and the real time part.", after=10, until=20),
    Rule("CLOCK_JUMPS", Topic.CONNECTION, _WARNING, _ENCODER, _clock_jumps,
         "Restart the encoder; avoid sources that change its clock, such as looping files.",
         after=0, until=0),
    Rule("NO_PICTURE", Topic.PICTURE, _CRITICAL, _ENCODER, _no_picture,
         "Check the video source and the video encoder; restart the stream if they are fine.",
         after=0, until=2),
    Rule("PICTURE_CHANGED", Topic.PICTURE, _INFO, _ENCODER, _picture_changed,
         "Keep the output size fixed while you are live: every change costs viewers a moment.",
         after=0, until=0),
    Rule("PROFILE_UNPLAYABLE", Topic.PICTURE, _CRITICAL, _ENCODER, _profile_unplayable,
         "Set the profile to high and the colour format to NV12 (8 bit, 4:2:0).", after=0, until=2),
    Rule("PROFILE_BASELINE", Topic.PICTURE, _INFO, _ENCODER, _profile_baseline,
         "Set the profile to high or main.", after=3, until=2),
    Rule("FRAMES_LOW", Topic.FRAMES, _WARNING, _ENCODER, _frames_low,
         "Give the encoder less to do: a faster preset, a smaller output size, or hardware encoding.",
         after=4, until=6),
    Rule("FRAMES_UNSTEADY", Topic.FRAMES, _INFO, _ENCODER, _frames_unsteady,
         "Close what competes for the processor or graphics card, or choose a faster preset.",
         after=3, until=15),
    Rule("BITRATE_DROP", Topic.BITRATE, _WARNING, _NETWORK, _bitrate_drop,
         "If it was not a still picture, your upload is short: lower the bitrate or stop other uploads.",
         after=3, until=5),
    Rule("BITRATE_UNSTEADY", Topic.BITRATE, _INFO, _ENCODER, _bitrate_unsteady,
         "Set the rate control to CBR.", after=5, until=15),
    Rule("BITRATE_HIGH", Topic.BITRATE, _WARNING, _ENCODER, _bitrate_high,
         "Set 6,000 kbps or less; that is enough for 1080p60.", after=5, until=10),
    Rule("BITRATE_LOW", Topic.BITRATE, _INFO, _ENCODER, _bitrate_low,
         "Raise the bitrate, or send a smaller picture.", after=5, until=10),
    Rule("KEYFRAMES_FAR", Topic.KEYFRAMES, _WARNING, _ENCODER, _keyframes_far,
         "Set the keyframe interval to 2 s: viewers can join only at a keyframe.", after=0, until=5),
    Rule("KEYFRAMES_IRREGULAR", Topic.KEYFRAMES, _INFO, _ENCODER, _keyframes_irregular,
         "Set a fixed keyframe interval of 2 s and switch scene-cut detection off.", after=3, until=10),
    Rule("B_FRAMES", Topic.DELAY, _INFO, _ENCODER, _b_frames,
         "Set 0 B-frames, or the tune zerolatency, if every moment counts.", after=3, until=5),
    Rule("NO_SOUND", Topic.SOUND, _WARNING, _ENCODER, _no_sound,
         "Add an audio source and an AAC audio track to the encoder's output.", after=3, until=2),
    Rule("SOUND_SILENT", Topic.SOUND, _WARNING, _ENCODER, _sound_silent,
         "Check that the microphone or the audio source is not muted in the encoder's mixer.",
         after=2, until=1),
    Rule("SERVER_LATE", Topic.SERVER, _WARNING, _SERVER, _server_late,
         "The server has too much to do; tell who runs it, your encoder is fine.", after=0, until=15),
    Rule("RECORDING_LOST", Topic.SERVER, _CRITICAL, _SERVER, _recording_lost,
         "The server's storage does not keep up or is full; tell who runs it and record locally, too.",
         after=0, until=0),
    Rule("STALLS_ENCODER", Topic.VIEWERS, _WARNING, _ENCODER, _viewers_wait(_ENCODER),
         "The encoder paused: give it less to do, or look why it stopped.", after=0, until=15),
    Rule("STALLS_NETWORK", Topic.VIEWERS, _WARNING, _NETWORK, _viewers_wait(_NETWORK),
         "Your upload held pictures up: use a cable, or lower the bitrate.", after=0, until=15),
    Rule("STALLS_SERVER", Topic.VIEWERS, _WARNING, _SERVER, _viewers_wait(_SERVER),
         "The server or its line is short; tell who runs it, your encoder is fine.", after=0, until=15),
    Rule("STALLS_VIEWERS", Topic.VIEWERS, _INFO, _VIEWER, _viewers_wait(_VIEWER),
         "Your stream is fine; those viewers' lines are slower than your bitrate, so a lower one helps them.",
         after=0, until=15),
)
# fmt: on
CURES = {rule.code: rule.cure for rule in RULES}
