"""Who may do what: every verb and command of chat and moderation, for every role.

A verb or a command without a row in `powers` fails. Routes have their matrix in tests/routes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction

from apps.channels.models import Channel
from apps.chat import services as chat
from apps.chat.services.commands import COMMANDS
from apps.core.errors import DomainError
from apps.core.models import AuditEntry
from apps.moderation import services as moderation

from .conftest import Dial, story
from .powers import LINES, NO_VERBS, OTHER_REFUSALS, VERBS, Scene, Who, set_scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]


@pytest.fixture
def scene(channel: Channel) -> Scene:
    return set_scene(channel)


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """What happens in here leaves no trace: each role finds the same scene, and no limit used up."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def exported() -> set[str]:
    """Every verb that the packages of services offer."""
    names = {f"chat.{name}" for name in chat.__all__} | {f"moderation.{name}" for name in moderation.__all__}
    return names | {"review.dry_run", "undo.undo_action", "undo.undo_everything"}


def test_every_verb_and_command_has_its_row() -> None:
    assert exported() == VERBS.keys() | NO_VERBS
    assert COMMANDS.keys() == LINES.keys()


def expected(row: str, who: Who, allowed: frozenset[Who]) -> int:
    """The status that this person gets; 0 when it is done."""
    if who in allowed:
        return 0
    return 401 if who is Who.ANONYMOUS else OTHER_REFUSALS.get(row, 403)


def outcome(deed: Callable[[], Any]) -> int:
    """The status of the refusal, 0 without one; who was refused has done nothing."""
    before = AuditEntry.objects.count()
    try:
        deed()
    except DomainError as refusal:
        assert AuditEntry.objects.count() == before, "refused, and yet something was done"
        return refusal.status
    return 0


def told(statuses: dict[Who, int]) -> dict[int, list[str]]:
    """Who got which status, to be read in a failure."""
    ordered = sorted(statuses.items(), key=lambda item: item[1])
    return {status: [who.value for who, _ in group] for status, group in groupby(ordered, lambda i: i[1])}


Ask = Callable[[Any], int]
"""The status that this actor gets; 0 when it is done."""


def verb(scene: Scene, name: str) -> Ask:
    return lambda actor: outcome(lambda: VERBS[name][1](scene, actor))


def command(scene: Scene, name: str) -> Ask:
    line = f"/{name} {LINES[name][1]}".rstrip()
    return lambda actor: outcome(lambda: chat.run_command(actor=actor, channel=scene.channel, line=line))


@pytest.mark.parametrize(("table", "door"), [(VERBS, verb), (LINES, command)])
def test_all_is_done_for_those_who_may(scene: Scene, table: dict[str, Any], door: Callable[..., Ask]) -> None:
    """One scene for a whole table: it is dear to set, and nobody leaves a trace in it."""
    found, wanted = {}, {}
    for row, (allowed, _) in table.items():
        ask, statuses = door(scene, row), {}
        for who, actor in scene.cast.items():
            with forgotten():
                statuses[who] = ask(actor)
        found[row] = told(statuses)
        wanted[row] = told({who: expected(row, who, allowed) for who in scene.cast})
    assert found == wanted


@pytest.mark.parametrize("who", Who)
def test_a_socket_refuses_the_same_commands(dial: Dial, scene: Scene, who: Who) -> None:
    refused: dict[str, str] = {}

    async def steps() -> None:
        async with dial(who=None if who is Who.ANONYMOUS else scene.cast[who]) as client:
            for command, (_, rest) in LINES.items():
                await client.send("chat:send", content=f"/{command} {rest}".rstrip(), nonce=command)
                answer = await client.either("chat:notice", "chat:error")
                assert answer["payload"]["nonce"] == command
                refused[command] = answer["payload"].get("code", "")

    story(steps)
    codes = {"SIGN_IN_NEEDED"} if who is Who.ANONYMOUS else {"NOT_ALLOWED"}
    denied = {command for command, code in refused.items() if code in codes}
    assert denied == {command for command, (allowed, _) in LINES.items() if who not in allowed}


TURNED_ON_PEOPLE = {
    "time_out": {"seconds": 60}, "ban": {}, "warn": {"reason": "Hm"}, "write_note": {"text": "Hm"},
    "purge_person": {},
}  # fmt: skip
# On whom a moderator may turn a power: neither on who stands as high, nor on staff, nor on themselves.
BELOW = {Who.STRANGER, Who.VIP}


@pytest.mark.parametrize("verb", TURNED_ON_PEOPLE)
def test_a_moderator_s_powers_reach_those_below(scene: Scene, verb: str) -> None:
    act = getattr(chat if verb == "purge_person" else moderation, verb)
    statuses = {}
    for who, person in scene.cast.items():
        if who is Who.ANONYMOUS:
            continue
        here = {"actor": scene.cast[Who.MODERATOR], "channel": scene.channel, "user": person}
        with forgotten():
            statuses[who] = outcome(lambda here=here: act(**here, **TURNED_ON_PEOPLE[verb]))
    assert {who for who, status in statuses.items() if status == 0} == BELOW
    assert statuses[Who.MODERATOR] == 400
    assert {statuses[who] for who in (Who.EDITOR, Who.OWNER, Who.STAFF)} == {403}
