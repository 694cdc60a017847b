"""The language of `/ws/channels/{slug}` and `/ws/dashboard/{slug}`: every frame, in both directions.

docs/realtime.md is written from this module (`manage.py realtime_docs`); a test holds them together.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from apps.core.errors import Invalid

NONCE_MOST = 64
SEQ_MOST = 2**63 - 1
# A text far beyond the limit is refused by the content's rule, which can say how long it is.
TEXT_MOST = 8 * 1024

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Send:
    """Say something. Answered by `chat:ack` once it is stored, or by `chat:error` with the same `nonce`. What
    begins with `/` is a command: nobody sees it, and `chat:notice` or `chat:error` answers it."""

    type: ClassVar[str] = "chat:send"
    fields: ClassVar[dict[str, str]] = {
        "content": "text, 1 to 500 characters after trimming",
        "nonce": "text, 1 to 64 characters, the client's own mark: the same one again gets the same ack and "
        "no second message",
        "replyTo": "id of a message of this room, optional",
    }

    content: str
    nonce: str
    reply_to: uuid.UUID | None

    @classmethod
    def parse(cls, payload: Payload) -> Send:
        """Raises Invalid that names the field, the rule and the way out."""
        reply_to = payload.get("replyTo")
        return cls(
            content=_text(payload, "content", most=TEXT_MOST),
            nonce=_text(payload, "nonce", most=NONCE_MOST, least=1),
            reply_to=None if reply_to is None else _id(payload, "replyTo"),
        )


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a message: one's own, or any with the power to. Everybody gets `chat:deleted`."""

    type: ClassVar[str] = "chat:delete"
    fields: ClassVar[dict[str, str]] = {"id": "the message's id"}

    id: uuid.UUID

    @classmethod
    def parse(cls, payload: Payload) -> Delete:
        """Raises Invalid like `Send.parse`."""
        return cls(id=_id(payload, "id"))


@dataclass(frozen=True, slots=True)
class History:
    """Ask for what came after a number: the way to fill a hole. Answered by `chat:history`."""

    type: ClassVar[str] = "chat:history"
    fields: ClassVar[dict[str, str]] = {"after": "the last `seq` that the client has, a whole number"}

    after: int

    @classmethod
    def parse(cls, payload: Payload) -> History:
        """Raises Invalid like `Send.parse`."""
        after = payload.get("after")
        if type(after) is not int or not 0 <= after <= SEQ_MOST:
            raise Invalid.field("after", "after must be a whole number from 0. Send the last seq you have.")
        return cls(after=after)


@dataclass(frozen=True, slots=True)
class Typing:
    """Tell the room that one is typing; at most every 2 s is enough, more is ignored."""

    type: ClassVar[str] = "chat:typing"
    fields: ClassVar[dict[str, str]] = {}

    @classmethod
    def parse(cls, payload: Payload) -> Typing:
        return cls()


@dataclass(frozen=True, slots=True)
class Join:
    """Count me as a viewer (again). A socket counts from its opening, unless `?watch=0` is in its address."""

    type: ClassVar[str] = "stream:join"
    fields: ClassVar[dict[str, str]] = {}

    @classmethod
    def parse(cls, payload: Payload) -> Join:
        return cls()


@dataclass(frozen=True, slots=True)
class Leave:
    """I only chat: do not count me as a viewer."""

    type: ClassVar[str] = "stream:leave"
    fields: ClassVar[dict[str, str]] = {}

    @classmethod
    def parse(cls, payload: Payload) -> Leave:
        return cls()


@dataclass(frozen=True, slots=True)
class Ping:
    """Is the line alive? Answered by `pong`."""

    type: ClassVar[str] = "ping"
    fields: ClassVar[dict[str, str]] = {}

    @classmethod
    def parse(cls, payload: Payload) -> Ping:
        return cls()


CLIENT_FRAMES = (Send, Delete, History, Typing, Join, Leave, Ping)


@dataclass(frozen=True, slots=True)
class ServerFrame:
    """One kind of event that the server sends."""

    type: str
    meaning: str
    payload: str


