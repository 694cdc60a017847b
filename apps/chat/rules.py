"""What may be said in a room, by whom, now: judged from memory, without a query. Pure.

The order is part of the rule: what keeps the person out, what they wrote, the room's modes, the automatic
rules. Limits of time (slow mode, the rate) are taken by the caller when everything else accepts.
"""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from apps.accounts.policies import must_verify
from apps.channels.roles import Power
from apps.core.errors import Conflict, NotAllowed
from apps.moderation.automod import Action, Author, Automod, Recent, Verdict

from .content import clean_content, is_emotes_only

if TYPE_CHECKING:
    from .selectors import Speaker

SAID_MOST = 1_000
PASSED_MOST = 2_000


@dataclass(frozen=True, slots=True)
class RoomRules:
    """The modes of a room and its automatic rules, made ready."""

    automod: Automod
    slow_seconds: int = 0
    followers_only_minutes: int | None = None
    members_only: bool = False
    emotes_only: bool = False
    unique: bool = False


class Saying(NamedTuple):
    """What was said in a room. `at` is by `time.monotonic`; `is_free`: no rule stood in its way."""

    seq: int
    id: uuid.UUID
    author: uuid.UUID | None
    content: str
    at: float
    is_free: bool


@dataclass(slots=True)
class Memory:
    """What one process remembers of a room, to know what has been said before, here or elsewhere. Bounded."""

    recent: Recent = field(default_factory=Recent)
    # What was said, or will be: by which message then.
    _said: OrderedDict[Hashable, uuid.UUID | None] = field(default_factory=OrderedDict)
    # A message that is sent again is no repeat of itself.
    _passed: OrderedDict[Hashable, None] = field(default_factory=OrderedDict)
    # What was judged here is known when it comes from the room.
    _judged: OrderedDict[Hashable, None] = field(default_factory=OrderedDict)
    # By which message each author took their turn in slow mode; None: it was not said after all.
    _turns: OrderedDict[Hashable, str | None] = field(default_factory=OrderedDict)
    _heard_to: int = 0

    def listen(self, sayings: Iterable[Saying], rules: RoomRules) -> None:
        """This was said in the room, by whichever door; heard twice is heard once."""
        for said in sayings:
            if rules.unique:
                self.hear(said.content)
            if rules.automod.remembers and said.seq > self._heard_to:
                self._heard_to = said.seq
                if not said.is_free and said.id not in self._judged:
                    self.recent.hear(said.author, said.content, said.at)

    def hear(self, content: str) -> None:
        """Something was said in the room."""
        _remember(self._said, _sameness(content), SAID_MOST)

    def foresee(self, content: str, message_id: uuid.UUID) -> None:
        """This will be said as this message, unless it is taken back."""
        if not self.has_heard(content):
            _remember(self._said, _sameness(content), SAID_MOST, message_id)

    def take_back(self, content: str, message_id: uuid.UUID) -> None:
        """This message was not said after all. What was said without it stays so."""
        if self._said.get(_sameness(content)) == message_id:
            del self._said[_sameness(content)]

    def has_heard(self, content: str) -> bool:
        return _sameness(content) in self._said

    def let_pass(self, author: uuid.UUID, nonce: str, content: str) -> None:
        _remember(self._passed, (author, nonce, content), PASSED_MOST)

    def has_passed(self, author: uuid.UUID, nonce: str, content: str) -> bool:
        # The content, too: the nonce is the author's choice, and no other words go under a known one.
        return (author, nonce, content) in self._passed

    def take_turn(self, author: uuid.UUID, nonce: str) -> None:
        """The author's turn in slow mode is this message's."""
        _remember(self._turns, author, PASSED_MOST, nonce)

    def give_turn_back(self, author: uuid.UUID, nonce: str) -> None:
        """This message was not said after all: if the turn was its, another may have it."""
        if self._turns.get(author) == nonce:
            self._turns[author] = None

    def has_turn(self, author: uuid.UUID, nonce: str) -> bool:
        """Whether the turn that the author took last is this message's, or nobody's."""
        return author in self._turns and self._turns[author] in (None, nonce)

    def expect(self, message_id: uuid.UUID) -> None:
        """What was just judged will be said as this message."""
        _remember(self._judged, message_id, PASSED_MOST)


@dataclass(frozen=True, slots=True)
class Judged:
    """A message that is not refused. With a `verdict` it is not accepted either: the rule holds it back or
    times its author out."""

    content: str
    verdict: Verdict | None = None


