"""Who may do what in a channel: a row for each verb and command of chat and moderation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from apps.channels.models import Channel, ChannelRole
from apps.channels.roles import Role
from apps.chat import review
from apps.chat import services as chat
from apps.chat.models import HeldMessage, Message
from apps.core.models import AuditEntry
from apps.moderation import services as moderation
from apps.moderation import undo
from apps.moderation.models import PersonNote, Report, Sanction, UnbanRequest
from tests import factories


class Who(StrEnum):
    ANONYMOUS = "anonymous"
    STRANGER = "stranger"
    VIP = "vip"
    MODERATOR = "moderator"
    EDITOR = "editor"
    OWNER = "owner"
    STAFF = "staff"


ALL = frozenset(Who)
SIGNED_IN = ALL - {Who.ANONYMOUS}
MODERATORS = frozenset({Who.MODERATOR, Who.OWNER})
HOSTS = MODERATORS | {Who.EDITOR}
VIP_GIVERS = frozenset({Who.EDITOR, Who.OWNER})
OWNER = frozenset({Who.OWNER})
NOBODY: frozenset[Who] = frozenset()


@dataclass
class Scene:
    """A channel in which there is something for each verb to be done to."""

    channel: Channel
    cast: dict[Who, Any]
    target: Any
    banned: Any
    colleague: Any
    message: Message
    held: HeldMessage
    warning: Sanction
    note: PersonNote
    report: Report
    plea: UnbanRequest
    entry: AuditEntry
    stream: Any
    names: dict[str, str] = field(default_factory=dict)


def set_scene(channel: Channel) -> Scene:
    """A scene in this channel, with one person of each kind."""
    owner = channel.owner
    cast: dict[Who, Any] = {Who.ANONYMOUS: AnonymousUser(), Who.OWNER: owner}
    cast[Who.STRANGER] = factories.person("stranger")
    cast[Who.STAFF] = factories.person("staffer", is_staff=True)
    for who, role in ((Who.VIP, Role.VIP), (Who.MODERATOR, Role.MODERATOR), (Who.EDITOR, Role.EDITOR)):
        cast[who] = helper(channel, role, who.value)
    target, banned = factories.person("target"), factories.person("banned")
    reporter = factories.person("reporter")
    message = chat.send_message(actor=target, channel=channel, content="hello", nonce="n")
    here = {"actor": owner, "channel": channel}
    factories.live(factories.channel(factories.person("orbiter"), "Orbit"), "orbit")
    moderation.ban(**here, user=banned, reason="Spam")
    moderation.edit_rule(**here, kind="caps", is_on=True)
    made = Scene(
        channel=channel,
        cast=cast,
        target=target,
        banned=banned,
        colleague=helper(channel, Role.MODERATOR, "colleague"),
        message=message,
        held=HeldMessage.objects.create(
            room_id=channel.pk,
            user=reporter,
            content="x",
            nonce="n",
            rule="terms",
            matched_from=0,
            matched_to=1,
        ),
        warning=moderation.warn(**here, user=factories.person("warned"), reason="Mind the tone"),
        note=moderation.write_note(**here, user=target, text="New here"),
        report=moderation.report(actor=reporter, kind="message", subject_id=message.pk, reason="spam"),
        plea=moderation.request_unban(actor=banned, channel=channel, text="Please"),
        entry=AuditEntry.objects.get(action="person.ban"),
        stream=factories.live(channel),
    )
    made.names = {
        "channel": channel.slug, "user_id": str(target.pk), "person": "target", "message": str(message.pk),
        "held": str(made.held.pk), "entry_id": str(made.entry.pk), "warning_id": str(made.warning.pk),
        "report_id": str(made.report.pk), "request_id": str(made.plea.pk), "stream": str(made.stream.pk),
        "note": str(made.note.pk),
    }  # fmt: skip
    return made


def helper(channel: Channel, role: Role, name: str) -> Any:
    person = factories.person(name)
    ChannelRole.objects.create(channel=channel, user=person, role=role)
    return person


Deed = Callable[[Scene, Any], Any]


def c(name: str, **more: Callable[[Scene], Any]) -> Deed:
    """A verb of the chat, in the scene's channel."""
    return lambda s, actor: getattr(chat, name)(
        actor=actor, channel=s.channel, **{key: value(s) for key, value in more.items()}
    )


def m(name: str, **more: Callable[[Scene], Any]) -> Deed:
    """A verb of moderation, in the scene's channel."""
    return lambda s, actor: getattr(moderation, name)(
        actor=actor, channel=s.channel, **{key: value(s) for key, value in more.items()}
    )


def always(value: Any) -> Callable[[Scene], Any]:
    return lambda s: value


def the(name: str) -> Callable[[Scene], Any]:
    return lambda s: getattr(s, name)


def an_hour_ago(s: Scene) -> Any:
    return timezone.now() - timedelta(hours=1)


