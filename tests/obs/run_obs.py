"""A real OBS under a virtual screen publishes into the running platform: `make test-obs`.

Exits 0 when OBS connected, the picture it sent can be decoded from the playlist, and stopping it left a
broadcast that waits for its encoder. Prints what it measured, one line a fact; docs/obs.md quotes them.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from tests.obs import profile
from tests.stack import running
from tests.stack.encoder import ffmpeg
from tests.stack.people import expect, sign_up
from tests.stack.services import wait_until

DISPLAY = ":77"


def main() -> int:
    """The story of one stream over each door, told by OBS."""
    with tempfile.TemporaryDirectory(prefix="aethex-obs-") as temporary, running.embedded() as stack:
        folder = Path(temporary)
        fact("OBS", version())
        fact("OBS with a wrong key says", words_for_a_wrong_key(stack, folder / "stranger"))
        streamer, film = sign_up(stack), make_film(folder)
        over_rtmp, over_srt = streamer.create_channel(), streamer.create_channel()
        server, _, key = streamer.publish_url(over_rtmp).rpartition("/")
        profile.write(folder / "rtmp", server=server, key=key, film=film)
        publish(stack, over_rtmp, folder / "rtmp")
        profile.write(folder / "srt", server=streamer.srt_url(over_srt), key="", film=film)
        publish(stack, over_srt, folder / "srt")
    return 0


def publish(stack: running.Stack, channel: dict[str, Any], home: Path) -> None:
    """OBS starts, is watched by a foreign reader and stops."""
    door = home.name.upper()
    with screen(), obs(home):
        started = time.monotonic()
        wait_until(lambda: status(stack, channel)["isLive"], "the broadcast", 40)
        fact(f"{door}, live after the start of OBS", f"{time.monotonic() - started:.1f} s")
        stream = status(stack, channel)["stream"]
        playback = expect(200, stack.api.get(f"/api/streams/{stream['id']}/hls"))
        address = urljoin(stack.url, playback["hlsUrl"])
        for line in multivariant(address):
            fact("playlist", line)
        time.sleep(5)  # so that the next measure looks at a stream that has settled
        for track in probe(address):
            fact("track", ", ".join(f"{name} {value}" for name, value in track.items()))
        fact("different frames in 3 s", str(decoded_frames(address)))
    wait_until(lambda: status(stack, channel).get("stream", {}).get("status") != "LIVE", "the ending", 20)
    fact("after OBS stopped", str(status(stack, channel).get("stream", {}).get("status", "offline")))


def words_for_a_wrong_key(stack: running.Stack, home: Path) -> str:
    """What OBS tells somebody whose key is not known."""
    profile.write(home, server=stack.rtmp_url, key="no-such-key", film=home / "none.mp4")
    log = home / "obs.log"
    with screen(), obs(home):
        wait_until(lambda: "Streaming Stop" in log.read_text(errors="replace"), "the refusal", 30)
    return next(line for line in log.read_text(errors="replace").splitlines() if line.startswith("NetStream"))


def make_film(folder: Path) -> Path:
    """Ten seconds of moving picture and tone for OBS to show."""
    film = folder / "film.mp4"
    command = [ffmpeg(), "-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30"]
    command += [
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440",
        "-t",
        "10",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
    ]
    subprocess.run([*command, "-pix_fmt", "yuv420p", "-c:a", "aac", str(film)], check=True)
    return film


@contextlib.contextmanager
def screen() -> Iterator[None]:
    """A virtual screen with OpenGL in software."""
    command = ["Xvfb", DISPLAY, "-screen", "0", "1280x800x24", "+extension", "GLX", "-nolisten", "tcp"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        wait_until(Path(f"/tmp/.X11-unix/X{DISPLAY[1:]}").exists, "Xvfb")
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def obs(home: Path) -> Iterator[None]:
    """OBS that streams from its start; ended as Ctrl-C ends it, and its log shown when something failed."""
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    env = os.environ | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_RUNTIME_DIR": str(runtime),
        "DISPLAY": DISPLAY,
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
    }
    command = ["obs", "--startstreaming", "--profile", "AeThex", "--collection", "AeThex", "--multi"]
    command += ["--disable-updater", "--disable-missing-files-check"]
    log = home / "obs.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=env, cwd=home, stdout=output, stderr=output)
    try:
        yield
    except BaseException:
        print(log.read_text(errors="replace")[-6000:], file=sys.stderr)
        raise
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def status(stack: running.Stack, channel: dict[str, Any]) -> dict[str, Any]:
    return expect(200, stack.api.get("/api/stream/status", params={"channel": channel["slug"]}))


def multivariant(address: str) -> list[str]:
    import httpx

    return [line for line in httpx.get(address).text.splitlines() if line.startswith("#EXT-X-STREAM-INF")]


def probe(address: str) -> list[dict[str, Any]]:
    """The tracks that a foreign reader finds behind the playlist."""
    ffprobe = shutil.which("ffprobe")
    if not ffprobe:
        return []
    entries = "stream=codec_name,profile,width,height,r_frame_rate,sample_rate,channels"
    command = [ffprobe, "-v", "error", "-show_entries", entries, "-of", "json", address]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout)[
        "streams"
    ]


def decoded_frames(address: str) -> int:
    """How many different frames ffmpeg decodes, without an error, from 3 s of the live stream.

    OBS repeats frames when the machine is too slow for its software OpenGL, so 30 a second are not demanded.
    """
    command = [ffmpeg(), "-loglevel", "error", "-xerror", "-i", address, "-t", "3", "-map", "0:v"]
    command += ["-f", "framecrc", "-"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    frames = {line.split(",")[-1] for line in output.splitlines() if not line.startswith("#")}
    assert len(frames) >= 20, f"only {len(frames)} different frames in 3 s: the picture does not move"
    return len(frames)


def version() -> str:
    return subprocess.run(["obs", "--version"], check=True, capture_output=True, text=True).stdout.strip()


def fact(name: str, value: str) -> None:
    print(f"{name}: {value}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
