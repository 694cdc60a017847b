"""Draw the icons of the installed app from static/img/logo.svg, with Chromium.

    python -m tools.icons

What it writes is committed, so only whoever changes the logo runs it.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from tools.shots import CHROMIUM, FLAGS

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "static" / "img"
GROUND = "#060a12"  # --ground-0 of the dark theme
# File → size in pixels, share of it that the logo takes, whether the ground is a rounded tile. A maskable
# icon is cut to any shape within its middle 80 % (W3C App Manifest); Apple rounds by itself.
ICONS = {
    "icon-192.png": (192, 0.66, True),
    "icon-512.png": (512, 0.66, True),
    "icon-maskable-512.png": (512, 0.5, False),
    "apple-touch-icon.png": (180, 0.62, False),
}


def page_of(logo: str, size: int, share: float, is_tile: bool) -> str:
    radius = size * 0.22 if is_tile else 0
    return (
        f'<body style="margin:0;background:transparent"><div style="display:grid;place-items:center;'
        f'width:{size}px;height:{size}px;border-radius:{radius}px;background:{GROUND}">'
        f'<div style="width:{size * share}px;height:{size * share}px">{logo}</div></div></body>'
    )


def main() -> None:
    logo = (IMAGES / "logo.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, (size, share, is_tile) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(page_of(logo, size, share, is_tile))
            drawn = page.screenshot(omit_background=True)
            Image.open(io.BytesIO(drawn)).save(IMAGES / name, optimize=True)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
