"""A turn of slow mode belongs to what is said: who was not heard for other reasons still has theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.services import messages
from apps.chat.store import Draft
from apps.core.errors import DomainError
from apps.moderation import services as moderation

from .conftest import Client, Dial, accepted, refused, story

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def slow(channel: Channel, streamer: User) -> None:
    services.edit_modes(actor=streamer, channel=channel, slow=30)


async def answer_to(client: Client, nonce: str, content: str = "hello") -> str:
    """What became of it: "" or the code of the refusal."""
    await client.send("chat:send", content=content, nonce=nonce)
    told = await client.either("chat:ack", "chat:error")
    return told["payload"].get("code", "")


def limits_fail_once(
    monkeypatch: pytest.MonkeyPatch, failure: Callable[[], list[DomainError | None]]
) -> None:
    """What comes of the first question for a batch's limits."""
    take_turns, asked = messages.take_turns, 0

    async def failing_once(drafts: Sequence[Draft]) -> list[DomainError | None]:
        nonlocal asked
        asked += 1
        return failure() if asked == 1 else await take_turns(drafts)

    monkeypatch.setattr(messages, "take_turns", failing_once)


def test_a_line_that_found_the_room_busy_goes_when_sent_again_and_takes_one_turn(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps() -> None:
        async with dial(who=viewer) as client:
            with monkeypatch.context() as busy:
                busy.setattr("apps.chat.writer.WAITING_MOST", 0)
                assert [await answer_to(client, "n") for _ in range(2)] == ["BUSY", "BUSY"]
            assert await answer_to(client, "n") == ""
            assert await answer_to(client, "next") == "SLOW_MODE"

    story(steps)


def test_a_line_that_a_fault_kept_out_goes_when_sent_again(
    dial: Dial, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault() -> list[DomainError | None]:
        raise ValueError("a fault of ours")

    limits_fail_once(monkeypatch, fault)

    async def steps() -> None:
        async with dial(who=viewer) as client:
            assert await answer_to(client, "n") == "STORE_UNAVAILABLE"
            assert await answer_to(client, "n") == ""
            assert await answer_to(client, "next") == "SLOW_MODE"

    story(steps)


def test_who_wrote_too_fast_elsewhere_may_say_it_here_in_other_words(
    dial: Dial, lenient: None, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits_fail_once(monkeypatch, lambda: [messages.rate_limited(0.1)])

    async def steps() -> None:
        async with dial(who=viewer) as client:
            assert (await refused(client, "hello"))["code"] == "RATE_LIMITED"
            await accepted(client, "hello again")
            assert (await refused(client, "and again"))["code"] == "SLOW_MODE"

    story(steps)


def test_a_held_line_that_is_sent_again_is_still_held(
    dial: Dial, channel: Channel, streamer: User, viewer: User
) -> None:
    rule = {"kind": "terms", "action": "hold", "settings": {"blocked": ["cabbage"]}}
    moderation.replace_rules(actor=streamer, channel=channel, rules=[rule])

    async def steps() -> None:
        async with dial(who=viewer) as client:
            for _ in range(2):
                assert await answer_to(client, "n", "buy a cabbage") == "MESSAGE_HELD"
            assert await answer_to(client, "next") == "SLOW_MODE"

    story(steps)
