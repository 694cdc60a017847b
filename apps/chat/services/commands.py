"""Slash commands: a line that begins with "/" is an order to the platform, and is shown to nobody.

Each row of the table leads to the verb that buttons lead to, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from apps.accounts import services as accounts
from apps.accounts.models import Actor, User
from apps.accounts.selectors import named_person
from apps.channels import policies
from apps.channels import services as channels
from apps.channels.models import Channel
from apps.channels.roles import Power, Role
from apps.chat.models import Message
from apps.core.errors import Invalid, NotFound, SignInNeeded
from apps.core.ids import uuid7
from apps.moderation import services as moderation

from . import announcements, messages, modes, pins, purge, shield
from .words import Words, spoken

TIMEOUT_SECONDS = 600
SLOW_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants something done, where, and the words behind the command's name."""

    actor: User
    channel: Channel
    words: Words


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table. `power` is what it takes; None: everybody's, or the verb decides by the case."""

    name: str
    usage: str
    help: str
    act: Callable[[Order], str]
    power: Power | None = None

    @property
    def written(self) -> str:
        return f"/{self.name} {self.usage}".rstrip()


def is_command(line: str) -> bool:
    return line.lstrip().startswith("/")


def run_command(*, actor: Actor, channel: Channel, line: str) -> str:
    """Carry a command out; returns what to tell its sender alone.

    Raises Invalid (UNKNOWN_COMMAND, BAD_COMMAND, which says how it is written) or what the verb raises.
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to chat.")
    # White space folded, as in a message: a line break is no argument.
    name, _, rest = " ".join(line.split()).removeprefix("/").partition(" ")
    command = COMMANDS.get(name.lower())
    if command is None:
        raise Invalid.field(
            "content", f"There is no command /{name[:30]}. Type /help for a list.", code="UNKNOWN_COMMAND"
        )
    if command.power is not None:
        # The verb asks again. First here: who may not do it needs no lesson in how it is written.
        policies.require(actor, command.power, channel)
    return command.act(Order(actor, channel, Words(rest, command.written)))


def commands_for(actor: Actor, channel: Channel) -> list[Command]:
    """The commands that this person may use in the channel, in the table's order."""
    if not actor.is_authenticated:
        return []
    powers = policies.powers_of(actor, channel)
    return [each for each in COMMANDS.values() if each.power is None or each.power in powers]


def _slow(order: Order) -> str:
    seconds = order.words.seconds(otherwise=SLOW_SECONDS)
    order.words.end()
    modes.edit_modes(actor=order.actor, channel=order.channel, slow=seconds)
    return f"Slow mode is on: one message every {spoken(seconds)}."


