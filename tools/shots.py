"""Photograph every page of a running server, on a desktop and a phone, in both themes.

    python tools/shots.py [--url http://localhost:8000] [--out var/shots] [--only watch,home]

It signs up a person of its own (and gives them a channel), so run it against a server made for trying things.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
SIZES = {"desktop": (1440, 900), "phone": (390, 844), "small": (320, 640)}
THEMES = ("dark", "light")


def first_live(page: Page, url: str) -> str:
    """The address of the first stream on home, "" when nobody is live."""
    page.goto(url)
    card = page.query_selector(".stream-card h3 a")
    return (card.get_attribute("href") or "") if card else ""


def sign_up(page: Page, url: str) -> str:
    """Register through the pages; the slug of the new channel."""
    name = f"shot_{secrets.token_hex(4)}"
    page.goto(f"{url}/auth/register")
    page.fill("[name=username]", name)
    page.fill("[name=email]", f"{name}@example.org")
    page.fill("[name=password1]", secrets.token_urlsafe(16))
    page.click("main form [type=submit]")
    page.wait_for_url("**/onboarding")
    return name


def create_channel(page: Page, url: str, name: str) -> str:
    page.goto(f"{url}/dashboard/new")
    page.fill("[name=name]", name.replace("_", " ").title())
    page.click("main form [type=submit]")
    page.wait_for_url("**/dashboard/**")
    return page.url.rsplit("/", 1)[1]


def visitor_pages(live: str) -> dict[str, str]:
    pages = {
        "home": "/",
        "browse": "/discover",
        "categories": "/categories",
        "category": "/category/education",
        "login": "/auth/login",
        "register": "/auth/register",
        "reset": "/auth/password/reset",
        "not-found": "/nothing-here",
    }
    if live:
        slug = live.rsplit("/", 1)[1]
        pages |= {
            "watch": live,
            "channel": f"/c/{slug}",
            "about": f"/c/{slug}/about",
            "embed": f"/embed/{slug}",
        }
    return pages


def member_pages(slug: str, live: str) -> dict[str, str]:
    pages = {
        "home-member": "/",
        "following": "/following",
        "mine": "/dashboard",
        "new": "/dashboard/new",
        "manager": f"/dashboard/{slug}",
        "channel-settings": f"/dashboard/{slug}/settings",
        "team": f"/dashboard/{slug}/team",
        "moderation": f"/dashboard/{slug}/moderation",
        "moderation-people": f"/dashboard/{slug}/moderation/people",
        "moderation-log": f"/dashboard/{slug}/moderation/log",
        "moderation-rules": f"/dashboard/{slug}/moderation/rules?open=terms",
        "watch-offline": f"/streams/{slug}",
        "channel-offline": f"/c/{slug}",
        "settings": "/settings",
        "email": "/auth/email",
        "password": "/auth/password",
        "two-factor": "/auth/2fa/",
        "sessions": "/auth/sessions",
        "logout": "/auth/logout",
    }
    return pages | ({"watch-member": live} if live else {})


def sizes_and_themes(browser: Browser, state: str | None) -> Iterator[tuple[str, BrowserContext]]:
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            if size == "small" and theme == "light":
                continue
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=theme,  # type: ignore[arg-type]
                has_touch=size != "desktop",
                storage_state=state,
            )
            yield f"{size}-{theme}", context
            context.close()


def tell(label: str, said: ConsoleMessage) -> None:
    """Errors that the browser's console shows belong to the picture's report."""
    if said.type == "error":
        print(f"{label} {said.location.get('url', '')}: {said.text}")


def shoot(context: BrowserContext, url: str, pages: dict[str, str], label: str, out: Path) -> None:
    page = context.new_page()
    page.on("console", lambda said: tell(label, said))
    for name, path in pages.items():
        page.goto(f"{url}{path}", wait_until="load")
        page.wait_for_timeout(2500 if path.startswith(("/streams/", "/embed/")) or path == "/" else 250)
        page.screenshot(path=out / f"{name}-{label}.png")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            print(f"{name}-{label}: {wide} px wider than the window")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://localhost:8000")
    parser.add_argument("--out", type=Path, default=Path("var/shots"))
    parser.add_argument("--only", default="", help="names of pages, with commas between them")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    only = set(options.only.split(",")) - {""}

    def wanted(pages: dict[str, str]) -> dict[str, str]:
        return {name: path for name, path in pages.items() if not only or name in only}

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        live = first_live(page, options.url)
        name = sign_up(page, options.url)
        slug = create_channel(page, options.url, name)
        state = str(options.out / "session.json")
        page.context.storage_state(path=state)
        for label, context in sizes_and_themes(browser, None):
            shoot(context, options.url, wanted(visitor_pages(live)), label, options.out)
        for label, context in sizes_and_themes(browser, state):
            shoot(context, options.url, wanted(member_pages(slug, live)), label, options.out)
        browser.close()
    print(f"pictures are in {options.out}")


if __name__ == "__main__":
    main()
