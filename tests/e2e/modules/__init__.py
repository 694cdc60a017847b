"""The pure parts of the browser's code, one rule a test, run where they will run."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page


def run(page: Page, module: str, body: str) -> Any:
    """What `body` returns with the exports of `/js/{module}` in its scope as `m`."""
    return page.evaluate(f"async () => {{ const m = await import('/js/{module}'); {body} }}")