SERVER_FRAMES = (
    ServerFrame(
        "chat:history",
        "First frame after opening, and the answer to `chat:history`: the last 100 messages, or with `after` "
        "what came since, oldest first. `truncated` says that more lies between the last of `messages` and "
        "`lastSeq`: page on with `GET /api/channels/{id}/messages?after=`. An empty one with a `lastSeq` "
        "beyond yours says that you read too slowly and missed frames: ask for them. With `after` and "
        "`since`, `removed` lists the messages removed meanwhile, and `struck` the people who are kept out: "
        "what anybody else said among the 500 messages up to `after` is as it was said. `reload` says, in "
        "place of either, that they are many: read anew.",
        "{messages, lastSeq, truncated, removed?, reload?, struck?}",
    ),
    ServerFrame(
        "chat:settings",
        "What holds in the room, after the history and on each change. `slow` is in seconds (0: off), "
        "`followersOnly` in minutes of having followed (null: off).",
        "{slow, followersOnly, membersOnly, emotesOnly, unique, shield, pinned, pinnedBy}",
    ),
    ServerFrame(
        "chat:you",
        "What you may do here, and what keeps you from writing: after the history and on each change, to who "
        "is signed in. `warning` is to be acknowledged; `unbanRequest` is the state of your plea.",
        "{role, powers, standing: {banned, until, reason, warning: {id, text}, unbanRequest}, blocked}",
    ),
    ServerFrame(
        "chat:message",
        "A message, in the order of `seq`. Whoever sees a number left out asks for `chat:history`. `kind` is "
        "`message`, `announcement` or `raid`; an answer carries the `thread` that its conversation began "
        "with, and its `parent` as `{id, user: {id, username, displayName}, content}`. `struck` is true "
        "while its author is kept out: then moderators alone read its `content`, in histories and over the "
        "API; for everybody else it is empty, and so is a quotation of it.",
        "{id, seq, channelId, streamId, kind, content, badges, replyTo, thread, parent, createdAt, user, "
        "deletedAt?, struck?}",
    ),
    ServerFrame("chat:ack", "Your message is stored.", "{nonce, id, seq}"),
    ServerFrame(
        "chat:error",
        "A frame of yours was not carried out. `code` is stable: see the table of codes.",
        "{nonce?, code, message, fields?, retryAfter?}",
    ),
    ServerFrame(
        "chat:deleted",
        "A message was removed; it stays in the numbering, without its content.",
        "{id, seq, deletedAt}",
    ),
    ServerFrame(
        "chat:cleared",
        "Everything up to a number was removed, or what one person had said up to it (`userId`).",
        "{userId, upTo}",
    ),
    ServerFrame(
        "chat:restored",
        "Removed messages are there again, or those of somebody who is not kept out any more, and what "
        "quotes them. Each takes its place, as it is told now.",
        "{messages}",
    ),
    ServerFrame(
        "chat:ban",
        "Somebody was banned, or timed out `until` a moment: all their lines are struck, also where they are "
        "quoted. Don't show them, but to moderators, until `chat:restored` brings them back.",
        "{userId, kind, until}",
    ),
    ServerFrame(
        "chat:notice",
        "Words for you alone: a command's answer, or what became of your held message.",
        "{nonce, message}",
    ),
    ServerFrame(
        "chat:typing",
        "These people typed within the last seconds; never oneself, only in rooms of up to 200.",
        "{users: [{id, username, displayName}]}",
    ),
    ServerFrame(
        "chat:user-joined",
        "Somebody came. Rooms of up to 200, over all processes, are told of everybody; larger ones of one "
        "who comes or goes in 5 s.",
        "{user}",
    ),
    ServerFrame("chat:user-left", "Somebody left; told like `chat:user-joined`.", "{user}"),
    ServerFrame(
        "viewers:updated", "How many browsers watch; at most every 5 s and only when it changed.", "{count}"
    ),
    ServerFrame("stream:started", "The first picture can be played.", "{stream}"),
    ServerFrame(
        "stream:updated",
        "Title, category, tags, state or encoder changed. A dashboard hears it first of all, with null where "
        "nothing is on.",
        "{stream}",
    ),
    ServerFrame("stream:ended", "The broadcast is over.", "{streamId}"),
    ServerFrame(
        "stream:health-update",
        "Dashboard only: how the encoder is doing, every 2 s until the stream is over: what "
        "`GET /api/streams/{id}/health` tells, and one more `point` of its `history`.",
        "{streamId, connected, onBackup, standby, encoder, bitrateKbps, fps, width, height, videoCodec, "
        "audioCodec, sound, keyframeSeconds, jitterMs, delaySeconds, audience, alerts: [{code, topic, "
        "severity, fault, since, title, cure}], point: {at, bitrateKbps, fps}, …}",
    ),
    ServerFrame(
        "stream:rehearsal",
        "Dashboard only: a private test of the encoder began, has a newer verdict or is over.",
        "{rehearsal: {id, state, beganAt, endedAt, verdict}, health}",
    ),
    ServerFrame(
        "stream:refused", "Dashboard only: an encoder was turned away, and why.", "{code, message, at}"
    ),
    ServerFrame(
        "stream:simulcast",
        "Dashboard only: forwarding to a target is `waiting`, `connecting`, `live`, `retrying` (why, and "
        "when next) or `failed` (why).",
        "{targetId, state, reason, nextAttemptAt}",
    ),
    ServerFrame(
        "raid:start",
        "The channel's viewers are taken to another channel: a page counts down to `dueAt` and lets its "
        "viewer stay. Who opens the room later asks `GET /api/channels/{id}/raid`.",
        "{raid: {id, state, source, target: {id, slug, name, avatarUrl, isMature}, url, viewers, dueAt}}",
    ),
    ServerFrame(
        "raid:cancel",
        "It does not go: cancelled, or the target can't be raided any more (`state`).",
        "{raid}",
    ),
    ServerFrame(
        "raid:go",
        "Whoever has not chosen to stay goes to `url`; `viewers` is how many the server counted. A player on "
        "another site, or a chat by itself, shows a link.",
        "{raid}",
    ),
    ServerFrame("moderation:held", "Moderators only: a message waits for an answer.", "{held}"),
    ServerFrame("moderation:report", "Moderators only: a report waits for an answer.", "{report}"),
    ServerFrame("moderation:unban-request", "Moderators only: a plea waits for an answer.", "{request}"),
    ServerFrame(
        "moderation:answered",
        "Moderators only: somebody answered a `held` message, a `report` or an `unban-request`.",
        "{kind, id, state, by}",
    ),
    ServerFrame("moderation:action", "Moderators only: a new entry of the log.", "{entry}"),
    ServerFrame("pong", "The answer to `ping`.", "{}"),
)

