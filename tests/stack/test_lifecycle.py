"""C01, C02 and B02 from outside: who may publish, who gives way, who comes back and who is cut."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.stack import encoder, reader
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack
from tests.stack.studio_encoder import StudioEncoder

# A node asks once a second whom to cut; the rest is the encoder noticing.
CUT_WITHIN = 8


@pytest.fixture(scope="module")
def streamer(stack: Stack) -> Person:
    return sign_up(stack)


@pytest.fixture
def channel(streamer: Person) -> dict[str, Any]:
    return streamer.create_channel()


@contextmanager
def dashboard(stack: Stack, person: Person, channel: dict[str, Any]) -> Iterator[ClientConnection]:
    address = f"{stack.ws_urls[0]}/ws/dashboard/{channel['slug']}"
    with connect(address, additional_headers=person.bearer, open_timeout=10, proxy=None) as socket:
        yield socket


def await_frame(socket: ClientConnection, wanted: str, seconds: float = 15) -> dict[str, Any]:
    """The payload of the next frame of this type."""
    deadline = time.monotonic() + seconds
    while True:
        frames = json.loads(socket.recv(timeout=max(0.1, deadline - time.monotonic())))
        for frame in frames if isinstance(frames, list) else [frames]:
            if frame["type"] == wanted:
                return frame["payload"]


def complaint(process: subprocess.Popen[str], seconds: float = CUT_WITHIN) -> str:
    """What the encoder printed when it was sent away; it must leave by itself."""
    return process.communicate(timeout=seconds)[1]


def test_a_creator_announces_goes_live_and_ends(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    announced = expect(
        201, streamer.api.post("/api/streams", json={"channelId": channel["id"], "title": "First light"})
    )
    assert announced["status"] == "OFFLINE"
    assert reader.status(stack, channel) == {"isLive": False}

    with encoder.publishing(streamer.publish_url(channel)) as camera:
        live = reader.await_live(stack, channel)
        assert (live["id"], live["title"]) == (announced["id"], "First light")

        ended = expect(200, streamer.api.post(f"/api/streams/{live['id']}/end"))
        assert ended["status"] == "ARCHIVED"
        complaint(camera)

    with dashboard(stack, streamer, channel) as socket:
        assert "You ended this stream" in complaint(encoder.start(streamer.publish_url(channel)))
        assert await_frame(socket, "stream:refused")["code"] == "ENDED_HERE"
    assert reader.status(stack, channel) == {"isLive": False}
    refused = stack.api.get(f"/api/streams/{live['id']}/hls")
    assert (refused.status_code, refused.json()["code"]) == (409, "NOT_LIVE")
    media = httpx.get(stack.url + live["hlsUrl"].replace("index", "stream"))
    assert media.status_code in (200, 503)
    if media.status_code == 200:
        assert media.text.endswith("#EXT-X-ENDLIST\n")


def test_a_wrong_key_is_refused_during_the_handshake(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    url = streamer.publish_url(channel).rsplit("/", 1)[0] + "/live_wrong"
    assert "This stream key is not known" in complaint(encoder.start(url))
    assert reader.status(stack, channel) == {"isLive": False}


def test_a_rotated_key_cuts_its_encoder_and_is_refused_with_the_reason(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    old = streamer.publish_url(channel)
    with encoder.publishing(old) as camera:
        reader.await_live(stack, channel)
        expect(200, streamer.api.post(f"/api/channels/{channel['id']}/stream-key"))
        complaint(camera)

    with dashboard(stack, streamer, channel) as socket:
        complaint(encoder.start(old))
        assert await_frame(socket, "stream:refused")["code"] == "KEY_ROTATED"

    with encoder.publishing(streamer.publish_url(channel)):
        reader.await_live(stack, channel)


def test_a_second_encoder_is_refused_while_the_first_sends(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    url = streamer.publish_url(channel)
    with encoder.publishing(url) as first, dashboard(stack, streamer, channel) as socket:
        stream = reader.await_live(stack, channel)
        complaint(encoder.start(url))
        assert await_frame(socket, "stream:refused")["code"] == "ALREADY_PUBLISHING"
        assert first.poll() is None
        assert reader.status(stack, channel)["stream"]["id"] == stream["id"]


def test_the_rules_of_a_key_are_the_same_over_srt(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    old = streamer.srt_url(channel)
    with dashboard(stack, streamer, channel) as socket, encoder.publishing(old) as camera:
        reader.await_live(stack, channel)
        complaint(encoder.start(streamer.publish_url(channel)))
        assert await_frame(socket, "stream:refused")["code"] == "ALREADY_PUBLISHING"
        expect(200, streamer.api.post(f"/api/channels/{channel['id']}/stream-key"))
        complaint(camera)
        complaint(encoder.start(old))
        assert await_frame(socket, "stream:refused")["code"] == "KEY_ROTATED"


def test_an_encoder_that_fell_silent_gives_way(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    """A half-open connection: the process is stopped, its socket stays."""
    url = streamer.publish_url(channel)
    with encoder.publishing(url) as first:
        stream = reader.await_live(stack, channel)
        first.send_signal(19)  # SIGSTOP
        silent_since = time.monotonic()
        second = None
        while second is None or second.poll() is not None:
            # As OBS does: try again until it is let in.
            assert time.monotonic() - silent_since < 15, "the silent encoder locked its owner out"
            second = encoder.start(url)
            deadline = time.monotonic() + 2
            while second.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
        try:
            assert reader.await_live(stack, channel)["id"] == stream["id"]
        finally:
            encoder.stop(second)


def test_a_dropped_encoder_comes_back_into_the_same_broadcast(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    url = streamer.publish_url(channel)
    with encoder.publishing(url):
        stream = reader.await_live(stack, channel)
    away = reader.await_status(stack, channel, "ENDING")
    assert away["endsAt"] is not None
    with encoder.publishing(url):
        back = reader.await_live(stack, channel)
        assert back["id"] == stream["id"]
        assert back["startedAt"] == stream["startedAt"]
        assert reader.probe(reader.playlist_url(stack, back))["video"]["codec_name"] == "h264"


def test_a_backup_takes_over_within_the_broadcast_and_an_end_ends_both(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    backup_url = streamer.publish_url(channel, "backup-key")
    with StudioEncoder(streamer.publish_url(channel)) as main:
        stream = reader.await_live(stack, channel)
        path = f"/api/streams/{stream['id']}"
        with dashboard(stack, streamer, channel) as socket, StudioEncoder(backup_url) as backup:
            while not await_frame(socket, "stream:health-update")["standby"]:
                pass
            main.stop()
            told = await_frame(socket, "stream:updated")["stream"]
            assert (told["id"], told["status"]) == (stream["id"], "LIVE")
            await_health(streamer, path, "onBackup")
            assert reader.status(stack, channel)["stream"]["status"] == "LIVE"
            assert reader.probe(reader.playlist_url(stack, stream))["video"]["codec_name"] == "h264"
            expect(200, streamer.api.post(f"{path}/end"))
            assert backup.gone.wait(CUT_WITHIN)


def await_health(person: Person, path: str, what: str, seconds: float = 15) -> None:
    """Return when the health of the stream says so."""
    deadline = time.monotonic() + seconds
    while not (told := expect(200, person.api.get(f"{path}/health")))[what]:
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def test_a_codec_that_browsers_can_not_play_is_refused_with_the_cure(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    command = [
        encoder.ffmpeg(), "-hide_banner", "-loglevel", "error", "-nostdin", "-re",
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-t", "20", "-c:v", "flv1",
        "-f", "flv", streamer.publish_url(channel),
    ]  # fmt: skip
    with dashboard(stack, streamer, channel) as socket:
        old = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        refusal = await_frame(socket, "stream:refused")
        complaint(old)
    assert "H.264" in refusal["message"]
    assert reader.status(stack, channel) == {"isLive": False}


def test_title_and_tags_reach_every_open_page(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    address = f"{stack.ws_urls[-1]}/ws/channels/{channel['slug']}"
    with encoder.publishing(streamer.publish_url(channel)), connect(address, proxy=None) as viewer:
        assert await_frame(viewer, "stream:started")["stream"]["channel"]["slug"] == channel["slug"]
        stream = reader.await_live(stack, channel)
        change = {"title": "<img src=x onerror=alert(1)>", "tags": ["night"]}
        expect(200, streamer.api.patch(f"/api/streams/{stream['id']}", json=change))
        told = await_frame(viewer, "stream:updated")["stream"]
        assert (told["title"], told["tags"]) == (change["title"], ["night"])
        expect(200, streamer.api.delete(f"/api/streams/{stream['id']}"))
        assert await_frame(viewer, "stream:ended")["streamId"] == stream["id"]


def test_the_crew_sees_what_the_encoder_sends(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    with encoder.publishing(streamer.publish_url(channel)), dashboard(stack, streamer, channel) as socket:
        stream = reader.await_live(stack, channel)
        while (health := await_frame(socket, "stream:health-update"))["width"] is None:
            pass  # the first report may come before the first picture
        assert (health["streamId"], health["width"], health["height"]) == (stream["id"], 320, 180)
        asked = expect(200, streamer.api.get(f"/api/streams/{stream['id']}/health"))
        assert asked["connected"] is True
        assert asked["videoCodec"].startswith("avc1.")


def test_the_recording_of_a_broadcast_is_there_soon_after_its_end(
    stack: Stack, streamer: Person, channel: dict[str, Any]
) -> None:
    with encoder.publishing(streamer.publish_url(channel)):
        stream = reader.await_live(stack, channel)
        time.sleep(5)  # what is recorded is five seconds of time
        expect(200, streamer.api.post(f"/api/streams/{stream['id']}/end"))
    ask = (
        "from apps.vod.models import Recording as R; "
        f"rows = R.objects.filter(broadcast='{stream['id']}').values_list('status', 'duration_ms'); "
        "print(*rows.first() or '-')"
    )
    deadline = time.monotonic() + 30
    while not (answer := stack.manage("shell", "-v0", "-c", ask).strip()).startswith("READY"):
        assert time.monotonic() < deadline, answer
        time.sleep(0.5)
    assert int(answer.split()[1]) > 4000
