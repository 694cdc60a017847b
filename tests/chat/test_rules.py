"""The judgement: what may be said, by whom, now. Pure, but for the names of powers."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest import raises

from apps.channels.roles import Role
from apps.chat.content import is_emotes_only
from apps.chat.rules import Judged, Memory, RoomRules, Saying, judge
from apps.chat.selectors import Speaker
from apps.core.errors import DomainError
from apps.moderation import automod
from apps.moderation.automod import Action, Kind, Rule
from apps.moderation.selectors import Standing

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def speaker(**known: Any) -> Speaker:
    usual: dict[str, Any] = {
        "user_id": uuid.uuid4(), "brief": {}, "card": b"{}", "badges": (), "role": None, "standing": None,
        "created_at": NOW - 1000 * HOUR, "follows_since": None, "has_spoken": True,
        "must_verify": False,
    }  # fmt: skip
    return Speaker(**(usual | known))


def rules(*automatic: Rule, **modes: Any) -> RoomRules:
    return RoomRules(automod=automod.compile(automatic), **modes)


def terms(action: Action, seconds: int = 0) -> Rule:
    settings = automod.checked_settings(Kind.TERMS, {"blocked": ["cabbage"]})
    return Rule(Kind.TERMS, settings, action, seconds)


def said(
    content: str = "hello", who: Speaker | None = None, room: RoomRules | None = None, *,
    memory: Memory | None = None, nonce: str = "n",
) -> Judged:  # fmt: skip
    return judge(who or speaker(), room or rules(), content, memory or Memory(), nonce=nonce, now=NOW)


def refusal(*asked: Any, **more: Any) -> DomainError:
    with raises(DomainError) as refused:
        said(*asked, **more)
    return refused.value


def test_an_ordinary_message_is_accepted_as_it_is_stored() -> None:
    assert said("  hello   there ") == Judged("hello there")


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (Standing(banned=True, reason="spam"), "BANNED"),
        (Standing(until=NOW + HOUR), "TIMED_OUT"),
        (Standing(warning_id=uuid.uuid4(), warning="be kind"), "WARNED"),
        (Standing(banned=True, warning_id=uuid.uuid4()), "BANNED"),
    ],
)
def test_what_stands_on_a_person_keeps_them_from_writing_whatever_their_role(
    standing: Standing, code: str
) -> None:
    assert refusal("hello", speaker(standing=standing)).code == code
    assert refusal(" ", speaker(standing=standing, role=Role.VIP)).code == code, "it comes first"


def test_a_time_out_tells_how_long_and_ends_by_itself() -> None:
    assert refusal("hello", speaker(standing=Standing(until=NOW + HOUR))).retry_after == 3600
    assert said("hello", speaker(standing=Standing(until=NOW - HOUR))) == Judged("hello")


def test_followers_mode_asks_how_long_somebody_has_followed() -> None:
    room = rules(followers_only_minutes=90)
    stranger = refusal("hello", speaker(), room)
    assert (stranger.code, stranger.retry_after) == ("FOLLOWERS_ONLY", None)
    fresh = refusal("hello", speaker(follows_since=NOW - HOUR), room)
    assert (fresh.code, fresh.retry_after) == ("FOLLOWERS_ONLY", 1800)
    assert said("hello", speaker(follows_since=NOW - 2 * HOUR), room)
    assert said("hello", speaker(follows_since=NOW), rules(followers_only_minutes=0))


def test_members_and_emotes_modes() -> None:
    assert refusal("hello", room=rules(members_only=True)).code == "MEMBERS_ONLY"
    assert refusal("hello", room=rules(emotes_only=True)).code == "EMOTES_ONLY"
    assert said("🎉 👍🏽", room=rules(emotes_only=True))


def test_in_unique_mode_nothing_is_said_twice() -> None:
    memory = Memory()
    memory.hear("First  Blood")
    assert refusal("first blood", room=rules(unique=True), memory=memory).code == "NOT_UNIQUE"
    assert said("first blood", room=rules(), memory=memory)
    assert said("second blood", room=rules(unique=True), memory=memory)


def test_a_message_that_is_sent_again_is_no_repeat_of_itself() -> None:
    memory, author = Memory(), speaker()
    room = rules(automod.DEFAULTS[Kind.SIMILARITY], unique=True)
    for _ in range(5):
        assert said("the very same words", author, room, memory=memory)
        memory.hear("the very same words")
    assert refusal("the very same words", author, room, memory=memory, nonce="other").code == "NOT_UNIQUE"


def test_what_others_judged_counts_once_and_what_was_judged_here_counts_too() -> None:
    memory, author = Memory(), speaker()
    similar = automod.DEFAULTS[Kind.SIMILARITY]
    room = rules(replace(similar, settings=similar.settings | {"times": 4}))
    here, there = uuid.uuid4(), uuid.uuid4()
    assert said("the very same words", author, room, memory=memory)
    memory.expect(here)
    now = time.monotonic()
    told = [
        Saying(seq, id, author.user_id, "The very same words", now, is_free)
        for seq, id, is_free in [(1, here, False), (2, there, False), (3, uuid.uuid4(), True)]
    ]
    for _ in range(3):
        memory.listen(told, room)
    assert said("the very same words", author, room, memory=memory, nonce="third")
    refused = refusal("the very same words", author, room, memory=memory, nonce="fourth")
    assert refused.code == "MESSAGE_REFUSED"


def test_other_words_do_not_pass_under_a_nonce_that_passed_before() -> None:
    """As when a limit of time turned the first, harmless words away after they were judged."""
    memory, author, room = Memory(), speaker(), rules(terms(Action.REFUSE))
    assert said("hello", author, room, memory=memory)
    assert refusal("buy a cabbage", author, room, memory=memory).code == "MESSAGE_REFUSED"


@pytest.mark.parametrize("action", [Action.HOLD, Action.TIME_OUT])
def test_a_rule_that_needs_a_deed_gives_its_verdict_with_the_text(action: Action) -> None:
    judged = said("buy a CABBAGE", room=rules(terms(action, seconds=60)))
    assert judged.content == "buy a CABBAGE"
    assert judged.verdict is not None
    assert (judged.verdict.action, judged.verdict.span) == (action, (6, 13))


def test_a_rule_that_refuses_does_so() -> None:
    assert refusal("buy a cabbage", room=rules(terms(Action.REFUSE))).code == "MESSAGE_REFUSED"


@pytest.mark.parametrize("role", list(Role))
def test_who_speaks_freely_is_stopped_by_no_mode_and_no_rule(role: Role) -> None:
    strict = rules(
        terms(Action.REFUSE), followers_only_minutes=9, members_only=True, emotes_only=True, unique=True
    )
    memory = Memory()
    memory.hear("buy a cabbage")
    assert said("buy a cabbage", speaker(role=role), strict, memory=memory) == Judged("buy a cabbage")


@pytest.mark.parametrize("text", ["😀", "❤️ 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🇩🇪1️⃣", "👍🏽👍🏿"])
def test_these_are_emotes_alone(text: str) -> None:
    assert is_emotes_only(text)


@pytest.mark.parametrize("text", ["1", "*", "hi 😀", "😀!", "é"])
def test_these_are_not(text: str) -> None:
    assert not is_emotes_only(text)
