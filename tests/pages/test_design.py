"""The living page of the design system, and the letters that it shows."""

from __future__ import annotations

from django.test import Client

from aethex.design import letters
from tests import factories

from .conftest import browser_of


def test_every_component_and_every_letter_is_shown(db: None) -> None:
    staff = browser_of(factories.person("rita", is_staff=True))
    shown = {template.name for template in staff.get("/design").templates}
    for name in ("tooltip", "skeleton_card", "stream_card", "copy_field", "empty", "pages", "avatar"):
        assert f"components/{name}.html" in shown
    assert {"accounts/_card.html", "components/upload.html"} <= shown
    assert "confirm_address" in letters()
    for name in letters():
        page = staff.get(f"/design/letters/{name}")
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert staff.get(f"/design/letters/{name}?as=text").headers["Content-Type"].startswith("text/plain")
    assert staff.get("/design/letters/no-such").status_code == 404


def test_a_letter_that_is_looked_at_can_do_nothing(db: None) -> None:
    staff = browser_of(factories.person("rita", is_staff=True))
    policy = staff.get("/design/letters/code").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy, policy


def test_a_demo_shows_it_to_everybody(visitor: Client, settings) -> None:
    assert visitor.get("/design").status_code == 302
    settings.DEMO = True
    assert visitor.get("/design").status_code == 200
