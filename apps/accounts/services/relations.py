"""What people are to each other: they follow and they block."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import F

from apps.accounts.facts import BlockChanged
from apps.accounts.models import Actor, Block, PersonFollow, User
from apps.accounts.policies import acting
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound
from apps.core.events import publish

MOST_BLOCKS = 1000
MOST_FOLLOWED = 10_000


def follow_person(*, actor: Actor, person: User) -> PersonFollow:
    """`actor` follows `person`; following twice is one follow.

    Raises Invalid (OWN_ACCOUNT), NotFound for a closed account, NotAllowed (BLOCKED) where one of the two
    blocks the other, Conflict (TOO_MANY_FOLLOWED).
    """
    user = acting(actor)
    if person.pk == user.pk:
        raise Invalid("You can't follow yourself.", code="OWN_ACCOUNT")
    with transaction.atomic():
        # Held before the blocks are looked for: `block_person` waits for a follow that saw none.
        held = _hold(user.pk, person.pk)
        if not held[person.pk].is_active:
            raise NotFound("There is no such person.", code="PERSON_NOT_FOUND")
        if Block.objects.stands(by=person.pk, on=user.pk):
            raise NotAllowed("You can't follow this person: they have blocked you.", code="BLOCKED")
        if Block.objects.stands(by=user.pk, on=person.pk):
            raise NotAllowed("You block this person. Unblock them to follow.", code="BLOCKED")
        follow = PersonFollow.objects.filter(follower=user, followed=person).first()
        if follow is None:
            if held[user.pk].following_count >= MOST_FOLLOWED:
                raise Conflict(
                    f"You follow {MOST_FOLLOWED} people, which is the most. Unfollow somebody first.",
                    code="TOO_MANY_FOLLOWED",
                )
            follow = PersonFollow.objects.create(follower=user, followed=person)
            _count(user.pk, person.pk, 1)
    return follow


def unfollow_person(*, actor: Actor, person: User) -> None:
    """Stop following; not following is fine, too."""
    user = acting(actor)
    with transaction.atomic():
        _hold(user.pk, person.pk)
        _end_follow(user.pk, person.pk)


def end_follows_of(person: User) -> None:
    """Whoever goes for good follows nobody and has no followers; the others' counts are right at once."""
    for follow in PersonFollow.objects.touching(person).iterator(chunk_size=500):
        with transaction.atomic():
            _hold(follow.follower_id, follow.followed_id)
            _end_follow(follow.follower_id, follow.followed_id)


def block_person(*, actor: Actor, person: User) -> Block:
    """`actor` wants nothing to do with `person` any more: neither follows the other from now on. Blocking
    twice is one block.

    Raises Invalid (OWN_ACCOUNT), Conflict (TOO_MANY_BLOCKS).
    """
    user = acting(actor)
    if person.pk == user.pk:
        raise Invalid("You can't block yourself.", code="OWN_ACCOUNT")
    with transaction.atomic():
        # The person's own row: two tabs count one list.
        _hold(user.pk, person.pk)
        block = Block.objects.filter(user=user, blocked=person).first()
        if block is None:
            if Block.objects.filter(user=user).count() >= MOST_BLOCKS:
                raise Conflict(
                    f"You block {MOST_BLOCKS} people, which is the most. Unblock somebody first.",
                    code="TOO_MANY_BLOCKS",
                )
            block = Block.objects.create(user=user, blocked=person)
            _end_follow(user.pk, person.pk)
            _end_follow(person.pk, user.pk)
            publish(BlockChanged(user.pk, person.pk))
    return block


def unblock_person(*, actor: Actor, person: User) -> None:
    """Let `person` near again; where there was no block, nothing changes."""
    user = acting(actor)
    with transaction.atomic():
        removed, _ = Block.objects.filter(user=user, blocked=person).delete()
        if removed:
            publish(BlockChanged(user.pk, person.pk))


def _hold(*ids: uuid.UUID) -> dict[uuid.UUID, User]:
    """The rows of these people as they are now, held until the transaction ends."""
    # In one order: two who follow each other at once must not wait for each other.
    held = User.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    people = {user.pk: user for user in held}
    if len(people) < len(set(ids)):
        raise NotFound("There is no such person.", code="PERSON_NOT_FOUND")
    return people


def _end_follow(follower_id: uuid.UUID, followed_id: uuid.UUID) -> None:
    removed, _ = PersonFollow.objects.filter(follower_id=follower_id, followed_id=followed_id).delete()
    if removed:
        _count(follower_id, followed_id, -1)


def _count(follower_id: uuid.UUID, followed_id: uuid.UUID, by: int) -> None:
    User.objects.filter(pk=follower_id).update(following_count=F("following_count") + by)
    User.objects.filter(pk=followed_id).update(follower_count=F("follower_count") + by)
