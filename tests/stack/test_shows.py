"""Q07 from outside: an encoder starts with a show's key, and everything is set without a click."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack import encoder, reader
from tests.stack.people import Person, expect, sign_up
from tests.stack.running import Stack
from tests.streams.media.edge import eventually


@pytest.fixture
def owner(stack: Stack) -> Person:
    return sign_up(stack)


def test_an_encoder_with_a_show_s_key_sets_everything(stack: Stack, owner: Person) -> None:
    channel = owner.create_channel()
    here = f"/api/channels/{channel['id']}"
    show = {
        "name": "Jam",
        "titlePattern": "Monday jam #{n}",
        "nextNumber": 7,
        "category": "music",
        "tags": ["jam"],
        "chatModes": {"slow": 30, "emotesOnly": True},
        "announcement": "Wishes in the chat, please.",
    }
    made = expect(201, owner.api.post(f"{here}/shows", json=show))
    url = owner.publish_url(channel, f"shows/{made['id']}/key")
    with encoder.publishing(url):
        stream = reader.await_live(stack, channel, seconds=60)
        assert (stream["title"], stream["category"], stream["tags"]) == ("Monday jam #7", "music", ["jam"])
        modes = eventually(lambda: told if (told := modes_of(owner, here))["slow"] else None, seconds=20)
        assert (modes["slow"], modes["emotesOnly"]) == (30, True)
        assert said(owner, here) == ["Wishes in the chat, please."]
    reader.await_status(stack, channel, "ENDING", seconds=60)
    # The encoder drops and comes back: the same broadcast, the same number, nothing said twice.
    with encoder.publishing(url):
        again = reader.await_live(stack, channel, seconds=60)
        assert (again["id"], again["title"]) == (stream["id"], "Monday jam #7")
        assert said(owner, here) == ["Wishes in the chat, please."]
        assert expect(200, owner.api.get(f"{here}/shows/{made['id']}"))["nextNumber"] == 8
        expect(200, owner.api.post(f"/api/streams/{stream['id']}/end"))
    eventually(lambda: modes_of(owner, here)["slow"] == 0, seconds=20)
    assert modes_of(owner, here)["emotesOnly"] is False


def modes_of(owner: Person, here: str) -> dict[str, Any]:
    return expect(200, owner.api.get(f"{here}/settings"))


def said(owner: Person, here: str) -> list[str]:
    messages = expect(200, owner.api.get(f"{here}/messages"))["data"]
    return [message["content"] for message in messages if message["kind"] == "announcement"]
