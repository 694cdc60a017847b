"""A moving test picture with a clock and a tone: drawn here, encoded by ffmpeg, sent by our RTMP client."""

from __future__ import annotations

import asyncio
import math
import subprocess
import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO, cast

from PIL import Image, ImageDraw, ImageFont

from apps.core.ffmpeg import ffmpeg_path
from apps.streams.media.rtmp.client import publish_flv

WIDTH, HEIGHT, FPS = 960, 540, 30
GROUND, INK, ACCENT, QUIET = (9, 14, 24), (240, 246, 252), (64, 214, 236), (90, 104, 128)


class TestPicture:
    """Draws 30 frames a second in real time; each shows the wall clock at which it was drawn."""

    def __init__(self) -> None:
        self._big = ImageFont.load_default(92)
        self._small = ImageFont.load_default(26)
        self._base = self._still()
        # Drawing text costs a millisecond, pasting a digit nothing.
        self._glyphs = {c: self._glyph(c) for c in "0123456789:."}

    def frame(self, moment: float) -> bytes:
        """The picture of epoch second `moment` as rgb24."""
        picture = self._base.copy()
        clock = datetime.fromtimestamp(moment).strftime("%H:%M:%S.%f")[:-4]
        x = (WIDTH - sum(self._glyphs[c].width for c in clock)) // 2
        for character in clock:
            picture.paste(self._glyphs[character], (x, 190))
            x += self._glyphs[character].width
        draw = ImageDraw.Draw(picture)
        # A hand that turns once a second and a bar that grows with it: a dropped frame is visible.
        turn = moment % 1.0
        cx, cy, r = WIDTH // 2, 400, 56
        draw.ellipse((cx - r, cy - r, cx + r, cy + r), outline=QUIET, width=3)
        angle = turn * 2 * math.pi - math.pi / 2
        draw.line((cx, cy, cx + r * math.cos(angle), cy + r * math.sin(angle)), fill=ACCENT, width=5)
        draw.rectangle((0, HEIGHT - 8, int(WIDTH * turn), HEIGHT), fill=ACCENT)
        sway = WIDTH // 2 + int(330 * math.sin(moment * 1.3))
        draw.ellipse((sway - 10, 142, sway + 10, 162), fill=ACCENT)
        return picture.tobytes()

    def publish(self, *, port: int, key: str, stop: threading.Event) -> None:
        """Encode and publish to the local RTMP door until `stop`. OSError when refused or cut."""
        encoder = subprocess.Popen(_encode(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        picture, encoded = cast(BinaryIO, encoder.stdin), cast(BinaryIO, encoder.stdout)
        over = threading.Event()
        drawing = threading.Thread(target=self._draw, args=(picture, stop, over), daemon=True)
        drawing.start()
        try:
            asyncio.run(publish_flv(f"rtmp://127.0.0.1:{port}/live", key, encoded))
        finally:
            over.set()
            encoder.kill()
            encoder.wait()
            drawing.join(2)

    def _draw(self, picture: BinaryIO, stop: threading.Event, over: threading.Event) -> None:
        began, number = time.monotonic(), 0
        try:
            while not stop.is_set() and not over.is_set():
                picture.write(self.frame(time.time()))
                number += 1
                over.wait(max(0.0, began + number / FPS - time.monotonic()))
        except OSError:
            pass  # the encoder is gone; its reader says why
        finally:
            with suppress(OSError):
                picture.close()

    def _still(self) -> Image.Image:
        picture = Image.new("RGB", (WIDTH, HEIGHT), GROUND)
        draw = ImageDraw.Draw(picture)
        bars = [
            (192, 200, 212),
            (190, 186, 62),
            (62, 186, 190),
            (62, 178, 84),
            (178, 70, 176),
            (184, 58, 62),
            (58, 74, 190),
        ]
        step = WIDTH / len(bars)
        for place, colour in enumerate(bars):
            draw.rectangle((place * step, 0, (place + 1) * step, 84), fill=colour)
        draw.text((WIDTH // 2, 116), "AeThex LIVE", font=self._small, fill=INK, anchor="mm")
        draw.text(
            (WIDTH // 2, 318),
            "Compare this clock with yours: the difference is the delay",
            font=self._small,
            fill=QUIET,
            anchor="mm",
        )
        return picture

    def _glyph(self, character: str) -> Image.Image:
        # Digits of one width: the clock must not wobble.
        width = 30 if character in ":." else 58
        tile = Image.new("RGB", (width, 104), GROUND)
        ImageDraw.Draw(tile).text((width / 2, 52), character, font=self._big, fill=INK, anchor="mm")
        return tile


def _encode() -> list[str]:
    return [
        ffmpeg_path(), "-hide_banner", "-loglevel", "error",
        "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS), "-i", "-",
        "-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000",
        "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-tune", "zerolatency",
        "-pix_fmt", "yuv420p",
        "-g", str(2 * FPS), "-b:v", "1200k", "-maxrate", "1200k", "-bufsize", "600k",
        "-af", "volume=0.15", "-ac", "2", "-c:a", "aac", "-b:a", "96k",
        "-shortest", "-flush_packets", "1", "-f", "flv", "-",
    ]  # fmt: skip
