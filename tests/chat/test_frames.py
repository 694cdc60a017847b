"""What is a frame, what is none, and what happens to who sends those."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings

from apps.accounts.models import User

from .conftest import Dial, story

pytestmark = pytest.mark.django_db(transaction=True)


HOSTILE = [
    "not json",
    " ",
    "[]",
    "null",
    "5",
    '{"payload": {}}',
    '{"type": 5, "payload": {}}',
    '{"type": "chat:send", "payload": []}',
    '{"type": "made:up", "payload": {}}',
    '{"type": "__init__"}',
    "[" * 4000,
    '{"type": "chat:send", "payload": {"content": "\\ud800", "nonce": "n"}}',
    "\x00\x01\x02",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_frame_is_refused_and_the_socket_lives_on(dial: Dial, viewer: User, text: str) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.line.send_to(text_data=text)
            error = await client.next("chat:error")
            assert error["code"] in {"BAD_FRAME", "UNKNOWN_TYPE"}
            await client.send("ping")
            await client.next("pong")

    story(steps)


def test_binary_frames_are_refused(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.line.send_to(bytes_data=b"\x00\xff")
            assert (await client.next("chat:error"))["code"] == "BAD_FRAME"

    story(steps)


def test_who_keeps_sending_nonsense_is_cut(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            for _ in range(10):
                await client.line.send_to(text_data="nonsense")
            assert await client.closed() == 4400

    story(steps)


def test_a_huge_frame_ends_the_connection(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            await client.send("ping", padding="x" * 9000)
            assert await client.closed() == 1009

    story(steps)


def test_a_flood_ends_the_connection(dial: Dial) -> None:
    async def steps() -> None:
        async with dial() as client:
            for _ in range(101):
                await client.send("ping")
            assert await client.closed() == 4429

    story(steps)


def test_every_frame_carries_the_envelope(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("chat:send", content="hi", nonce="n")
            await client.next("chat:message")
            await asyncio.sleep(0)
            for seen in client.frames:
                assert set(seen) == {"type", "payload", "timestamp"}
                assert seen["timestamp"].endswith("Z")

    story(steps)
    assert settings.CHAT_RATE == "5/10", "the limit of the contract"


def test_a_frame_of_unknown_type_is_answered_with_its_nonce(dial: Dial, viewer: User) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            await client.send("made:up", nonce="n1")
            error = await client.next("chat:error")
            assert (error["code"], error["nonce"]) == ("UNKNOWN_TYPE", "n1")

    story(steps)
