"""What moderators look at: held messages, the lines around a reported one, what a rule would have caught."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Min
from django.utils import timezone

from apps.accounts.models import Actor
from apps.accounts.payloads import person_payload
from apps.channels import policies
from apps.channels.models import Channel, Follow
from apps.channels.roles import POWERS, Power
from apps.core.errors import TooMany
from apps.core.ratelimit import Limit
from apps.core.realtime.frames import iso
from apps.moderation import automod
from apps.moderation import services as moderation
from apps.moderation.selectors import rules_of

from .models import HeldMessage, HeldMessageQuerySet, Message, MessageQuerySet
from .payloads import moderated_payload

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


class _Line(NamedTuple):
    """As much of a message as judging takes; a dry run reads thousands."""

    id: uuid.UUID
    seq: int
    content: str
    created_at: datetime
    user_id: uuid.UUID | None
    joined_at: datetime | None


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
    """A message as moderators see it: with its content, also when it was removed or is struck."""
    return moderated_payload(message) | {"content": message.content}


def messages_in_words(message_ids: Collection[str]) -> dict[str, str]:
    """What the log says of these messages, removed or not: who said what."""
    found = Message.objects.with_user().filter(pk__in=message_ids)
    return {
        str(each.pk): f"{each.user.name if each.user else 'Deleted account'}: {each.content}"
        for each in found
    }


def message_subject(
    actor: Actor, message_id: uuid.UUID, channel: Channel | None
) -> moderation.Subject | None:
    """What a report of a message is about, with the ten lines before and after it as they are now."""
    message = Message.objects.with_user().reachable_by(actor).filter(pk=message_id).first()
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
    lines = _said_since(channel, timezone.now() - timedelta(hours=DRY_RUN_HOURS))
    said = _as_said(channel, lines, with_first=checked.kind is automod.Kind.FIRST_MESSAGE)
    verdicts = list(automod.dry_run(checked, said, rules_of(channel)))
    newest = verdicts[: -LISTED_MOST - 1 : -1]
    messages = Message.objects.with_user().in_bulk([message_id for message_id, _ in newest])
    caught = [Caught(messages[message_id], verdict) for message_id, verdict in newest]
    return DryRun(len(lines), len(verdicts), caught)


def _said_since(channel: Channel, since: datetime) -> list[_Line]:
    """What was said since then, oldest first. The numbers are an index, the moments are not."""
    newest = Message.objects.of_room(channel.pk).order_by("-seq")
    rows = newest.values_list("pk", "seq", "content", "created_at", "user", "user__date_joined")
    lines = [_Line(*row) for row in rows[:LOOKED_AT_MOST]]
    return [line for line in reversed(lines) if line.created_at >= since]


def _as_said(channel: Channel, lines: list[_Line], *, with_first: bool) -> Iterator[automod.Said[uuid.UUID]]:
    """The lines with their authors as they were when they spoke; who has the power is not judged."""
    room = Message.objects.of_room(channel.pk)
    speakers = room.filter(seq__gte=lines[0].seq if lines else 0).exclude(user=None).values("user")
    followed = Follow.objects.filter(channel=channel, user__in=speakers)
    follows = dict(followed.values_list("user_id", "created_at"))
    firsts = _first_numbers(room.filter(user__in=speakers)) if with_first else {}
    roles = policies.roles_of({line.user_id for line in lines if line.user_id}, channel)
    for line in lines:
        role = roles.get(line.user_id) if line.user_id else None
        author = automod.Author(
            id=line.user_id,
            account_age_s=_age(line, line.joined_at) if line.joined_at else float("inf"),
            follow_age_s=_follow_age(line, follows),
            is_first_message=firsts.get(line.user_id) == line.seq,
            exempt=role is not None and Power.SPEAK_FREELY in POWERS[role],
        )
        yield automod.Said(line.id, line.content, author, line.created_at.timestamp())


def _first_numbers(messages: MessageQuerySet) -> dict[uuid.UUID | None, int]:
    return dict(messages.order_by().values_list("user_id").annotate(Min("seq")))


def _follow_age(line: _Line, follows: Mapping[uuid.UUID, datetime]) -> float | None:
    since = follows.get(line.user_id) if line.user_id else None
    return _age(line, since) if since is not None and since <= line.created_at else None


def _age(line: _Line, since: datetime) -> float:
    return (line.created_at - since).total_seconds()
