"""Two ingest nodes and two edges, one behind the other: a stream is found wherever it runs."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.stack import encoder, reader
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Process, Stack
from tests.stack.services import free_port


@dataclass
class Outskirts:
    """Beside the stack: another node, an edge that knows the database, and one that knows that edge."""

    node: Process
    rtmp_url: str
    edges: list[Process]

    def urls(self, path: str) -> list[str]:
        """That path at every edge."""
        return [urljoin(edge.healthz or "", path) for edge in self.edges]


@pytest.fixture(scope="module")
def outskirts(stack: Stack) -> Iterator[Outskirts]:
    def process(name: str, *arguments: str, **settings: str) -> Process:
        port = free_port()
        command = [sys.executable, "manage.py", *arguments, "--host", "127.0.0.1", "--port", str(port)]
        log = stack.folder / f"{name}.log"
        made = Process(name, command, stack.env | settings, log, f"http://127.0.0.1:{port}/healthz")
        stack.processes[name] = made  # for the report of a failed test
        made.start()
        return made

    rtmp_port = str(free_port())
    node = process("second", "ingest", "--rtmp-port", rtmp_port, NODE_ID="second", SRT_PORT="0")
    inner = process("inner", "edge")
    key = stack.manage("grant_key").strip()
    upstream = urljoin(inner.healthz or "", "/").rstrip("/")
    outer = process("outer", "edge", EDGE_UPSTREAM=upstream, GRANT_KEY=key, SECRET_KEY="")
    beside = Outskirts(node, f"rtmp://127.0.0.1:{rtmp_port}/live", [inner, outer])
    try:
        for started in (node, inner, outer):
            started.await_ready()
        yield beside
    finally:
        for started in (outer, inner, node):
            started.stop()
            del stack.processes[started.name]


@pytest.fixture(scope="module")
def streamer(stack: Stack) -> Person:
    return sign_up(stack)


def soon(what: Callable[[], Any], seconds: float = 20) -> Any:
    """The first true answer; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (answer := what()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)
    return answer


def path_of(stack: Stack, stream: dict[str, Any]) -> str:
    """Where its media playlist is, for a viewer of its own, below any origin that serves it."""
    return urlsplit(reader.playlist_url(stack, stream)).path.replace("index.m3u8", "stream.m3u8")


def newest_part(playlist: str) -> str:
    return re.findall(r'#EXT-X-PART:.*URI="([^"]+)"', playlist)[-1]


def test_streams_of_all_nodes_are_at_all_edges_and_their_viewers_are_counted_once(
    stack: Stack, streamer: Person, outskirts: Outskirts
) -> None:
    here, there = streamer.create_channel(), streamer.create_channel()
    publish_there = streamer.publish_url(there).replace(stack.rtmp_url, outskirts.rtmp_url)
    with encoder.publishing(streamer.publish_url(here)), encoder.publishing(publish_there):
        streams = [reader.await_live(stack, channel) for channel in (here, there)]
        for stream in streams:
            path = path_of(stack, stream)
            for url in outskirts.urls(path):
                playlist = httpx.get(url).raise_for_status().text
                assert httpx.get(urljoin(url, newest_part(playlist))).content[4:8] == b"moof"
            forged = re.sub(r"/live/[^/]+/", "/live/forged/", path)
            assert {httpx.get(url).status_code for url in outskirts.urls(forged)} == {403}

        assert reader.probe(outskirts.urls(path_of(stack, streams[1]))[-1])["video"]["codec_name"] == "h264"
        path = path_of(stack, streams[0])

        def watch_and_count() -> int:
            for url in outskirts.urls(path):
                httpx.get(urljoin(url, newest_part(httpx.get(url).text)))
            return expect(200, stack.api.get(f"/api/streams/{streams[0]['id']}/viewers"))["count"]

        # Two viewers from above, and the one who watches at both edges now.
        soon(lambda: watch_and_count() == 1, seconds=60)


def test_a_stream_whose_node_died_is_found_on_the_node_that_its_encoder_came_back_to(
    stack: Stack, streamer: Person, outskirts: Outskirts
) -> None:
    channel = streamer.create_channel()
    publish = streamer.publish_url(channel)
    with encoder.publishing(publish.replace(stack.rtmp_url, outskirts.rtmp_url)):
        stream = reader.await_live(stack, channel)
        urls = outskirts.urls(path_of(stack, stream))
        before = {httpx.get(url).raise_for_status().text for url in urls}
        outskirts.node.stop()
    assert all(before)
    soon(lambda: all(httpx.get(url).status_code in (502, 503) for url in urls))

    with encoder.publishing(publish):
        soon(lambda: reader.status(stack, channel)["stream"]["status"] == "LIVE")
        answers = soon(lambda: [one for url in urls if (one := httpx.get(url)).status_code == 200][1:])
    assert "#EXT-X-DISCONTINUITY" in answers[0].text, "the same stream goes on"
    outskirts.node.start()
    outskirts.node.await_ready()


def test_a_backup_on_another_node_takes_over_and_gives_back(
    stack: Stack, streamer: Person, outskirts: Outskirts
) -> None:
    """The main encoder's whole node dies, its backup sends to another: viewers at the edges go on."""
    channel = streamer.create_channel()
    main = streamer.publish_url(channel).replace(stack.rtmp_url, outskirts.rtmp_url)
    backup = streamer.publish_url(channel, "backup-key")

    def health() -> dict[str, Any]:
        return expect(200, streamer.api.get(f"/api/streams/{stream['id']}/health"))

    def is_shown_everywhere() -> bool:
        """At both edges, with a part that was not there before."""
        found = [one.text for url in urls if (one := httpx.get(url)).status_code == 200]
        return len(found) == len(urls) and all(newest_part(text) not in seen for text in found)

    with contextlib.ExitStack() as encoders:
        encoders.enter_context(encoder.publishing(main))
        stream = reader.await_live(stack, channel)
        encoders.enter_context(encoder.publishing(backup))
        urls = outskirts.urls(path_of(stack, stream))
        seen: set[str] = set()
        soon(is_shown_everywhere)
        assert not health()["onBackup"]
        seen |= {newest_part(httpx.get(url).text) for url in urls}

        outskirts.node.stop()
        soon(lambda: health()["onBackup"])
        soon(is_shown_everywhere)
        assert reader.status(stack, channel)["stream"]["id"] == stream["id"]
        seen |= {newest_part(httpx.get(url).text) for url in urls}

        outskirts.node.start()
        outskirts.node.await_ready()
        with encoder.publishing(main):
            soon(lambda: not health()["onBackup"], seconds=30)
            soon(is_shown_everywhere)
    assert reader.status(stack, channel)["stream"]["id"] == stream["id"]
