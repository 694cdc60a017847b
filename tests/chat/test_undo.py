"""Random deeds over chat and sanctions, undone in reverse: the state is the one before."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.chat import services
from apps.chat.models import ChatRoom, HeldMessage, Message
from apps.chat.services.inverses import INVERSES
from apps.chat.services.modes import modes_of
from apps.core.errors import DomainError
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation import undo
from apps.moderation.models import AutomodRule
from apps.moderation.selectors import rules_of, standing_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unlimited")]

People = tuple[User, User]


def state(channel: Channel, people: People) -> tuple[Any, ...]:
    """Everything that people and moderators see of a room and its rules."""
    room = ChatRoom.objects.get(channel=channel)
    readable = Message.objects.of_room(channel.pk).standing().values_list("seq", "content", "kind", "user")
    return (
        modes_of(room),
        room.shield_before,
        (room.pinned_id, room.pinned_by_id, room.pinned_at),
        list(readable.order_by("seq")),
        list(HeldMessage.objects.order_by("pk").values_list("pk", "state", "answered_by", "answered_at")),
        sorted(map(str, AutomodRule.objects.values_list("kind", "label", "action", "is_on", "settings"))),
        rules_of(channel),
        standing_of([person.pk for person in people], channel),
    )


@contextlib.contextmanager
def forgotten() -> Iterator[None]:
    """What happens in here leaves no trace: each example starts alike."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


DEEDS: dict[str, Callable[..., Any]] = {
    "slow": lambda a, **o: services.edit_modes(**a, slow=(0, 5, 30)[o["choice"]]),
    "followers": lambda a, **o: services.edit_modes(**a, followers_only=(None, 0, 60)[o["choice"]]),
    "flags": lambda a, **o: services.edit_modes(**a, unique=o["choice"] > 0, emotes_only=o["choice"] > 1),
    "raise": lambda a, **o: services.raise_shield(**a),
    "lower": lambda a, **o: services.lower_shield(**a),
    "pin": lambda a, **o: services.pin_message(**a, message_id=o["message"].pk),
    "unpin": lambda a, **o: services.unpin_message(**a),
    "announce": lambda a, **o: services.announce(**a, content="Soon", nonce=o["mark"]),
    "delete": lambda a, **o: services.delete_message(actor=a["actor"], message_id=o["message"].pk),
    "restore": lambda a, **o: services.restore_message(actor=a["actor"], message_id=o["message"].pk),
    "purge": lambda a, **o: services.purge_person(**a, user=o["person"]),
    "clear": lambda a, **o: services.clear_room(**a),
    "approve": lambda a, **o: services.approve_held(actor=a["actor"], held_id=o["held"].pk),
    "reject": lambda a, **o: services.reject_held(actor=a["actor"], held_id=o["held"].pk),
    "time_out": lambda a, **o: moderation.time_out(**a, user=o["person"], seconds=600 + o["choice"]),
    "ban": lambda a, **o: moderation.ban(**a, user=o["person"], reason=("", "Spam", "Rude")[o["choice"]]),
    "lift": lambda a, **o: moderation.lift_sanction(**a, user=o["person"]),
    "warn": lambda a, **o: moderation.warn(**a, user=o["person"], reason="Hm"),
    "rule": lambda a, **o: moderation.edit_rule(
        **a, kind=("links", "profanity", "caps")[o["choice"]], is_on=o["whom"] > 0
    ),
}
STEPS = st.lists(st.tuples(st.sampled_from(sorted(DEEDS)), st.integers(0, 1), st.integers(0, 2)), max_size=10)


@pytest.fixture
def people(channel: Channel, viewer: User, stranger: User) -> People:
    """Two people who have said things and have a message each that is held."""
    for person in (viewer, stranger):
        for word in ("amber", "basil", "copper"):
            services.send_message(
                actor=person, channel=channel, content=f"{word} {person.username}", nonce=word
            )
        HeldMessage.objects.create(
            room_id=channel.pk,
            user=person,
            content="x",
            nonce="held",
            rule="terms",
            matched_from=0,
            matched_to=1,
        )
    return viewer, stranger


def perform(actor: User, channel: Channel, people: People, steps: list[tuple[str, int, int]]) -> None:
    """These deeds, as one after another; what is refused is no deed."""
    for mark, (deed, whom, choice) in enumerate(steps):
        person = people[whom]
        about = {
            "whom": whom,
            "choice": choice,
            "person": person,
            "mark": f"{actor.username}-{mark}",
            "message": Message.objects.filter(user=person).order_by("seq")[choice],
            "held": HeldMessage.objects.get(user=person),
        }
        with contextlib.suppress(DomainError):
            DEEDS[deed]({"actor": actor, "channel": channel}, **about)


@hypothesis.given(before=STEPS, deeds=STEPS, in_bulk=st.booleans())
def test_random_deeds_and_their_undo_in_reverse_give_the_starting_state(
    channel: Channel,
    streamer: User,
    moderator: User,
    people: People,
    before: list[tuple[str, int, int]],
    deeds: list[tuple[str, int, int]],
    in_bulk: bool,
) -> None:
    with forgotten():
        perform(streamer, channel, people, before)
        start, since = state(channel, people), timezone.now()
        perform(moderator, channel, people, deeds)
        if in_bulk:
            undone = undo.undo_everything(actor=streamer, channel=channel, by_user=moderator, since=since)
            assert undone.refused == []
        else:
            for entry in AuditEntry.objects.filter(actor_id=moderator.pk, created_at__gte=since):
                undo.undo_action(actor=streamer, channel=channel, entry_id=entry.pk)
        assert state(channel, people) == start


@hypothesis.given(deeds=STEPS, order=st.randoms(use_true_random=False))
def test_undone_in_any_order_each_is_undone_or_refused_clearly(
    channel: Channel,
    streamer: User,
    moderator: User,
    people: People,
    deeds: list[tuple[str, int, int]],
    order: Any,
) -> None:
    with forgotten():
        perform(moderator, channel, people, deeds)
        entries = list(AuditEntry.objects.filter(actor_id=moderator.pk))
        order.shuffle(entries)
        for entry in entries:
            before = state(channel, people)
            try:
                undo.undo_action(actor=streamer, channel=channel, entry_id=entry.pk)
            except DomainError as refusal:
                assert refusal.code == "NO_LONGER_APPLIES"
                assert state(channel, people) == before


def test_every_deed_in_a_room_can_be_undone(channel: Channel, moderator: User, people: People) -> None:
    perform(moderator, channel, people, [("reject", 1, 1), *((deed, 0, 1) for deed in DEEDS)])
    actions = set(AuditEntry.objects.filter(actor_id=moderator.pk).values_list("action", flat=True))
    assert actions <= undo.INVERSES.keys()
    assert actions >= INVERSES.keys(), "and each inverse has its deed here"
