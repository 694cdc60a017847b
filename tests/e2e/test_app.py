"""The site as an app: it can be installed, and without network it says so."""

from __future__ import annotations

from collections.abc import Callable

from .visitor import Visitor

READY = "navigator.serviceWorker.ready.then((worker) => worker.active.state)"
KEPT = """async () => {
    const names = await caches.keys();
    const requests = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return requests.flat().map((request) => new URL(request.url).pathname);
}"""


def test_it_can_be_installed_and_has_a_page_for_no_network(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    page = visitor.page
    page.goto("/")
    assert page.evaluate(READY) in ("activating", "activated")
    browser = visitor.context.new_cdp_session(page)
    found = browser.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # Every profile of a test is a private window, where Chromium installs nothing.
    assert {error["errorId"] for error in found} <= {"in-incognito"}
    assert browser.send("Page.getAppManifest")["errors"] == []
    page.goto("/auth/login")
    kept = page.evaluate(KEPT)
    assert "/offline" in kept
    assert all(path.startswith("/static/") for path in kept if path != "/offline"), kept

    visitor.expects_outage = True
    visitor.context.set_offline(True)
    page.goto("/auth/login")
    assert page.locator("h1").inner_text() == "You are offline"
    drawn = page.locator(".trouble").evaluate("(element) => getComputedStyle(element).display")
    assert drawn == "grid", "the page has lost its style sheets"
    visitor.context.set_offline(False)
    page.get_by_role("link", name="Try again").click()
    page.get_by_role("heading", name="Sign in").wait_for()