def _followers(order: Order) -> str:
    seconds = order.words.seconds(otherwise=0, unit=60)
    order.words.end()
    modes.edit_modes(actor=order.actor, channel=order.channel, followers_only=seconds // 60)
    return f"Only people who have followed for {spoken(seconds)} can write." if seconds else _FOLLOWERS


def _mode(order: Order, *, said: str, **changes: int | bool | None) -> str:
    order.words.end()
    modes.edit_modes(actor=order.actor, channel=order.channel, **changes)
    return said


def _timeout(order: Order) -> str:
    person = _person(order)
    seconds = order.words.seconds(otherwise=TIMEOUT_SECONDS)
    moderation.time_out(
        actor=order.actor, channel=order.channel, user=person, seconds=seconds, reason=order.words.rest()
    )
    return f"{person.name} can't write for {spoken(seconds)}."


def _ban(order: Order) -> str:
    person = _person(order)
    moderation.ban(actor=order.actor, channel=order.channel, user=person, reason=order.words.rest())
    return f"{person.name} is banned."


def _lift(order: Order) -> str:
    person = _only_person(order)
    lifted = moderation.lift_sanction(actor=order.actor, channel=order.channel, user=person)
    return f"{person.name} can write again." if lifted else f"Nothing keeps {person.name} from writing."


def _warn(order: Order) -> str:
    person, reason = _person(order), order.words.rest()
    if not reason:
        raise order.words.wrong("Say why.")
    moderation.warn(actor=order.actor, channel=order.channel, user=person, reason=reason)
    return f"{person.name} is warned, and writes again once they have read it."


def _delete(order: Order) -> str:
    message = _message(order)
    messages.delete_message(actor=order.actor, message_id=message.pk, room_id=order.channel.pk)
    return "The message is removed."


def _purge(order: Order) -> str:
    person = _only_person(order)
    count = purge.purge_person(actor=order.actor, channel=order.channel, user=person)
    return f"Removed {count} {'message' if count == 1 else 'messages'} of {person.name}."


def _clear(order: Order) -> str:
    order.words.end()
    purge.clear_room(actor=order.actor, channel=order.channel)
    return "The chat is cleared."


def _announce(order: Order) -> str:
    content = order.words.rest()
    if not content:
        raise order.words.wrong("Say what.")
    announcements.announce(actor=order.actor, channel=order.channel, content=content, nonce=uuid7().hex)
    return "Announced."


def _pin(order: Order) -> str:
    message = _message(order)
    pins.pin_message(actor=order.actor, channel=order.channel, message_id=message.pk)
    return "The message is pinned."


def _unpin(order: Order) -> str:
    order.words.end()
    pins.unpin_message(actor=order.actor, channel=order.channel)
    return "Nothing is pinned."


def _shield(order: Order, *, raised: bool) -> str:
    order.words.end()
    act = shield.raise_shield if raised else shield.lower_shield
    act(actor=order.actor, channel=order.channel)
    return "The shield is up." if raised else "The shield is down: everything is as it was before."


def _invite(order: Order, *, role: Role) -> str:
    person = _only_person(order)
    channels.invite_helper(
        actor=order.actor, channel=order.channel, username=person.username, role=role.value
    )
    return f"{person.name} is invited as {role.label}, and has the role once they accept."


def _dismiss(order: Order, *, role: Role) -> str:
    """Take the role, or the invitation to it that waits."""
    person = _only_person(order)
    if policies.role_of(person, order.channel) is role:
        channels.remove_helper(actor=order.actor, channel=order.channel, user=person)
        return f"{person.name} is {role.label} no longer."
    waiting = order.channel.role_invitations.open().filter(user=person, role=role.value).first()
    if waiting is None:
        raise order.words.wrong(f"{person.name} is not {role.label} here.")
    channels.withdraw_invitation(actor=order.actor, invitation_id=waiting.pk)
    return f"The invitation of {person.name} is withdrawn."


def _list(order: Order, *, role: Role, some: str, none: str) -> str:
    order.words.end()
    held = order.channel.roles.filter(role=role).select_related("user").order_by("user__username")
    names = ", ".join(helper.user.name for helper in held)
    return f"{some}: {names}." if names else none


def _block(order: Order, *, blocks: bool) -> str:
    person = _only_person(order)
    act = accounts.block_person if blocks else accounts.unblock_person
    act(actor=order.actor, person=person)
    return f"You block {person.name} now." if blocks else f"You don't block {person.name}."


def _help(order: Order) -> str:
    known = {each.name: each for each in commands_for(order.actor, order.channel)}
    name = order.words.next().removeprefix("/").lower()
    order.words.end()
    if not name:
        listed = " ".join(f"/{each}" for each in known)
        return f"You can use {listed}. Type /help and a name for more."
    if name not in known:
        raise order.words.wrong(f"You have no command /{name[:30]}.")
    return f"{known[name].written}: {known[name].help}"


def _only_person(order: Order) -> User:
    person = _person(order)
    order.words.end()
    return person


def _person(order: Order) -> User:
    return _named(order, order.words.next())


def _named(order: Order, word: str) -> User:
    try:
        return named_person(word)
    except Invalid as refusal:
        raise order.words.wrong(refusal.message) from None


def _message(order: Order) -> Message:
    """The message with the id that stands next, or the newest of the @name; without either, of the actor."""
    word = order.words.next()
    order.words.end()
    shown = Message.objects.of_room(order.channel.pk).filter(deleted_at=None)
    try:
        found = shown.filter(pk=uuid.UUID(word)).first()
    except ValueError:
        whose = _named(order, word).pk if word else order.actor.pk
        found = shown.filter(user_id=whose).order_by("-seq").first()
    if found is None:
        raise NotFound("There is no such message here.", code="MESSAGE_NOT_FOUND")
    return found


_FOLLOWERS = "Only people who follow this channel can write."
_WHOM = "[@name or message id]"
_ROWS = (
    Command("help", "[command]", "Lists the commands that you can use.", _help),
    Command("mods", "", "Lists the moderators.",
            partial(_list, role=Role.MODERATOR, some="Moderators", none="This channel has no moderators.")),
    Command("vips", "", "Lists the VIPs.",
            partial(_list, role=Role.VIP, some="VIPs", none="This channel has no VIPs.")),
    Command("block", "@name", "Hides a person from you, everywhere.", partial(_block, blocks=True)),
    Command("unblock", "@name", "Shows a person to you again.", partial(_block, blocks=False)),
    Command("delete", _WHOM, "Removes a message: the newest one of a person, or of yours.", _delete),
    Command("timeout", "@name [10m] [reason]", "Keeps a person from writing, 10 minutes unless you say.",
            _timeout, Power.TIME_OUT),
    Command("untimeout", "@name", "Lets a person write again.", _lift, Power.BAN),
    Command("ban", "@name [reason]", "Keeps a person out until somebody lifts it.", _ban, Power.BAN),
    Command("unban", "@name", "Lets a person back in.", _lift, Power.BAN),
    Command("warn", "@name reason", "Warns a person; they read it before they write again.",
            _warn, Power.WARN),
    Command("purge", "@name", "Removes all that a person said here.", _purge, Power.DELETE_MESSAGE),
    Command("clear", "", "Clears the chat.", _clear, Power.CLEAR_CHAT),
    Command("announce", "text", "Says something that stands out.", _announce, Power.ANNOUNCE),
    Command("pin", _WHOM, "Pins a message: the newest one of a person, or of yours.",
            _pin, Power.PIN_MESSAGE),
    Command("unpin", "", "Takes the pinned message down.", _unpin, Power.PIN_MESSAGE),
    Command("slow", "[30s]", "One message in so much time, 3 s to 2 m; 30 s unless you say.",
            _slow, Power.EDIT_CHAT_MODES),
    Command("slowoff", "", "Ends slow mode.",
            partial(_mode, slow=0, said="Slow mode is off."), Power.EDIT_CHAT_MODES),
    Command("followers", "[10m]", "Only who has followed for so long can write; any follower unless you say.",
            _followers, Power.EDIT_CHAT_MODES),
    Command("followersoff", "", "Lets people write who don't follow.",
            partial(_mode, followers_only=None, said="You need not follow to write."),
            Power.EDIT_CHAT_MODES),
    Command("members", "", "Only members can write.",
            partial(_mode, members_only=True, said="Only members can write."), Power.EDIT_CHAT_MODES),
    Command("membersoff", "", "Lets people write who are no members.",
            partial(_mode, members_only=False, said="You need not be a member to write."),
            Power.EDIT_CHAT_MODES),
    Command("emoteonly", "", "Messages hold nothing but emotes and emoji.",
            partial(_mode, emotes_only=True, said="Only emotes and emoji can be sent."),
            Power.EDIT_CHAT_MODES),
    Command("emoteonlyoff", "", "Messages may hold words again.",
            partial(_mode, emotes_only=False, said="Messages may hold words again."), Power.EDIT_CHAT_MODES),
    Command("unique", "", "Nothing can be said twice.",
            partial(_mode, unique=True, said="Nothing can be said twice."), Power.EDIT_CHAT_MODES),
    Command("uniqueoff", "", "Things may be said twice again.",
            partial(_mode, unique=False, said="Things may be said twice again."), Power.EDIT_CHAT_MODES),
    Command("shield", "", "Tightens all rules at once, until /shieldoff.",
            partial(_shield, raised=True), Power.USE_SHIELD),
    Command("shieldoff", "", "Takes the shield down; everything is as it was before it.",
            partial(_shield, raised=False), Power.USE_SHIELD),
    Command("mod", "@name", "Invites a person to be a moderator.",
            partial(_invite, role=Role.MODERATOR), Power.MANAGE_TEAM),
    Command("unmod", "@name", "Takes a moderator's role.",
            partial(_dismiss, role=Role.MODERATOR), Power.MANAGE_TEAM),
    Command("vip", "@name", "Invites a person to be a VIP.",
            partial(_invite, role=Role.VIP), Power.GIVE_VIP),
    Command("unvip", "@name", "Takes a VIP's role.", partial(_dismiss, role=Role.VIP), Power.GIVE_VIP),
)  # fmt: skip
COMMANDS: dict[str, Command] = {command.name: command for command in _ROWS}


def teach_commands(*commands: Command) -> None:
    """Let an app above have commands of its own (`aethex/wiring.py`)."""
    COMMANDS.update({command.name: command for command in commands})