# verb → (who may, how it is called). Who may not gets 401 or 403, unless the row says which status.
VERBS: dict[str, tuple[frozenset[Who], Deed]] = {
    "chat.send_message": (SIGNED_IN, c("send_message", content=always("hi"), nonce=always("new"))),
    "chat.announce": (HOSTS, c("announce", content=always("hi"), nonce=always("new"))),
    "chat.delete_message": (
        MODERATORS, lambda s, actor: chat.delete_message(actor=actor, message_id=s.message.pk)
    ),
    "chat.restore_message": (
        MODERATORS,
        lambda s, actor: chat.restore_message(actor=actor, message_id=s.message.pk),
    ),
    "chat.purge_person": (MODERATORS, c("purge_person", user=the("target"))),
    "chat.clear_room": (MODERATORS, c("clear_room")),
    "chat.edit_modes": (HOSTS, c("edit_modes", slow=always(30))),
    "chat.renew_dock": (MODERATORS, c("renew_dock")),
    "chat.remove_dock": (MODERATORS, c("remove_dock")),
    "chat.pin_message": (HOSTS, c("pin_message", message_id=lambda s: s.message.pk)),
    "chat.unpin_message": (HOSTS, c("unpin_message")),
    "chat.approve_held": (
        MODERATORS, lambda s, actor: chat.approve_held(actor=actor, held_id=s.held.pk)
    ),
    "chat.reject_held": (MODERATORS, lambda s, actor: chat.reject_held(actor=actor, held_id=s.held.pk)),
    "chat.raise_shield": (MODERATORS, c("raise_shield")),
    "chat.lower_shield": (MODERATORS, c("lower_shield")),
    "chat.run_command": (SIGNED_IN, c("run_command", line=always("/help"))),
    "review.dry_run": (
        MODERATORS,
        lambda s, actor: review.dry_run(actor=actor, channel=s.channel, rule={"kind": "caps"}),
    ),
    "moderation.time_out": (MODERATORS, m("time_out", user=the("target"), seconds=always(60))),
    "moderation.ban": (MODERATORS, m("ban", user=the("target"))),
    "moderation.lift_sanction": (MODERATORS, m("lift_sanction", user=the("banned"))),
    "moderation.warn": (MODERATORS, m("warn", user=the("target"), reason=always("Hm"))),
    "moderation.acknowledge_warning": (NOBODY, m("acknowledge_warning", warning_id=lambda s: s.warning.pk)),
    "moderation.request_unban": (NOBODY, m("request_unban", text=always("Please"))),
    "moderation.answer_unban_request": (
        MODERATORS,
        lambda s, actor: moderation.answer_unban_request(actor=actor, request=s.plea, answer="denied"),
    ),
    "moderation.report": (
        SIGNED_IN,
        m("report", kind=always("person"), subject_id=lambda s: s.target.pk, reason=always("spam")),
    ),
    "moderation.answer_report": (
        MODERATORS,
        lambda s, actor: moderation.answer_report(actor=actor, report=s.report, answer="upheld"),
    ),
    "moderation.write_note": (MODERATORS, m("write_note", user=the("target"), text=always("Hm"))),
    "moderation.delete_note": (MODERATORS, lambda s, actor: moderation.delete_note(actor=actor, note=s.note)),
    "moderation.edit_rule": (MODERATORS, m("edit_rule", kind=always("links"), is_on=always(True))),
    "moderation.remove_rule": (MODERATORS, m("remove_rule", kind=always("caps"))),
    "moderation.replace_rules": (MODERATORS, m("replace_rules", rules=always([]))),
    "undo.undo_action": (
        MODERATORS,
        lambda s, actor: undo.undo_action(actor=actor, channel=s.channel, entry_id=s.entry.pk),
    ),
    "undo.undo_everything": (
        MODERATORS,
        lambda s, actor: undo.undo_everything(
            actor=actor, channel=s.channel, by_user=s.channel.owner, since=an_hour_ago(s)
        ),
    ),
}  # fmt: skip
# Exported, and nobody's deed: parts of other verbs, and what automatic rules do by themselves.
NO_VERBS = {
    "chat.find_dock", "chat.rate_limited", "chat.settle_show", "chat.settle_shows", "chat.teach_commands",
    "chat.tell_raid", "moderation.Subject", "moderation.forget_person",
    "moderation.checked_rule", "moderation.put_back", "moderation.take_turn", "moderation.teach_context",
    "moderation.tell_reporter", "moderation.tighten", "moderation.time_out_by_rule",
    "moderation.uphold_about_channel", "moderation.uphold_about_person",
}  # fmt: skip
# Whose deed it isn't hears of another reason than a missing power.
OTHER_REFUSALS = {
    "moderation.acknowledge_warning": 404,
    "moderation.request_unban": 409,
}

LINES: dict[str, tuple[frozenset[Who], str]] = {
    "help": (SIGNED_IN, ""), "mods": (SIGNED_IN, ""), "vips": (SIGNED_IN, ""),
    "block": (SIGNED_IN, "@target"), "unblock": (SIGNED_IN, "@target"),
    "delete": (MODERATORS, "@target"), "purge": (MODERATORS, "@target"), "clear": (MODERATORS, ""),
    "timeout": (MODERATORS, "@target 60s Hm"), "untimeout": (MODERATORS, "@banned"),
    "ban": (MODERATORS, "@target Hm"), "unban": (MODERATORS, "@banned"), "warn": (MODERATORS, "@target Hm"),
    "announce": (HOSTS, "hello all"), "pin": (HOSTS, "@target"), "unpin": (HOSTS, ""),
    "slow": (HOSTS, "30s"), "slowoff": (HOSTS, ""), "followers": (HOSTS, "10m"), "followersoff": (HOSTS, ""),
    "raid": (HOSTS, "orbit"), "unraid": (HOSTS, ""),
    "members": (HOSTS, ""), "membersoff": (HOSTS, ""), "emoteonly": (HOSTS, ""), "emoteonlyoff": (HOSTS, ""),
    "unique": (HOSTS, ""), "uniqueoff": (HOSTS, ""),
    "shield": (MODERATORS, ""), "shieldoff": (MODERATORS, ""),
    "mod": (OWNER, "@target"), "unmod": (OWNER, "@colleague"),
    "vip": (VIP_GIVERS, "@target"), "unvip": (VIP_GIVERS, "@vip"),
}  # fmt: skip
