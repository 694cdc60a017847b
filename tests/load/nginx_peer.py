"""Debian's nginx with its RTMP module: the live server that ours is compared with."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.load.processes import HERE, ROOT, Missing, need, program, tail
from tests.stack import services

MODULE = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")


@dataclass(frozen=True)
class Peer:
    """A running live server: publish to `rtmp_url`/NAME, watch `page`?name=NAME (without: `show`)."""

    name: str
    pid: int
    rtmp_port: int
    page: str

    @property
    def rtmp_url(self) -> str:
        return f"rtmp://127.0.0.1:{self.rtmp_port}/live"


def hls_script() -> Path:
    """The vendored hls.js, the same that our own player uses."""
    found = sorted((ROOT / "static" / "vendor").glob("hls*/hls*js"))
    if not found:
        raise Missing("static/vendor holds no hls.js")
    return found[0]


def lay_out_player(folder: Path, *, source: str) -> None:
    """A page in `folder` with hls.js at its defaults that plays `source`, its NAME from the query."""
    page = (HERE / "peer_nginx" / "player.html").read_text(encoding="utf-8")
    (folder / "index.html").write_text(page.replace("@source@", source), encoding="utf-8")
    shutil.copy(hls_script(), folder / "hls.mjs")


def lay_out(folder: Path, rtmp_port: int, http_port: int) -> Path:
    """Write configuration and player below `folder`; the configuration's path."""
    for name in ("hls", "temp", "www"):
        (folder / name).mkdir()
    lay_out_player(folder / "www", source="/hls/NAME.m3u8")
    words = {
        "user": "user root;" if os.geteuid() == 0 else "",
        "folder": str(folder),
        "module": str(MODULE),
        "rtmp_port": str(rtmp_port),
        "http_port": str(http_port),
    }
    text = (HERE / "peer_nginx" / "nginx.conf").read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    configuration = folder / "nginx.conf"
    configuration.write_text(text, encoding="utf-8")
    return configuration


@contextlib.contextmanager
def nginx(folder: Path, core: int | None = None) -> Iterator[Peer]:
    """A running peer with its files in `folder` (made here)."""
    binary = need("nginx", "nginx")
    if not MODULE.exists():
        raise Missing("nginx has no RTMP module (Debian: apt install libnginx-mod-rtmp)")
    folder.mkdir()
    rtmp_port, http_port = services.free_port(), services.free_port()
    configuration = lay_out(folder, rtmp_port, http_port)
    log = folder / "out.log"
    with program([binary, "-p", folder, "-c", configuration], log=log, core=core, cwd=folder) as process:
        services.wait_until(lambda: (folder / "nginx.pid").exists(), f"nginx ({tail(log)})", 10)
        yield Peer("nginx-rtmp", process.pid, rtmp_port, f"http://127.0.0.1:{http_port}/index.html")
