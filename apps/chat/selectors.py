"""Reading a room: pages of messages by their numbers, what holds there, and who speaks."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from django.db.models import Case, Exists, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts.models import Block, User
from apps.channels import policies
from apps.channels.models import Channel, ChannelRole, Follow
from apps.channels.roles import POWERS, Power, Role
from apps.core import presence
from apps.core.realtime.frames import iso
from apps.moderation import automod
from apps.moderation.models import Sanction
from apps.moderation.selectors import Standing, rules_of, standing_of

from .models import ChatRoom, Message, Rulebook
from .payloads import BRIEF, author_payload, line_payload, settings_payload
from .rules import RoomRules, Saying

# What a speaker's card and badges are made of.
SPOKEN_OF = (
    "username",
    "display_name",
    "avatar",
    "color",
    "is_verified",
    "is_staff",
    "date_joined",
    "must_verify",
)
# Whose messages no automatic rule judged.
FREE_BADGES = frozenset(role.value for role, powers in POWERS.items() if Power.SPEAK_FREELY in powers)


@dataclass(frozen=True, slots=True)
class Line:
    """One stored message on its way to sockets: its number, its id, who said it and its payload as JSON,
    which tells its content also when it is struck (`strikes`)."""

    seq: int
    id: uuid.UUID
    author: uuid.UUID | None
    payload: bytes

    @classmethod
    def of(cls, message: Message) -> Line:
        return cls(message.seq, message.pk, message.user_id, orjson.dumps(line_payload(message)))

    @classmethod
    def unpack(cls, packed: Sequence[Any]) -> Line:
        """From what another process `pack`ed."""
        seq, id, author, payload = packed
        return cls(seq, uuid.UUID(bytes=id), author and uuid.UUID(bytes=author), payload)

    def pack(self) -> tuple[int, bytes, bytes | None, bytes]:
        return self.seq, self.id.bytes, self.author.bytes if self.author else None, self.payload


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who writes here: what their messages carry (`card` is the encoded author), and what judges them."""

    user_id: uuid.UUID
    brief: dict[str, Any]
    card: bytes
    badges: tuple[str, ...]
    role: Role | None
    standing: Standing | None
    created_at: datetime
    follows_since: datetime | None
    has_spoken: bool
    must_verify: bool
    blocked: tuple[str, ...] = ()

    @property
    def powers(self) -> frozenset[Power]:
        return POWERS[self.role] if self.role else frozenset()

    @property
    def is_member(self) -> bool:
        # Who helps here belongs here.
        return self.role is not None


@dataclass(frozen=True, slots=True)
class RoomState:
    """What holds in a room, at one version of its rulebook. `settings` is the encoded `chat:settings`."""

    version: int
    rules: RoomRules
    settings: bytes


def open_room(channel: Channel, limit: int) -> tuple[int, list[Line], RoomState]:
    """The room's last number, its newest messages, oldest first, and what holds there; the room is made
    when it is new."""
    room, _ = ChatRoom.objects.get_or_create(channel=channel)
    # The number was read first: messages that came since are newer and are left to the next question.
    lines = _lines(newest(channel.pk, limit=limit, before=room.last_seq + 1))
    return room.last_seq, lines, room_state(channel)


def room_state(channel: Channel) -> RoomState:
    """What holds in the room now."""
    # The version first: what changes from here on has a later one.
    version = version_of(channel.pk)
    room = room_of(channel.pk)
    rules = RoomRules(
        automod=automod.compile(rules_of(channel)),
        slow_seconds=room.slow_seconds,
        followers_only_minutes=room.followers_only_minutes,
        members_only=room.members_only,
        emotes_only=room.emotes_only,
        unique=room.unique,
    )
    return RoomState(version, rules, orjson.dumps(settings_payload(room, pinned_in(room))))


def room_of(channel_id: uuid.UUID) -> ChatRoom:
    """The channel's room; a new one that is stored nowhere yet."""
    rooms = ChatRoom.objects.select_related("pinned_by")
    return rooms.filter(pk=channel_id).first() or ChatRoom(channel_id=channel_id)


def pinned_in(room: ChatRoom) -> Message | None:
    """What the room's pin shows: nothing while it is removed, or its author kept out."""
    if room.pinned_id is None:
        return None
    pinned = Message.objects.standing().with_user().filter(pk=room.pinned_id).first()
    return pinned if pinned and not pinned.is_struck else None


def struck_among(channel_id: uuid.UUID, people: Collection[uuid.UUID]) -> dict[uuid.UUID, datetime | None]:
    """Those of these people who are kept out of the channel now, and until when."""
    standing = Sanction.objects.standing(timezone.now()).filter(channel=channel_id, user__in=people)
    return dict(standing.values_list("user", "expires_at"))