CODES = {
    "BAD_FRAME": "Not a frame of this protocol. The tenth closes the socket with 4400.",
    "UNKNOWN_TYPE": "This socket knows no such type. Counts as a bad frame.",
    "INVALID": "A field breaks its rule; `fields` names it.",
    "CONTENT_EMPTY": "Nothing visible was written.",
    "CONTENT_TOO_LONG": "More than 500 characters.",
    "SIGN_IN_NEEDED": "Reading is open to all, writing needs a ticket or a token.",
    "RATE_LIMITED": "Too many messages; after `retryAfter` seconds one more may be sent.",
    "BUSY": "The room takes no more at the moment; the same nonce may be sent again after `retryAfter`.",
    "STORE_UNAVAILABLE": "It is not known whether the message was stored. Send the same nonce again after "
    "`retryAfter`: it gets its ack, once.",
    "BANNED": "A ban keeps you from writing here; `chat:you` tells of it, and you may ask once to be let in.",
    "TIMED_OUT": "You may write again after `retryAfter`.",
    "WARNED": "A moderator's warning is to be acknowledged first.",
    "FOLLOWERS_ONLY": "The room is for followers; with `retryAfter` you only have to wait.",
    "MEMBERS_ONLY": "The room is for members.",
    "EMAIL_NOT_VERIFIED": "Your sign-up looked like a machine's: confirm your address before you write.",
    "EMOTES_ONLY": "Only emotes and emoji are let through.",
    "NOT_UNIQUE": "It has been said before.",
    "SLOW_MODE": "The room is slow; after `retryAfter` seconds you may write again.",
    "MESSAGE_HELD": "A moderator looks at it first. The same nonce later tells what became of it.",
    "MESSAGE_REFUSED": "An automatic rule, or the moderator whom it asked, does not let it pass.",
    "UNKNOWN_COMMAND": "There is no such command.",
    "BAD_COMMAND": "A command is written in another way; `message` says how.",
    "REPLY_NOT_FOUND": "`replyTo` is no message of this room.",
    "MESSAGE_NOT_FOUND": "There is no such message in this room.",
    "NOT_ALLOWED": "Somebody else's message, and no power to remove it.",
    "NOT_STORED": "This message can never be stored, such as one of a deleted account.",
    "INTERNAL": "Something went wrong on the server. The same nonce may be sent again.",
}


def _text(payload: Payload, name: str, *, most: int, least: int = 0) -> str:
    value = payload.get(name)
    if not isinstance(value, str):
        raise Invalid.field(name, f"{name} must be text. Send it as a string.")
    if len(value) > most:
        raise Invalid.field(name, f"{name} has at most {most} characters ({len(value)} now). Shorten it.")
    if len(value) < least or "\x00" in value:
        raise Invalid.field(name, f"{name} needs {least} to {most} characters, none of them NUL.")
    return value


def _id(payload: Payload, name: str) -> uuid.UUID:
    value = payload.get(name)
    try:
        return uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise Invalid.field(name, f"{name} must be the id of a message, as the server sent it.") from None
