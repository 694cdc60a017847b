"""The plain playlist: whole segments whose addresses are the same for everybody, for caches in between."""

from __future__ import annotations

import re
import subprocess
from functools import partial
from urllib.parse import urljoin

from apps.streams.media import grants, playlists
from tests.streams.media.conftest import FlvMaker
from tests.streams.media.edge import GRANT_KEY, Edge, eventually
from tests.streams.media.encoder import publish
from tests.streams.media.outpost import Outpost
from tests.streams.media.playlist_rules import Playlist, check_plain, check_update
from tests.streams.media.test_past import Camera


def shown(camera: Camera) -> Playlist:
    share = partial(grants.share, GRANT_KEY, "stream")
    plain = playlists.plain(camera.window, lambda at: f"../../{share(at)}/stream/")
    assert plain is not None
    return check_plain(plain.decode())


def test_it_lists_whole_segments_whose_addresses_never_change() -> None:
    camera = Camera(target_duration=2, window_seconds=60.0, rewind_seconds=60.0)
    assert playlists.plain(camera.window, str) is None
    addresses: dict[int, tuple[str | None, str | None]] = {}
    seen = None
    for number in range(400):
        camera.film(discontinuity=number in (50, 51))
        playlist = shown(camera)
        if seen is not None:
            check_update(seen, playlist)
        seen = playlist
        for segment in playlist.segments:
            assert addresses.setdefault(segment.msn, (segment.uri, segment.map)) == (segment.uri, segment.map)
    assert seen is not None and len(seen.segments) == 4, "as long as plain players need"
    assert seen.tags["#EXT-X-DISCONTINUITY-SEQUENCE"] == "2"
    assert not seen.control and "#EXT-X-PART" not in seen.text and seen.hint is None
    folders = {uri.split("/")[2] for uri, _ in addresses.values() if uri}
    assert 3 <= len(folders) <= 4, "800 seconds, one grant for 300 of them"


def test_a_segment_can_be_fetched_for_minutes_by_the_grant_in_its_address() -> None:
    for at in (1_800_000_000.0, 1_800_000_299.0):
        shared = grants.share(GRANT_KEY, "stream", at)
        assert grants.verify(GRANT_KEY, "stream", shared, now=at + 299)[0] == grants.UNCOUNTED
        assert int(shared.split(".")[0], 16) <= at + 600


def test_a_plain_player_plays_it_and_two_viewers_share_every_address(ffmpeg: str, make_flv: FlvMaker) -> None:
    with Edge() as node, Outpost(f"http://127.0.0.1:{node.http_port}", report_seconds=0.1) as edge:
        assert edge.get("plain.m3u8").status_code == 503
        publish(node, make_flv(seconds=6))
        eventually(lambda: node.gate.interruptions)
        node.call(node.node.end, "stream")
        url = urljoin(edge.origin, edge.path("plain.m3u8", viewer="one"))
        command = [ffmpeg, "-v", "error", "-i", url, "-map", "0", "-c", "copy", "-f", "framemd5", "-"]
        played = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert len(re.findall("^0,", played.stdout, re.MULTILINE)) == 180, played.stderr

        mine, theirs = (edge.get("plain.m3u8", viewer=viewer).text for viewer in ("one", "two"))
        assert mine == theirs and check_plain(mine).ended
        address = check_plain(mine).segments[-1].uri
        assert address is not None
        segment = edge.http.get(urljoin(url, address))
        assert segment.status_code == 200 and "immutable" in segment.headers["cache-control"]
        assert segment.content == node.http.get(urljoin(url, address).removeprefix(edge.origin)).content

        eventually(lambda: node.call(node.node.watching, "stream").following == {"one", "two"})
        assert node.call(node.node.watching, "stream").fetching == set(), "counted, and nothing proven"
        assert edge.get("plain.m3u8", life=-1).status_code == 403
        assert edge.http.get(urljoin(url, address).replace("/stream/", "/another/")).status_code == 403
