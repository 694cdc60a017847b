"""A foreign reader of the live playlist: what ffprobe finds, and what a plain HTTP client fetches."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any
from urllib.parse import urljoin

import httpx

from .people import expect
from .running import Stack


def status(stack: Stack, channel: dict[str, Any]) -> dict[str, Any]:
    """`{isLive, stream?}` of a channel, as anybody gets it."""
    return expect(200, stack.api.get("/api/stream/status", params={"channel": channel["slug"]}))


def await_live(stack: Stack, channel: dict[str, Any], seconds: float = 20) -> dict[str, Any]:
    """The stream of `channel` as soon as it is LIVE; raises after `seconds`."""
    return await_status(stack, channel, "LIVE", seconds)


def await_status(stack: Stack, channel: dict[str, Any], wanted: str, seconds: float = 20) -> dict[str, Any]:
    """The stream of `channel` once its status is `wanted`; raises with the last answer after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = status(stack, channel)
        stream = answer.get("stream") or {}
        if stream.get("status") == wanted:
            return stream
        if time.monotonic() > deadline:
            raise AssertionError(f"not {wanted} within {seconds} s: {answer}")
        time.sleep(0.1)


def playlist_url(stack: Stack, stream: dict[str, Any]) -> str:
    """The multivariant playlist's whole address, with a fresh grant."""
    return urljoin(stack.url, expect(200, stack.api.get(f"/api/streams/{stream['id']}/hls"))["hlsUrl"])


def variants(url: str) -> list[str]:
    """The media playlists behind a multivariant one, as it names them; the source's is the first."""
    lines = httpx.get(url).raise_for_status().text.splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def media_playlist_url(url: str) -> str:
    """The address of the source's media playlist behind a multivariant one."""
    return urljoin(url, variants(url)[0])


def probe(url: str) -> dict[str, dict[str, Any]]:
    """What ffprobe says of the tracks behind `url`, by their kind (`video`, `audio`)."""
    entries = "stream=codec_type,codec_name,width,height,sample_rate"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "json", url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return {stream["codec_type"]: stream for stream in json.loads(done.stdout)["streams"]}
