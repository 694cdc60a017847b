"""What a dock may do, by name: a moderator's deeds to one message or one person, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from apps.accounts.models import User
from apps.chat import services
from apps.chat.models import Dock, Message
from apps.chat.review import whole_payload
from apps.core.errors import Invalid, NotFound
from apps.moderation import services as moderation

Fields = Mapping[str, Any]


def carry_out(dock: Dock, deed: str, fields: Fields) -> dict[str, Any]:
    """Do one deed as the dock's person, in the dock's channel alone; raises what its verb raises."""
    act = DEEDS.get(deed)
    if act is None:
        raise NotFound("A dock can't do this.", code="UNKNOWN_DEED")
    return act(dock, fields) or {}


def _read(dock: Dock, fields: Fields) -> dict[str, Any]:
    return whole_payload(_message(dock, fields))


def _remove(dock: Dock, fields: Fields) -> None:
    services.delete_message(actor=dock.user, message_id=_message(dock, fields).pk, room_id=dock.channel_id)


def _restore(dock: Dock, fields: Fields) -> None:
    services.restore_message(actor=dock.user, message_id=_message(dock, fields).pk)


def _pin(dock: Dock, fields: Fields) -> None:
    services.pin_message(actor=dock.user, channel=dock.channel, message_id=_message(dock, fields).pk)


def _unpin(dock: Dock, fields: Fields) -> None:
    services.unpin_message(actor=dock.user, channel=dock.channel)


def _purge(dock: Dock, fields: Fields) -> None:
    services.purge_person(actor=dock.user, channel=dock.channel, user=_person(fields))


def _time_out(dock: Dock, fields: Fields) -> None:
    seconds = fields.get("seconds")
    if type(seconds) is not int:
        raise Invalid.field("seconds", "seconds must be a whole number.")
    moderation.time_out(
        actor=dock.user, channel=dock.channel, user=_person(fields), seconds=seconds, reason=_reason(fields)
    )


def _ban(dock: Dock, fields: Fields) -> None:
    moderation.ban(actor=dock.user, channel=dock.channel, user=_person(fields), reason=_reason(fields))


def _lift(dock: Dock, fields: Fields) -> None:
    moderation.lift_sanction(actor=dock.user, channel=dock.channel, user=_person(fields))


def _warn(dock: Dock, fields: Fields) -> None:
    moderation.warn(actor=dock.user, channel=dock.channel, user=_person(fields), reason=_reason(fields))


DEEDS: dict[str, Callable[[Dock, Fields], dict[str, Any] | None]] = {
    "read": _read,
    "remove": _remove,
    "restore": _restore,
    "pin": _pin,
    "unpin": _unpin,
    "purge": _purge,
    "timeOut": _time_out,
    "ban": _ban,
    "lift": _lift,
    "warn": _warn,
}


def _message(dock: Dock, fields: Fields) -> Message:
    found = Message.objects.of_room(dock.channel_id).with_user().filter(pk=_id(fields, "messageId")).first()
    if found is None:
        raise NotFound("There is no such message.", code="MESSAGE_NOT_FOUND")
    return found


def _person(fields: Fields) -> User:
    found = User.objects.filter(pk=_id(fields, "userId")).first()
    if found is None:
        raise NotFound("There is no such person.", code="USER_NOT_FOUND")
    return found


def _reason(fields: Fields) -> str:
    reason = fields.get("reason", "")
    if not isinstance(reason, str):
        raise Invalid.field("reason", "reason must be text.")
    return reason


def _id(fields: Fields, name: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(fields.get(name)))
    except ValueError:
        raise Invalid.field(name, f"{name} must be an id.") from None
