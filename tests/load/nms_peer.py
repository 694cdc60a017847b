"""node-media-server with ffmpeg behind it: the other live server that ours is compared with."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from tests.load.nginx_peer import Peer, lay_out_player
from tests.load.processes import HERE, install, need, program, tail
from tests.stack import services


@contextlib.contextmanager
def node_media_server(folder: Path) -> Iterator[Peer]:
    """A running peer with its files in `folder` (made here)."""
    node, ffmpeg = need("node", "nodejs"), need("ffmpeg", "ffmpeg")
    media, log = folder / "media", folder / "out.log"
    media.mkdir(parents=True)
    peer = folder / "peer"
    shutil.copytree(HERE / "peer_nms", peer, ignore=shutil.ignore_patterns("node_modules"))
    install(peer)
    lay_out_player(media, source="/live/NAME/index.m3u8")
    rtmp_port, http_port = services.free_port(), services.free_port()
    command = [node, "server.js", str(rtmp_port), str(http_port), str(media), ffmpeg]
    with program(command, log=log, cwd=peer) as process:
        services.wait_until(lambda: _listens(rtmp_port), f"node-media-server ({tail(log)})", 15)
        yield Peer("node-media-server", process.pid, rtmp_port, f"http://127.0.0.1:{http_port}/index.html")


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