def judge(
    speaker: Speaker, rules: RoomRules, content: str, memory: Memory, *, nonce: str, now: datetime
) -> Judged:
    """Judge one message; raises the refusal when there is one.

    NotAllowed BANNED, TIMED_OUT, WARNED, FOLLOWERS_ONLY, MEMBERS_ONLY, EMOTES_ONLY or MESSAGE_REFUSED,
    Invalid for what is no text, Conflict NOT_UNIQUE.
    """
    check_standing(speaker, now)
    text = clean_content(content)
    if Power.SPEAK_FREELY in speaker.powers:
        return Judged(text)
    is_repeat = memory.has_passed(speaker.user_id, nonce, text)
    _check_modes(speaker, rules, text, now)
    if is_repeat:
        return Judged(text)
    if rules.unique and memory.has_heard(text):
        raise Conflict("This has been said before. Say something new.", code="NOT_UNIQUE")
    verdict = rules.automod.judge(text, _author(speaker, now), memory.recent, time.monotonic())
    if verdict is None:
        memory.let_pass(speaker.user_id, nonce, text)
    elif verdict.action is Action.REFUSE:
        raise refused_by_rule()
    return Judged(text, verdict)


def check_standing(speaker: Speaker, now: datetime) -> None:
    """Raise when a ban, a time-out, an unread warning or an address to be confirmed keeps this person from
    writing."""
    if speaker.must_verify:
        raise must_verify()
    standing = speaker.standing
    if standing is None:
        return
    why = f" Reason: {standing.reason}" if standing.reason else ""
    if standing.banned:
        raise NotAllowed(f"You are banned from this chat.{why}", code="BANNED")
    if standing.until is not None and standing.until > now:
        raise timed_out((standing.until - now).total_seconds(), why)
    if standing.warning_id is not None:
        raise NotAllowed("A moderator has warned you. Read the warning before you write.", code="WARNED")


def timed_out(wait: float, why: str = "") -> NotAllowed:
    """The refusal of somebody who is timed out for `wait` more seconds."""
    return NotAllowed(
        f"You are timed out and can write again in {_spoken(wait)}.{why}", code="TIMED_OUT", retry_after=wait
    )


def refused_by_rule() -> NotAllowed:
    """The refusal of what an automatic rule, or the moderator whom it asked, does not let pass."""
    return NotAllowed(
        "This message is against the rules of this chat. Say it in other words.", code="MESSAGE_REFUSED"
    )


def _check_modes(speaker: Speaker, rules: RoomRules, text: str, now: datetime) -> None:
    if rules.members_only and not speaker.is_member:
        raise NotAllowed("Only members of this channel can write at the moment.", code="MEMBERS_ONLY")
    if rules.followers_only_minutes is not None and speaker.role is None:
        _check_followed(speaker, rules.followers_only_minutes * 60, now)
    if rules.emotes_only and not is_emotes_only(text):
        raise NotAllowed("Only emotes and emoji can be sent at the moment.", code="EMOTES_ONLY")


def _check_followed(speaker: Speaker, least: float, now: datetime) -> None:
    if speaker.follows_since is None:
        raise NotAllowed("Only people who follow this channel can write. Follow it.", code="FOLLOWERS_ONLY")
    wait = least - (now - speaker.follows_since).total_seconds()
    if wait > 0:
        raise NotAllowed(
            f"Only people who have followed for {_spoken(least)} can write. You can in {_spoken(wait)}.",
            code="FOLLOWERS_ONLY",
            retry_after=wait,
        )


def _author(speaker: Speaker, now: datetime) -> Author:
    followed = speaker.follows_since
    return Author(
        id=speaker.user_id,
        account_age_s=(now - speaker.created_at).total_seconds(),
        follow_age_s=None if followed is None else (now - followed).total_seconds(),
        is_first_message=not speaker.has_spoken,
    )


def _remember(memory: OrderedDict[Hashable, Any], key: Hashable, most: int, value: Any = None) -> None:
    memory[key] = value
    if len(memory) > most:
        memory.popitem(last=False)


def _sameness(content: str) -> str:
    return "".join(content.split()).casefold()


def _spoken(seconds: float) -> str:
    whole = max(1, round(seconds + 0.5))
    if whole < 120:
        return f"{whole} s"
    if whole < 2 * 3600:
        return f"{whole // 60} minutes"
    if whole < 2 * 86_400:
        return f"{whole // 3600} hours"
    return f"{whole // 86_400} days"
