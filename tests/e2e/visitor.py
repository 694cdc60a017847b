"""One person with one browser, and the things people do on the site, in their words."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Response

from tests.load.clock_source import CLOCK_READER
from tests.stack.people import PASSWORD, unique

T = TypeVar("T")

# Seconds until what must come is given up: far more than it takes, as other tests may keep the machine busy.
PATIENCE = 40

# Refused and unanswered requests are what a lost server looks like from the page; they are logged by the
# browser itself. A test that takes the server away says so.
OUTAGE = re.compile(r"Failed to load resource|WebSocket connection to|net::ERR_")


@dataclass
class Visitor:
    """A browser profile with one page. `complaints` holds what the console said and what broke."""

    context: BrowserContext
    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    expects_outage: bool = False
    username: str = ""

    @classmethod
    def open(
        cls, browser: Browser, url: str, *, width: int = 1280, height: int = 800, **options: Any
    ) -> Visitor:
        """A fresh profile; `options` are those of a Playwright context."""
        context = browser.new_context(
            base_url=url, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(CLOCK_READER)
        visitor = cls(context, context.new_page(), url)
        visitor.page.on("console", visitor._console)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"exception: {error}"))
        visitor.page.on("response", visitor._response)
        return visitor

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or "Failed to load resource" in message.text:
            return  # failed requests are judged by their answers, see `_response`
        if self.expects_outage and OUTAGE.search(message.text):
            return
        self.complaints.append(f"{message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        broken = response.status >= 500 and not self.expects_outage
        missing = response.status == 404 and "/static/" in response.url
        if broken or missing:
            self.complaints.append(f"{response.status} {response.url}")

    # The account and the channel

    def sign_up(self) -> None:
        """A new account through the page, ending wherever the site leads."""
        self.username = f"v_{unique()}"
        self.page.goto("/auth/register")
        self.page.fill("[name=username]", self.username)
        self.page.fill("[name=email]", f"{self.username}@example.org")
        for box in self.page.locator("main input[type=password]").all():
            box.fill(PASSWORD)
        self.page.locator("main form:has([name=email]) button[type=submit]").first.click()
        self.page.wait_for_url(lambda url: "/auth/register" not in url)

    def sign_in(self, username: str) -> None:
        """Sign in as somebody whom `tests.stack.people` made: the form's request, its page undrawn."""
        self.username = username
        self.context.request.get("/auth/login")
        token = next(c["value"] for c in self.context.cookies() if c["name"] == "csrftoken")
        form: dict[str, str | float | bool] = {
            "login": username,
            "password": PASSWORD,
            "csrfmiddlewaretoken": token,
        }
        answer = self.context.request.post("/auth/login", form=form, max_redirects=0)
        assert answer.status == 302, answer.text()

    def fill_in_sign_in(self, username: str) -> None:
        """The same by hand, on the sign-in page that is open."""
        self.username = username
        self.page.fill("[name=login]", username)
        self.page.fill("[name=password]", PASSWORD)
        self.page.locator("main form:has([name=login]) button[type=submit]").first.click()
        self.page.wait_for_url(lambda url: "/auth/login" not in url)

    def onboard(self, display_name: str) -> None:
        """The first step after sign-up: who one is."""
        self.page.wait_for_url("**/onboarding")
        self.page.fill("[name=display_name]", display_name)
        self.page.get_by_role("button", name="Save and go on").click()

    def create_first_channel(self, name: str, slug: str) -> None:
        """The second step: one's own channel; ends on its dashboard."""
        self.page.wait_for_url("**/onboarding/channel")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=slug]", slug)
        self.page.get_by_role("button", name="Create channel").click()
        self.page.wait_for_url(f"**/dashboard/{slug}*")

    def read_encoder_settings(self, slug: str) -> tuple[str, str]:
        """What a person copies into the encoder: server and stream key."""
        self.page.goto(f"/dashboard/{slug}")
        self.page.get_by_role("button", name="Show the key").click()
        key = self.page.locator("#key").input_value()
        return self.page.locator("#rtmp-server").input_value(), key

    def status(self) -> str:
        """What the page says of the broadcast: LIVE, RECONNECTING or OFFLINE."""
        return self.page.locator("[data-status-badge]").first.inner_text()

    def end_stream(self) -> None:
        """End the broadcast from the dashboard."""
        self.page.get_by_role("button", name="End stream").first.click()
        self.page.locator("#end-stream form button[type=submit]").click()

    # The picture

    def watch(self, slug: str) -> None:
        """Open the watch page of a channel."""
        self.page.goto(f"/streams/{slug}")

    def await_player(self, *states: str, seconds: float = PATIENCE) -> str:
        """Wait until the player is in one of `states`; which one."""
        return await_value(self.player_state, lambda state: state in states, seconds)

    def await_picture(self, seconds: float = PATIENCE) -> None:
        """Wait until frames advance on the screen."""
        start = self.frames_shown()
        await_value(self.frames_shown, lambda shown: shown >= start + 10, seconds)

    def player_state(self) -> str:
        return self.page.locator("[data-player]").get_attribute("data-state") or "idle"

    def stream_id(self) -> str:
        return self.page.locator("[data-player]").get_attribute("data-stream-id") or ""

    def frames_shown(self) -> int:
        return self.page.evaluate(
            "document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"
        )

    def read_clock(self) -> None:
        """Begin to read the clock in the picture."""
        self.page.evaluate("window.pictureClock.attachWhenPresent()")

    def clock_delays(self) -> list[float]:
        """Camera to eye, in seconds, of each frame shown since `read_clock`."""
        delays = self.page.evaluate("window.pictureClock.frames.map((frame) => frame.delay)")
        return [delay / 1000 for delay in delays]

    def await_clock(self, frames: int, seconds: float = PATIENCE) -> list[float]:
        """Wait until `frames` more pictures with a clock were shown; their delays."""
        start = len(self.clock_delays())
        return await_value(self.clock_delays, lambda seen: len(seen) >= start + frames, seconds)[start:]

    # The chat

    @property
    def chat_state(self) -> Locator:
        return self.page.locator("[data-chat-state]")

    def await_chat(self, seconds: float = PATIENCE) -> None:
        """Wait until the room's socket is open."""
        await_value(lambda: self.chat_state.get_attribute("data-state"), lambda at: at == "open", seconds)

    def say(self, words: str) -> None:
        field = self.page.locator("[data-chat-form] textarea")
        field.fill(words)
        field.press("Enter")

    def await_line(self, words: str, seconds: float = PATIENCE) -> None:
        """Wait until a numbered line with these words is in the log."""
        await_value(self.lines, lambda lines: words in lines, seconds)

    def lines(self) -> list[str]:
        """The words of all lines that have a number, in the order of the page."""
        return self.page.locator("[data-chat-log] [data-seq] .chat-text").all_inner_texts()

    def numbers(self) -> list[int]:
        """The numbers of all lines, in the order of the page."""
        return self.page.eval_on_selector_all(
            "[data-chat-log] [data-seq]", "(lines) => lines.map((line) => Number(line.dataset.seq))"
        )


def await_value(read: Callable[[], T], good: Callable[[T], bool], seconds: float = PATIENCE) -> T:
    """Read until the value is good; AssertionError with the last one after `seconds`."""
    deadline = time.monotonic() + seconds
    while not good(value := read()):
        assert time.monotonic() < deadline, f"still {value!r} after {seconds} s"
        time.sleep(0.05)
    return value
