"""How what is struck is told, through every door."""

from __future__ import annotations

from django.test import Client as Browser
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.channels.models import Channel

from .conftest import RUDE, Client

HIDDEN = [("", True, None), ("please don't", False, "")]
MODERATED = [(RUDE, True, None), ("please don't", False, "")]
SAID = [(RUDE, False, None), ("please don't", False, RUDE)]


def api(who: User | None = None) -> APIClient:
    client = APIClient()
    if who is not None:
        client.force_authenticate(who)
    return client


def page_of(channel: Channel, who: User | None) -> str:
    """The chat's page as this person's browser gets it."""
    browser = Browser()
    if who is not None:
        browser.force_login(who)
    return browser.get(f"/chat/{channel.slug}").content.decode()


async def history(client: Client) -> list[tuple[str, bool, str | None]]:
    """Content, whether it is struck, and the quotation, of each message of the next history."""
    told = (await client.next("chat:history"))["messages"]
    return [(m["content"], m.get("struck", False), m["parent"] and m["parent"]["content"]) for m in told]


def listed(address: str, who: User | None = None) -> list[tuple[str, bool, str | None]]:
    answer = api(who).get(address)
    assert answer.status_code == 200, answer.json()
    told = answer.json()["data"]
    return [(m["content"], m.get("struck", False), m["parent"] and m["parent"]["content"]) for m in told]
