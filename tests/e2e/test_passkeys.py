"""Coming in by a passkey, with Chromium's own virtual authenticator (WebAuthn)."""

from __future__ import annotations

from collections.abc import Callable

from tests.chat.processes import running_python
from tests.stack.people import PASSWORD
from tests.stack.running import Stack

from .visitor import Visitor

VERIFY = """
import sys
from allauth.account.models import EmailAddress
EmailAddress.objects.filter(user__username=sys.argv[1]).update(verified=True)
print("true")
"""
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def test_a_passkey_is_added_signs_in_and_confirms_who_acts(
    stack: Stack, visit: Callable[..., Visitor]
) -> None:
    visitor = visit(width=390, height=844)
    page = visitor.page
    devtools = visitor.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    visitor.sign_up()
    running_python(stack, VERIFY, visitor.username)

    page.goto("/auth/2fa/")
    page.get_by_role("link", name="Add a passkey").click()
    page.fill("[name=name]", "My phone")
    page.get_by_role("button", name="Add it").click()
    page.get_by_role("heading", name="Your recovery codes").wait_for()
    assert page.locator(".codes li").count() == 10
    page.goto("/auth/2fa/webauthn/")
    assert "My phone" in page.locator(".sessions").inner_text()

    page.goto("/auth/logout")
    page.get_by_role("button", name="Sign out").click()
    page.goto("/auth/login?next=/auth/sessions")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Where you are signed in").wait_for()

    page.goto("/auth/2fa/webauthn/reauthenticate/?next=/auth/sessions")
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("heading", name="Where you are signed in").wait_for()
    assert PASSWORD not in page.content() and not visitor.complaints
