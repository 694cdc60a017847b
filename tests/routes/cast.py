"""Who may knock at a route, and what a row of the matrix says about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Who(StrEnum):
    ANONYMOUS = "anonymous"
    SUSPENDED = "suspended"
    UNVERIFIED = "unverified"
    MEMBER = "member"
    FOLLOWER = "follower"
    BANNED = "banned"
    BLOCKED = "blocked"
    RIVAL = "rival"
    VIP = "vip"
    MODERATOR = "moderator"
    EDITOR = "editor"
    OWNER = "owner"
    STAFF = "staff"
    SUPERUSER = "superuser"


ALL = frozenset(Who)
# Whom the site doesn't know: without an account, or with one that staff has suspended.
STRANGERS = frozenset({Who.ANONYMOUS, Who.SUSPENDED})
MEMBERS = ALL - STRANGERS
# Signed in, and with a role in no channel.
OUTSIDERS = STRANGERS | {Who.UNVERIFIED, Who.MEMBER, Who.STAFF, Who.SUPERUSER}
OWNER = frozenset({Who.OWNER})
MODERATORS = OWNER | {Who.MODERATOR}
CREW = OWNER | {Who.EDITOR}
HOSTS = MODERATORS | CREW
HELPERS = frozenset({Who.VIP, Who.MODERATOR, Who.EDITOR})
STAFF = frozenset({Who.STAFF, Who.SUPERUSER})


def but(*people: Who) -> frozenset[Who]:
    """All who are signed in, except these."""
    return MEMBERS - set(people)


@dataclass(frozen=True)
class Row:
    """What each of the cast gets at a route: the status → those who get it.

    Who is not named is refused: strangers are asked to sign in (401, on a page the way to its door), others
    get 403. `at` names the parts of the address (see `Scene.address`). An address without parts speaks of no
    channel, so it is asked by `OUTSIDERS` alone unless `asked_by` says otherwise.
    """

    outcomes: dict[int, frozenset[Who]]
    body: dict[str, Any] | Callable[[Any], dict[str, Any]] | None = None
    at: dict[str, str] = field(default_factory=dict)
    query: str = ""
    asked_by: frozenset[Who] | None = None

    def askers(self, address: str) -> frozenset[Who]:
        if self.asked_by is not None:
            return self.asked_by
        return ALL if "<" in address or self.query else OUTSIDERS

    def outcome(self, who: Who) -> int:
        for status, people in self.outcomes.items():
            if who in people:
                return status
        return 401 if who in STRANGERS else 403
