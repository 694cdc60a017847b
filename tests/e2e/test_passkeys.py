"""A passkey from its first day to its last, on a virtual authenticator of Chromium's own (WebAuthn)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.stack.running import Stack

from .visitor import Visitor

Visit = Callable[..., Visitor]
# What a phone has in it: it keeps passkeys, and knows whose finger it is.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Authenticator:
    """The virtual device of one visitor's page."""

    def __init__(self, visitor: Visitor) -> None:
        self._devtools = visitor.context.new_cdp_session(visitor.page)
        self._devtools.send("WebAuthn.enable")
        added = self._devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self._id = added["authenticatorId"]

    def know_finger(self, is_known: bool) -> None:
        """From now on it takes the finger on it for its owner's, or for somebody else's."""
        self._devtools.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": is_known}
        )


@pytest.fixture
def visitor(stack: Stack, visit: Visit) -> Visitor:
    """Somebody on a phone whose address is confirmed. Browsers know no passkeys for a bare IP address."""
    visitor = visit(url=stack.url.replace("127.0.0.1", "localhost"), width=390, height=844)
    visitor.sign_up()
    confirm_address(stack, visitor.username)
    return visitor


@pytest.fixture
def authenticator(visitor: Visitor) -> Authenticator:
    return Authenticator(visitor)


def confirm_address(stack: Stack, username: str) -> None:
    stack.manage(
        "shell",
        "-c",
        "from allauth.account.models import EmailAddress\n"
        f"assert EmailAddress.objects.filter(user__username={username!r}).update(verified=True)",
    )


def add_passkey(visitor: Visitor, name: str) -> None:
    page = visitor.page
    page.goto("/auth/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    page.fill("[name=name]", name)
    page.get_by_role("button", name="Add it").click()


def sign_out(visitor: Visitor) -> None:
    visitor.page.goto("/auth/logout")
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.page.wait_for_url(lambda url: "/auth/logout" not in url)


def test_a_passkey_is_added_signs_in_confirms_and_is_removed(
    visitor: Visitor, authenticator: Authenticator
) -> None:
    page = visitor.page
    add_passkey(visitor, "My phone")
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert page.locator(".codes li").count() == 10
    page.goto("/auth/2fa/webauthn/")
    assert "My phone" in page.locator(".sessions").inner_text()
    assert "not used yet" in page.locator(".sessions").inner_text()

    sign_out(visitor)
    page.goto("/auth/login?next=/auth/sessions")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Where you are signed in").wait_for()

    page.goto("/auth/2fa/webauthn/reauthenticate/?next=/auth/2fa/webauthn/")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Your passkeys").wait_for()
    assert "last used" in page.locator(".sessions").inner_text()

    page.get_by_role("link", name="Remove My phone").click()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_text("You have none yet.").wait_for()
    sign_out(visitor)
    page.goto("/auth/login")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("is not known here, or was removed").wait_for()
    assert "/auth/login" in page.url


def test_a_finger_that_is_not_known_is_told_and_may_try_again(
    visitor: Visitor, authenticator: Authenticator
) -> None:
    page = visitor.page
    authenticator.know_finger(False)
    add_passkey(visitor, "My phone")
    page.get_by_text("Your device did not confirm it.").wait_for()
    authenticator.know_finger(True)
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
