"""C08 from outside: what is wrong with a real encoder reaches its creator with the cure; the pre-flight."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection

from tests.stack import encoder, reader
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack
from tests.stack.test_lifecycle import await_frame, dashboard

# Noise costs bits, the still picture after it does not; sound is silence, keyframes are far apart.
TROUBLED = {
    "gop_seconds": 8,
    "picture": ",noise=alls=60:allf=t:enable='lt(t,24)'",
    "rate": "-crf 30 -sc_threshold 0",
    "sound": "anullsrc=r=48000:cl=stereo",
}


@pytest.fixture(scope="module")
def streamer(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(streamer: Person) -> dict[str, Any]:
    return streamer.create_channel()


def await_health(
    socket: ClientConnection, good: Callable[[dict[str, Any]], bool], seconds: float
) -> dict[str, Any]:
    """The first health of which `good` is true."""
    deadline, health = time.monotonic() + seconds, {}
    while time.monotonic() < deadline:
        health = await_frame(socket, "stream:health-update", 20)
        if good(health):
            return health
    raise AssertionError(json.dumps(health, indent=1))


def codes(health: dict[str, Any]) -> set[str]:
    return {alert["code"] for alert in health["alerts"]}


def test_what_is_wrong_with_an_encoder_is_told_with_its_cure(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    url = streamer.publish_url(channel)
    with dashboard(stack, streamer, channel) as socket, encoder.publishing(url, **TROUBLED):
        stream = reader.await_live(stack, channel)
        await_health(socket, lambda health: {"KEYFRAMES_FAR", "SOUND_SILENT"} <= codes(health), 40)
        told = await_health(socket, lambda health: "BITRATE_DROP" in codes(health), 60)
        assert {"KEYFRAMES_FAR", "SOUND_SILENT"} <= codes(told)
        assert told["sound"] == "quiet"
        assert told["keyframeSeconds"] == pytest.approx(8, abs=0.1)
        assert told["fps"] == pytest.approx(30, abs=1)
        far = next(alert for alert in told["alerts"] if alert["code"] == "KEYFRAMES_FAR")
        assert far["cure"].startswith("Set the keyframe interval to 2 s")
        asked = expect(200, streamer.api.get(f"/api/streams/{stream['id']}/health"))
        assert {"KEYFRAMES_FAR", "SOUND_SILENT"} <= codes(asked)
        assert len(asked["history"]) >= 12
        assert (
            asked["history"][-1]["bitrateKbps"] < max(point["bitrateKbps"] for point in asked["history"]) / 2
        )


def test_an_encoder_without_pictures_one_that_freezes_and_one_that_is_gone_are_told_apart(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    url = streamer.publish_url(channel)
    with dashboard(stack, streamer, channel) as socket:
        with encoder.publishing(url, picture=",trim=duration=8,setpts=PTS-STARTPTS") as camera:
            reader.await_live(stack, channel)
            await_health(socket, lambda health: "NO_PICTURE" in codes(health), 40)
            camera.send_signal(signal.SIGSTOP)
            await_health(socket, lambda health: "ENCODER_SILENT" in codes(health), 20)
            camera.send_signal(signal.SIGCONT)
            await_health(socket, lambda health: "ENCODER_SILENT" not in codes(health), 20)
        gone = await_health(socket, lambda health: not health["connected"], 20)
        assert "CONNECTION_LOST" in codes(gone)
        with encoder.publishing(url):
            await_health(socket, lambda health: health["connected"] and not codes(health) & OVER, 40)


OVER = {"CONNECTION_LOST", "ENCODER_SILENT", "NO_PICTURE"}


def test_a_rehearsal_beside_a_broadcast_gets_a_verdict_and_disturbs_nothing(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    test_key = expect(200, streamer.api.get(f"/api/channels/{channel['id']}/test-key"))
    path = f"/api/channels/{channel['id']}/rehearsal"
    with (
        dashboard(stack, streamer, channel) as socket,
        encoder.publishing(streamer.publish_url(channel)) as camera,
    ):
        stream = reader.await_live(stack, channel)
        with encoder.publishing(
            f"{test_key['rtmpUrl']}/{test_key['streamKey']}", gop_seconds=8, size="640x360"
        ) as test:
            told = await_rehearsal(socket, lambda told: told["rehearsal"]["state"] == "running", 30)
            verdict = await_rehearsal(socket, is_judged, 60)["rehearsal"]["verdict"]
            assert verdict["grade"] == "warning"
            findings = {finding["topic"]: finding for finding in verdict["findings"]}
            assert findings["picture"]["figure"].startswith("640 × 360, H.264")
            assert [alert["code"] for alert in findings["keyframes"]["alerts"]] == ["KEYFRAMES_FAR"]
            assert findings["sound"]["grade"] == "good"

            asked = expect(200, streamer.api.get(path))
            assert asked["health"]["connected"] is True
            private = stack.url + asked["hlsUrl"]
            assert reader.probe(private)["video"]["width"] == 640
            forged = private.replace(asked["hlsUrl"].split("/")[2], stream["hlsUrl"].split("/")[2])
            assert httpx.get(forged).status_code == 403
            assert sign_up(stack).api.get(path).status_code == 403
            assert reader.status(stack, channel)["stream"]["id"] == stream["id"]
            encoder.stop(test)
        over = await_rehearsal(socket, lambda told: told["rehearsal"]["state"] == "over", 20)
        assert over["rehearsal"]["id"] == told["rehearsal"]["id"]
        assert over["rehearsal"]["verdict"]["grade"] == "warning"
        assert expect(200, streamer.api.get(path))["hlsUrl"] is None
        assert camera.poll() is None
        assert reader.status(stack, channel)["stream"]["id"] == stream["id"]
        assert expect(200, stack.api.get(f"/api/channels/{channel['id']}/streams"))["total"] == 1


def test_a_rotated_test_key_cuts_the_rehearsal_alone(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    path = f"/api/channels/{channel['id']}/test-key"
    test_key = expect(200, streamer.api.get(path))
    with (
        dashboard(stack, streamer, channel) as socket,
        encoder.publishing(f"{test_key['rtmpUrl']}/{test_key['streamKey']}") as test,
    ):
        await_rehearsal(socket, lambda told: told["rehearsal"]["state"] == "running", 30)
        assert reader.status(stack, channel) == {"isLive": False}
        expect(200, streamer.api.post(path))
        test.communicate(timeout=20)
        assert reader.status(stack, channel) == {"isLive": False}


def await_rehearsal(
    socket: ClientConnection, good: Callable[[dict[str, Any]], bool], seconds: float
) -> dict[str, Any]:
    deadline, told = time.monotonic() + seconds, {}
    while time.monotonic() < deadline:
        told = await_frame(socket, "stream:rehearsal", 20)
        if good(told):
            return told
    raise AssertionError(json.dumps(told, indent=1))


def is_judged(told: dict[str, Any]) -> bool:
    verdict = told["rehearsal"]["verdict"]
    return bool(verdict) and verdict["grade"] != "measuring"
