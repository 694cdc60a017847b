"""Judge the pages that matter with Lighthouse, as a phone on a slow line sees them.

    python -m tools.lighthouse [--url http://localhost:8000]

Each page is judged three times, and the middle one counts: what else a machine does moves a single one by
tens of points. Debian's chromium-headless-shell is taken where it is, a browser without windows around it.

Needs ffmpeg, npm, which fetches Lighthouse for this once, and a running server made for trying things,
without its demo (AETHEX_DEMO=0): it signs up a person, gives them a channel and puts that on air with a film
that was encoded before. What draws and encodes beside a browser would take the processor from the page, which
it does on nobody's phone. Whatever is below what we promise is named, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tools.shots import CHROMIUM, FLAGS, create_channel, sign_up

SHELL = "/usr/bin/chromium-headless-shell"
TIMES = 3
VERSION = "12.8.2"
PICTURE, SOUND = "testsrc2=size=640x360:rate=30", "sine=frequency=330:sample_rate=48000"
FILM = (
    f"-f lavfi -i {PICTURE} -f lavfi -i {SOUND} -t 20 -pix_fmt yuv420p -c:v libx264 -g 60 -b:v 700k -c:a aac"
)
# The first still of a broadcast, its poster, is there by then.
STILL_SECONDS = 90
PROMISED = {"performance": 90, "accessibility": 95, "best-practices": 95, "seo": 95}
FIGURES = {
    "first-contentful-paint": "FCP",
    "largest-contentful-paint": "LCP",
    "total-blocking-time": "TBT",
    "cumulative-layout-shift": "CLS",
}


def judge(command: list[str], address: str, cookies: str) -> dict[str, Any]:
    """Lighthouse's whole report: of several, the one whose performance is in the middle."""
    reports = [judge_once(command, address, cookies) for _ in range(TIMES)]
    return sorted(reports, key=lambda report: report["categories"]["performance"]["score"] or 0)[TIMES // 2]


def judge_once(command: list[str], address: str, cookies: str) -> dict[str, Any]:
    browser = SHELL if Path(SHELL).exists() else CHROMIUM
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        flags = " ".join(["--headless=new", *FLAGS])
        asked = [*command, address, "--quiet", "--output=json", f"--output-path={report}"]
        asked += [f"--chrome-flags={flags}", f"--only-categories={','.join(PROMISED)}"]
        if cookies:
            asked.append(f"--extra-headers={json.dumps({'Cookie': cookies})}")
        subprocess.run(asked, check=True, env=os.environ | {"CHROME_PATH": browser}, timeout=180)
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def answer_of(url: str, path: str, cookies: str = "") -> Any:
    """What the API answers to who has these cookies."""
    with urllib.request.urlopen(urllib.request.Request(url + path, headers={"Cookie": cookies})) as answer:
        return json.load(answer)


def has_poster(url: str, slug: str) -> bool:
    stream = answer_of(url, f"/api/stream/status?channel={slug}").get("stream")
    return bool(stream and stream["thumbnailUrl"])


@contextlib.contextmanager
def on_air(url: str, slug: str, cookies: str, folder: Path) -> Iterator[None]:
    """While the block lasts the channel is live, and has a poster."""
    film = folder / "film.flv"
    subprocess.run(["ffmpeg", "-loglevel", "error", *FILM.split(), str(film)], check=True)
    key = answer_of(url, f"/api/channels/{slug}/stream-key", cookies)
    publish = ["ffmpeg", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", str(film), "-c", "copy"]
    encoder = subprocess.Popen([*publish, "-f", "flv", f"{key['rtmpUrl']}/{key['streamKey']}"])
    try:
        until = time.monotonic() + STILL_SECONDS
        while not has_poster(url, slug):
            if time.monotonic() > until:
                sys.exit(f"{slug} is not on air with a picture after {STILL_SECONDS} s.")
            time.sleep(1)
        yield
    finally:
        encoder.terminate()
        encoder.wait()


def tell(name: str, report: dict[str, Any]) -> bool:
    """Print one line, and what costs points; whether all is as promised."""
    scores = {key: round(100 * (report["categories"][key]["score"] or 0)) for key in PROMISED}
    figures = [f"{short} {report['audits'][key]['displayValue']}" for key, short in FIGURES.items()]
    print(f"{name:10}", *(f"{key} {score}" for key, score in scores.items()), *figures, sep="  ")
    for key, category in report["categories"].items():
        if scores[key] == 100:
            continue
        for part in category["auditRefs"]:
            audit = report["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                print(f"{'':10}  {key}: {audit['title']} {audit.get('displayValue', '')}")
    return all(score >= PROMISED[key] for key, score in scores.items())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument(
        "--command", default=f"npx --yes lighthouse@{VERSION}", help="how to start Lighthouse"
    )
    parser.add_argument("--only", default="", help="names of pages, with commas between them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        name, state = sign_up(browser, options.url, Path(folder))
        slug = create_channel(browser, options.url, name, state)
        held = json.loads(Path(state).read_text())["cookies"]
        cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in held)
        browser.close()
        pages = {
            "home": ("/", ""),
            "browse": ("/discover", ""),
            "watch": (f"/streams/{slug}", ""),
            "channel": (f"/c/{slug}", ""),
            "dashboard": (f"/dashboard/{slug}", cookies),
        }
        only = set(options.only.split(",")) - {""} or pages.keys()
        with on_air(options.url, slug, cookies, Path(folder)):
            kept = [
                tell(name, judge(options.command.split(), options.url + path, sent))
                for name, (path, sent) in pages.items()
                if name in only
            ]
    sys.exit(not all(kept))


if __name__ == "__main__":
    main()