def struck_lately(
    channel_id: uuid.UUID, up_to: int, reach: int, people: Collection[uuid.UUID] = ()
) -> dict[uuid.UUID, datetime | None]:
    """Those who are kept out of the channel now, and until when: of `people`, and of the authors of the last
    `reach` messages up to a number, of what these answer, and of what is pinned."""
    said = Message.objects.of_room(channel_id).filter(seq__gt=up_to - reach)
    heard = set(people).union(*said.values_list("user", "reply_to__user"))
    heard.update(ChatRoom.objects.filter(pk=channel_id).values_list("pinned__user", flat=True))
    return struck_among(channel_id, {user_id for user_id in heard if user_id is not None})


def version_of(channel_id: uuid.UUID) -> int:
    """The version of the room's rulebook."""
    return Rulebook.objects.filter(pk=channel_id).values_list("version", flat=True).first() or 0


def versions(channel_ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    """The version of each channel's rulebook, without those that are suspended or gone."""
    rows = Channel.objects.standing().filter(pk__in=channel_ids).values_list("pk", "rulebook__version")
    return {channel_id: version or 0 for channel_id, version in rows}


def heads(room_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    """The last number of each room and the version of its rulebook, without those whose channel is suspended
    or gone."""
    standing = ChatRoom.objects.filter(pk__in=room_ids, channel__suspended_at=None)
    rows = standing.values_list("pk", "last_seq", "channel__rulebook__version")
    return {room_id: (last_seq, version or 0) for room_id, last_seq, version in rows}


def removed_since(room_id: uuid.UUID, *, up_to: int, since: datetime, limit: int) -> list[uuid.UUID]:
    """Messages up to number `up_to` that were removed after `since`, at most `limit` of them."""
    gone = Message.objects.of_room(room_id).filter(deleted_at__gt=since, seq__lte=up_to)
    return list(gone.order_by("deleted_at").values_list("pk", flat=True)[:limit])


def removals_among(room_id: uuid.UUID, lines: list[Line]) -> tuple[dict[uuid.UUID, str], list[Line]]:
    """Where lines are not as the database has them: which were removed, and when; which are there again."""
    first = min((line.seq for line in lines), default=0)
    found = Message.objects.of_room(room_id).filter(seq__gte=first, deleted_at__isnull=False)
    removed = {pk: iso(at) for pk, at in found.values_list("pk", "deleted_at") if at}
    blank = {line.id for line in lines if b'"deletedAt":' in line.payload}
    gone = {pk: at for pk, at in removed.items() if pk not in blank}
    back = list(blank - removed.keys())
    return gone, lines_of(back) if back else []


def lines_of(message_ids: list[uuid.UUID]) -> list[Line]:
    """These messages in the order of their numbers, ready to send."""
    return _lines(list(Message.objects.with_user().filter(pk__in=message_ids).order_by("seq")))


def lines_after(room_id: uuid.UUID, seq: int, limit: int) -> list[Line]:
    """The first `limit` messages after number `seq`, ready to send."""
    return _lines(after(room_id, seq=seq, limit=limit))


def after(room_id: uuid.UUID, *, seq: int, limit: int) -> list[Message]:
    """The first `limit` messages after number `seq`, oldest first."""
    found = Message.objects.of_room(room_id).with_user().filter(seq__gt=seq)
    return list(found.order_by("seq")[:limit])


def newest(room_id: uuid.UUID, *, limit: int, before: int | None = None) -> list[Message]:
    """The last `limit` messages before number `before` (without it: of all), oldest first."""
    found = Message.objects.of_room(room_id).with_user()
    if before is not None:
        found = found.filter(seq__lt=before)
    return list(reversed(found.order_by("-seq")[:limit]))


def said_last(room_id: uuid.UUID, limit: int) -> list[Saying]:
    """What was said last, oldest first; also what was removed since."""
    newest_first = Message.objects.of_room(room_id).order_by("-seq")
    rows = newest_first.values_list("seq", "pk", "user", "content", "created_at", "badges")[:limit]
    return [_saying(*row) for row in reversed(rows)]


def said_in(line: Line) -> Saying:
    """What a line says."""
    told = orjson.loads(line.payload)
    said_at = datetime.fromisoformat(told["createdAt"])
    return _saying(line.seq, line.id, line.author, told["content"], said_at, told["badges"])


def _saying(
    seq: int,
    id: uuid.UUID,
    author: uuid.UUID | None,
    content: str,
    said_at: datetime,
    badges: Collection[str],
) -> Saying:
    age = max(0.0, (timezone.now() - said_at).total_seconds())
    return Saying(seq, id, author, content, time.monotonic() - age, not FREE_BADGES.isdisjoint(badges))


def seq_of(room_id: uuid.UUID, message_id: uuid.UUID) -> int | None:
    """The number of a message of this room."""
    return Message.objects.of_room(room_id).filter(pk=message_id).values_list("seq", flat=True).first()


def find_nonce(room_id: uuid.UUID, user_id: uuid.UUID, nonce: str) -> Message | None:
    """The message that this person stored with this nonce."""
    return Message.objects.of_room(room_id).with_user().filter(user_id=user_id, nonce=nonce).first()


def find_nonces(asked: list[tuple[uuid.UUID, uuid.UUID, str]]) -> list[Message | None]:
    """`find_nonce` of many, with one query for all of a person in a room."""
    nonces = defaultdict(list)
    for room_id, user_id, nonce in asked:
        nonces[room_id, user_id].append(nonce)
    found = {
        (room_id, user_id, message.nonce): message
        for (room_id, user_id), some in nonces.items()
        for message in Message.objects.of_room(room_id)
        .filter(user_id=user_id, nonce__in=some)
        .only("seq", "nonce")
    }
    return [found.get(each) for each in asked]


def speakers(user_ids: list[uuid.UUID], channel: Channel) -> list[Speaker | None]:
    """What is known of each of these people in this channel; None for an account that is gone.

    It is asked at every handshake: one query, and one more each for those who are under a sanction and for
    those who block somebody.
    """
    users = _people_seen_from(channel.pk).in_bulk(user_ids)
    sanctioned = [user_id for user_id, user in users.items() if user.is_sanctioned]
    standings = standing_of(sanctioned, channel) if sanctioned else {}
    blocked = _blocked_by([user_id for user_id, user in users.items() if user.is_blocking])
    return [
        _speaker(user, channel, standings.get(user_id), blocked.get(user_id, []))
        if (user := users.get(user_id))
        else None
        for user_id in user_ids
    ]


@lru_cache(maxsize=256)
def _people_seen_from(channel_id: uuid.UUID) -> QuerySet[Any]:
    """Everybody who may come, with what a channel knows of them. Kept, never read itself: to put the question
    together takes longer than to answer it for a person."""
    this = OuterRef("pk")
    followed = Follow.objects.filter(channel=channel_id, user=this).values("created_at")
    held = ChannelRole.objects.filter(channel=channel_id, user=this).values("role")
    sanctioned = Sanction.objects.filter(channel=channel_id, user=this, lifted_at=None)
    return (
        User.objects.filter(is_active=True)
        .annotate(
            has_spoken=Exists(Message.objects.of_room(channel_id).filter(user=this)),
            follows_since=Subquery(followed[:1]),
            held_role=Subquery(held[:1]),
            is_sanctioned=Exists(sanctioned),
            is_blocking=Exists(Block.objects.filter(user=this)),
        )
        .only(*SPOKEN_OF)
    )


def _blocked_by(user_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[str]]:
    """Whom each of these people blocks."""
    blocked: dict[uuid.UUID, list[str]] = {}
    if user_ids:
        blocks = Block.objects.filter(user__in=user_ids)
        for user_id, blocked_id in blocks.values_list("user_id", "blocked_id"):
            blocked.setdefault(user_id, []).append(str(blocked_id))
    return blocked


def chatters(channel: Channel, role: str | None = None) -> QuerySet[User]:
    """Who is in the room now, over all processes, those with a role first, then by name; `role` is a Role's
    value, "" for people without one, None for all. Each has their `held_role`."""
    held = ChannelRole.objects.filter(channel=channel, user=OuterRef("pk")).values("role")
    here = User.objects.filter(pk__in=presence.people(channel.pk), is_active=True).annotate(
        held_role=Case(
            When(pk=channel.owner_id, then=Value(Role.OWNER.value)),
            default=Coalesce(Subquery(held[:1]), Value("")),
        )
    )
    if role is not None:
        here = here.filter(held_role=role)
    places = [When(held_role=value, then=Value(place)) for place, value in enumerate(Role.values)]
    return here.order_by(Case(*places, default=Value(len(places))), "username")


def _speaker(user: Any, channel: Channel, standing: Standing | None, blocked: list[str]) -> Speaker:
    role = policies.role_given(user.pk, channel, user.held_role)
    author = author_payload(user)
    return Speaker(
        user_id=user.pk,
        brief={key: author[key] for key in BRIEF},
        card=orjson.dumps(author),
        badges=_badges(user, role),
        role=role,
        standing=standing,
        created_at=user.date_joined,
        follows_since=user.follows_since,
        has_spoken=user.has_spoken,
        must_verify=user.must_verify,
        blocked=tuple(blocked),
    )


def _badges(user: User, role: Role | None) -> tuple[str, ...]:
    held = [role.value] if role else []
    if user.is_staff:
        held.append("staff")
    if user.is_verified:
        held.append("verified")
    return tuple(held)


def _lines(messages: list[Message]) -> list[Line]:
    return [Line.of(message) for message in messages]
