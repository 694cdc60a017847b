"""Confirming who acts, without losing what was typed."""

from __future__ import annotations

from collections.abc import Callable

from tests.chat.processes import running_python
from tests.stack.people import PASSWORD, sign_up
from tests.stack.running import Stack

from .visitor import Visitor

AGE = """
import sys
from datetime import timedelta
from allauth.usersessions.models import UserSession
from django.utils import timezone
UserSession.objects.filter(user__username=sys.argv[1]).update(created_at=timezone.now() - timedelta(hours=1))
print("true")
"""


def test_a_key_is_shown_after_the_password_and_the_page_stays(
    stack: Stack, visit: Callable[..., Visitor]
) -> None:
    owner = sign_up(stack)
    channel = owner.create_channel()
    visitor = visit(width=390, height=844)
    visitor.sign_in(owner.username)
    running_python(stack, AGE, owner.username)
    page = visitor.page
    page.goto(f"/dashboard/{channel['slug']}")
    title = page.locator("#broadcast [name=title]")
    title.fill("Half a title")
    page.get_by_role("button", name="Show the key", exact=True).click()
    question = page.get_by_role("dialog", name="Confirm that it is you")
    question.get_by_label("Password").fill("not the password")
    question.get_by_role("button", name="Confirm").click()
    question.locator("[aria-invalid=true], .notice").first.wait_for()
    question.get_by_label("Password").fill(PASSWORD)
    question.get_by_role("button", name="Confirm").click()
    page.locator("#stream-key input#key").wait_for()
    assert not question.is_visible()
    assert title.input_value() == "Half a title" and not visitor.complaints
