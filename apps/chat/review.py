"""What moderators look at: held messages, the lines around a reported one, what a rule would have caught."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min
from django.utils import timezone

from apps.accounts.models import Actor
from apps.accounts.payloads import person_payload
from apps.channels import policies
from apps.channels.models import Channel, Follow
from apps.channels.roles import POWERS, Power
from apps.core.errors import TooMany
from apps.core.ratelimit import Limit
from apps.moderation import automod
from apps.moderation import services as moderation
from apps.moderation.selectors import rules_of

from .models import HeldMessage, HeldMessageQuerySet, Message, MessageQuerySet
from .payloads import iso, message_payload

# So many lines before and after a message tell what it was about.
AROUND = 10
DRY_RUN_HOURS = 24
# A dry run looks at so many messages and lists so many of those that it would have caught.
LOOKED_AT_MOST, LISTED_MOST = 10_000, 200
DRY_RUNS = Limit("dry-runs", "10/60")


@dataclass(frozen=True, slots=True)
class Caught:
    """A message that the rule would have caught, and where it matched."""

    message: Message
    verdict: automod.Verdict


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a rule would have done: `caught` lists the newest of `count` out of `looked_at` messages."""

    looked_at: int
    count: int
    caught: list[Caught]


def held_in(channel_ids: Collection[uuid.UUID]) -> HeldMessageQuerySet:
    """The held messages of these channels, oldest first, with the people that pages and the API name."""
    rows = HeldMessage.objects.filter(room_id__in=channel_ids).select_related("user", "answered_by")
    return rows.order_by("id")


def held_payload(held: HeldMessage) -> dict[str, Any]:
    """A held message as moderators see it: in the API, on pages and live."""
    return {
        "id": str(held.pk),
        "channelId": str(held.room_id),
        "user": person_payload(held.user),
        "content": held.content,
        "rule": held.rule,
        "match": [held.matched_from, held.matched_to],
        "replyTo": str(held.reply_to_id) if held.reply_to_id else None,
        "createdAt": iso(held.created_at),
        "state": held.state,
        "answeredBy": person_payload(held.answered_by) if held.answered_by else None,
        "answeredAt": iso(held.answered_at) if held.answered_at else None,
    }


def whole_payload(message: Message) -> dict[str, Any]:
    """A message as moderators see it: with its content, also when it was removed."""
    return message_payload(message) | {"content": message.content}


def message_subject(
    actor: Actor, message_id: uuid.UUID, channel: Channel | None
) -> moderation.Subject | None:
    """What a report of a message is about, with the ten lines before and after it as they are now."""
    found = Message.objects.with_user().filter(pk=message_id)
    message = found.filter(room__channel__in=Channel.objects.reachable_by(actor)).first()
    if message is None or (channel is not None and channel.pk != message.room_id):
        return None
    room = Message.objects.of_room(message.room_id).with_user()
    before = room.filter(seq__lt=message.seq).order_by("-seq")[:AROUND]
    after = room.filter(seq__gt=message.seq).order_by("seq")[:AROUND]
    lines = [*reversed(before), message, *after]
    context = [whole_payload(line) | {"isSubject": line == message} for line in lines]
    return moderation.Subject(Channel.objects.get(pk=message.room_id), message.user, context)


def dry_run(*, actor: Actor, channel: Channel, rule: Mapping[str, Any]) -> DryRun:
    """Try a rule, as `moderation.edit_rule` takes it, on what was said here in the last 24 hours.

    It is stored nowhere. Removed messages count: they were said. Raises Invalid by field, or TooMany.
    """
    policies.require(actor, Power.EDIT_AUTOMOD, channel)
    checked = moderation.checked_rule(**rule)
    if wait := DRY_RUNS.take(channel.pk.hex):
        raise TooMany(
            "Rules were tried often just now. Wait a moment.", code="RATE_LIMITED", retry_after=wait
        )
    messages = _said_since(channel, timezone.now() - timedelta(hours=DRY_RUN_HOURS))
    said = _as_said(channel, messages, with_first=checked.kind is automod.Kind.FIRST_MESSAGE)
    verdicts = list(automod.dry_run(checked, said, rules_of(channel)))
    newest = dict(verdicts[-LISTED_MOST:])
    caught = [Caught(each, newest[each.pk]) for each in messages if each.pk in newest]
    return DryRun(len(messages), len(verdicts), caught[::-1])


def _said_since(channel: Channel, since: datetime) -> list[Message]:
    """What was said since then, oldest first. The numbers are an index, the moments are not."""
    newest = Message.objects.of_room(channel.pk).with_user().order_by("-seq")[:LOOKED_AT_MOST]
    return [message for message in reversed(newest) if message.created_at >= since]


def _as_said(
    channel: Channel, messages: list[Message], *, with_first: bool
) -> Iterator[automod.Said[uuid.UUID]]:
    """The messages with their authors as they were when they spoke; who has the power is not judged."""
    room = Message.objects.of_room(channel.pk)
    since = messages[0].seq if messages else 0
    speakers = room.filter(seq__gte=since).exclude(user=None).values("user")
    follows = dict(
        Follow.objects.filter(channel=channel, user__in=speakers).values_list("user_id", "created_at")
    )
    firsts = _first_numbers(room.filter(user__in=speakers)) if with_first else {}
    roles = policies.roles_of({m.user_id for m in messages if m.user_id}, channel)
    for message in messages:
        role = roles.get(message.user_id) if message.user_id else None
        yield automod.Said(
            id=message.pk,
            text=message.content,
            author=automod.Author(
                id=message.user_id,
                account_age_s=_age(message, message.user.date_joined) if message.user else float("inf"),
                follow_age_s=_follow_age(message, follows),
                is_first_message=firsts.get(message.user_id) == message.seq,
                exempt=role is not None and Power.SPEAK_FREELY in POWERS[role],
            ),
            at=message.created_at.timestamp(),
        )


def _first_numbers(messages: MessageQuerySet) -> dict[uuid.UUID | None, int]:
    return dict(messages.order_by().values_list("user_id").annotate(Min("seq")))


def _follow_age(message: Message, follows: Mapping[uuid.UUID, datetime]) -> float | None:
    since = follows.get(message.user_id) if message.user_id else None
    return _age(message, since) if since is not None and since <= message.created_at else None


def _age(message: Message, since: datetime) -> float:
    return (message.created_at - since).total_seconds()
