"""kill -9 of the ingest in the middle of a stream costs the seconds that it was away, and nothing else."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.stack import encoder, reader
from tests.stack.people import expect, sign_up
from tests.stack.running import Stack
from tests.stack.services import wait_until


def test_the_encoder_comes_back_into_the_same_broadcast_and_the_recording_holds_both_halves(
    survivor: Stack,
) -> None:
    streamer = sign_up(survivor)
    channel = streamer.create_channel()
    with stubborn_encoder(streamer.publish_url(channel)):
        before = reader.await_live(survivor, channel)
        wait_until(lambda: next_segment(survivor, before) >= 3, "three segments")
        number = next_segment(survivor, before)

        survivor.kill("ingest")
        survivor.restart("ingest")
        restarted = time.monotonic()
        wait_until(lambda: next_segment(survivor, before) > number, "a segment after the restart")
        picture_back = time.monotonic() - restarted

        after = reader.await_live(survivor, channel)
        assert (after["id"], after["startedAt"]) == (before["id"], before["startedAt"])
        assert picture_back < 15
        resumed_at = next_segment(survivor, before)
        wait_until(lambda: next_segment(survivor, before) > resumed_at + 1, "two more segments")
        expect(200, streamer.api.post(f"/api/streams/{before['id']}/end"))

    recording = finished_recording(survivor)
    assert set(reader.probe(str(recording))) == {"video", "audio"}
    text = recording.read_text()
    assert "#EXT-X-ENDLIST" in text
    assert "#EXT-X-DISCONTINUITY" in text, "the two halves are told apart"
    durations = [float(found) for found in re.findall(r"#EXTINF:([\d.]+)", text)]
    assert len(durations) >= number, "a segment that was listed before the crash is not in the recording"
    assert sum(durations) > 6


@contextlib.contextmanager
def stubborn_encoder(url: str) -> Iterator[None]:
    """An encoder that tries again as soon as it is cut off, as OBS does."""
    over = threading.Event()

    def publish() -> None:
        while not over.is_set():
            with encoder.publishing(url) as process:
                while process.poll() is None and not over.wait(0.1):
                    pass
            over.wait(0.5)

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def next_segment(stack: Stack, stream: dict[str, Any]) -> int:
    """The number of the segment that is being filled; 0 while there is no playlist to read."""
    answer = stack.api.get(f"/api/streams/{stream['id']}/hls")
    if answer.status_code != 200:
        return 0
    with contextlib.suppress(httpx.HTTPError, StopIteration):
        text = (
            httpx.get(reader.media_playlist_url(reader.playlist_url(stack, stream))).raise_for_status().text
        )
        first = re.search(r"#EXT-X-MEDIA-SEQUENCE:(\d+)", text)
        return (int(first[1]) if first else 0) + text.count("#EXTINF")
    return 0


def finished_recording(stack: Stack) -> Path:
    """The playlist of the one recording of this stack, once the sweeper has written it."""
    folder = Path(stack.env["AETHEX_DATA_DIR"]) / "recordings"
    wait_until(lambda: any(folder.rglob("*.m3u8")), "the recording's playlist", 45)
    return next(folder.rglob("*.m3u8"))
