"""Photograph every page of a running server: on a desktop and a phone, in both themes.

    python -m tools.shots [--url http://localhost:8000] [--out shots] [--only watch,home]

It signs up people of its own and gives one a channel, so run it against a server made for trying things, such
as `make run`, whose demo channel is live. Beside the pictures it leaves index.html, all of them on one sheet.
"""

from __future__ import annotations

import argparse
import html
import json
import secrets
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tools.pages import MEMBER, OWNER, PAGES, VISITOR
from tools.pages import Page as SitePage

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("dark", "light")
DESIGN = (
    SitePage("design", "/design"),
    *(SitePage(f"letter-{name}", f"/design/letters/{name}") for name in ("confirm_address", "live")),
)
# A picture that plays, or what a script draws, takes its time.
SETTLING_MS, PLAYING_MS = 250, 2500


def first_live(url: str) -> str:
    """The slug of a channel that is live, "" when nobody is."""
    with urllib.request.urlopen(f"{url}/api/streams?status=live&limit=1") as answer:
        found = json.load(answer)["data"]
    return found[0]["channel"]["slug"] if found else ""


def sign_up(browser: Browser, url: str, out: Path) -> tuple[str, str]:
    """Register through the pages: the new person's name, and the file with their session."""
    name = f"shot_{secrets.token_hex(4)}"
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{url}/auth/register")
    page.fill("[name=username]", name)
    page.fill("[name=email]", f"{name}@example.org")
    page.fill("[name=password1]", secrets.token_urlsafe(16))
    page.click("main form [type=submit]")
    page.wait_for_url("**/onboarding")
    state = out / f"{name}.session.json"
    context.storage_state(path=str(state))
    context.close()
    return name, str(state)


def create_channel(browser: Browser, url: str, name: str, state: str) -> str:
    """The slug of the new channel."""
    page = browser.new_page(storage_state=state)
    page.goto(f"{url}/dashboard/new")
    page.fill("[name=name]", name.replace("_", " ").title())
    page.click("main form [type=submit]")
    page.wait_for_url("**/dashboard/**")
    slug = page.url.rsplit("/", 1)[1]
    page.close()
    return slug


def person_id(url: str, name: str) -> str:
    with urllib.request.urlopen(f"{url}/api/users/{name}") as answer:
        return str(json.load(answer)["id"])


def contexts(browser: Browser, state: str | None) -> Iterator[tuple[str, str, BrowserContext]]:
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            options: dict[str, Any] = {"color_scheme": theme, "has_touch": size == "phone"}
            viewport: Any = {"width": width, "height": height}
            context = browser.new_context(viewport=viewport, storage_state=state, **options)
            yield size, theme, context
            context.close()


def tell(said: ConsoleMessage) -> None:
    """Errors that the browser's console shows belong to the picture's report."""
    if said.type == "error" and "status of 40" not in said.text:
        print(f"{said.page.url if said.page else ''}: {said.text} {said.location.get('url', '')}")


def shoot(page: Page, address: str, file: Path) -> None:
    page.goto(address, wait_until="load")
    plays = page.query_selector("[data-player]") is not None
    page.wait_for_timeout(PLAYING_MS if plays else SETTLING_MS)
    page.screenshot(path=file)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        print(f"{file.stem}: {wide} px wider than the window")


def write_sheet(out: Path, pages: list[SitePage]) -> None:
    """All pictures on one page, a row for each page of the site."""
    kinds = [f"{size}-{theme}" for size in SIZES for theme in THEMES]
    rows = []
    for page in pages:
        pictures = "".join(
            f'<a href="{file}"><img src="{file}" alt="" loading="lazy"></a>'
            for file in (f"{page.name}-{kind}.png" for kind in kinds)
        )
        rows.append(f"<h2>{page.name} <small>{html.escape(page.route)}</small></h2><div>{pictures}</div>")
    style = (
        "body{font:14px system-ui;background:#888}div{display:flex;gap:8px}img{height:320px}small{opacity:.7}"
    )
    (out / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>Pages</title><style>{style}</style>{"".join(rows)}'
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--out", type=Path, default=Path("shots"))
    parser.add_argument("--only", default="", help="names of pages, with commas between them")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    only = set(options.only.split(",")) - {""}
    pages = [page for page in (*PAGES, *DESIGN) if not only or page.name in only]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        owner, owner_state = sign_up(browser, options.url, options.out)
        member, member_state = sign_up(browser, options.url, options.out)
        own = create_channel(browser, options.url, owner, owner_state)
        parts = {"slug": first_live(options.url) or own, "offline": own, "own": own, "person": owner}
        parts |= {"subject": person_id(options.url, member), "category": "music", "empty_category": "sports"}
        states = {VISITOR: None, MEMBER: member_state, OWNER: owner_state}
        for who, state in states.items():
            for size, theme, context in contexts(browser, state):
                tab = context.new_page()
                tab.on("console", tell)
                for page in pages:
                    if page.who == who:
                        # An owner looks at the channel that is theirs, not at the one that is live.
                        here = parts | ({"slug": own} if who == OWNER else {})
                        file = options.out / f"{page.name}-{size}-{theme}.png"
                        shoot(tab, options.url + page.address(here), file)
        browser.close()
    for session in options.out.glob("*.session.json"):
        session.unlink()
    write_sheet(options.out, pages)
    print(f"{4 * len(pages)} pictures: open {options.out}/index.html")


if __name__ == "__main__":
    main()
