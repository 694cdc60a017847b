"""A broadcast that has been on air for a while, as foreign readers rewind it, through the front door."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from tests.stack import encoder, reader
from tests.stack.earlier import record_earlier
from tests.stack.people import expect, sign_up
from tests.stack.running import Stack
from tests.streams.media.playlist_rules import Playlist, check, check_update

MINUTES = 5


@pytest.fixture(scope="module")
def live(stack: Stack) -> Iterator[dict[str, Any]]:
    """A stream that went on air five minutes ago, and whose node was restarted since."""
    streamer = sign_up(stack)
    channel = streamer.create_channel()
    announced = expect(
        201, streamer.api.post("/api/streams", json={"channelId": channel["id"], "title": "Long"})
    )
    record_earlier(stack, announced["id"], minutes=MINUTES)
    with encoder.publishing(streamer.publish_url(channel)):
        yield reader.await_live(stack, channel)


def playlist(stack: Stack, stream: dict[str, Any], query: str = "") -> Playlist:
    url = reader.media_playlist_url(reader.playlist_url(stack, stream))
    return check(httpx.get(url + query).raise_for_status().text)


def first_packet(url: str, *, segment: int) -> tuple[float, int, int]:
    """Decode time, width and height of the first picture that ffprobe reads when it begins at `segment`."""
    command = [
        "ffprobe", "-v", "error", "-live_start_index", str(segment), "-select_streams", "v",
        "-read_intervals", "%+#1", "-show_entries", "packet=dts_time:stream=width,height",
        "-of", "csv=p=0", url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr
    packet, size = done.stdout.split()[0], done.stdout.split()[-1]
    width, height = (int(number) for number in size.split(",")[:2])
    return float(packet.strip(",")), width, height


def test_ffprobe_reads_the_first_minute_and_the_last(stack: Stack, live: dict[str, Any]) -> None:
    url = reader.playlist_url(stack, live)
    seen = playlist(stack, live)
    assert seen.segments[0].msn == 1 and len(seen.segments) > 30 * MINUTES
    for index in (0, 30, 90):
        begins = sum(segment.duration or 0 for segment in seen.segments[:index])
        assert first_packet(url, segment=index) == (pytest.approx(begins, abs=0.01), 640, 360)
    when, width, height = first_packet(url, segment=-1)
    assert when > 60 * MINUTES and (width, height) == (320, 180)


def test_dates_of_the_past_are_those_at_which_it_happened(stack: Stack, live: dict[str, Any]) -> None:
    seen = playlist(stack, live)
    first, last = seen.segments[0].date, seen.segments[-1].date
    assert first is not None and last is not None
    began = datetime.fromisoformat(live["startedAt"]).timestamp() - 60 * MINUTES
    assert abs(first - began) < 30, "the recording ended when the encoder began"
    assert abs(last - time.time()) < 10
    restarted = [segment for segment in seen.segments if segment.discontinuity]
    assert len(restarted) == 1 and restarted[0].map != seen.segments[0].map
    assert sum(segment.gap for segment in seen.segments) == 5, "the numbers that were under way"


def test_a_delta_update_continues_what_was_read_before(stack: Stack, live: dict[str, Any]) -> None:
    whole = playlist(stack, live)
    delta = playlist(stack, live, f"?_HLS_msn={whole.segments[-1].msn}&_HLS_part=0&_HLS_skip=YES")
    assert delta.skipped > 20 * MINUTES
    assert len(delta.text) < len(whole.text) - 20 * MINUTES * len("#EXTINF:2.000,\n")
    check_update(whole, playlist(stack, live))
    known = {segment.msn: segment.uri for segment in whole.segments if segment.uri}
    assert all(known.get(segment.msn, segment.uri) == segment.uri for segment in delta.segments)


def test_the_past_is_behind_the_same_door(stack: Stack, live: dict[str, Any]) -> None:
    url = reader.media_playlist_url(reader.playlist_url(stack, live))
    folder, grant = url.rsplit("/", 1)[0], url.split("/")[4]
    uri = playlist(stack, live).segments[0].uri
    assert httpx.get(f"{folder}/{uri}").status_code == 200
    assert httpx.get(f"{folder.replace(grant, grant[:-1])}/{uri}").status_code == 403
    assert httpx.get(f"{folder}/earlier-0.m4s").status_code == 404
    assert httpx.get(f"{folder}/..%2f..%2f{uri}").status_code in (400, 404)
