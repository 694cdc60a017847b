"""What the chat's slash commands can do here; `aethex/wiring.py` adds the rows to its table."""

from __future__ import annotations

from apps.channels.roles import Power
from apps.chat.services.commands import Command, Order

from . import services


def _raid(order: Order) -> str:
    target = order.words.next()
    if not target:
        raise order.words.wrong("Say which channel.")
    seconds = order.words.seconds(otherwise=services.SECONDS_LEAST)
    order.words.end()
    raid = services.begin_raid(actor=order.actor, channel=order.channel, target=target, seconds=seconds)
    return f"In {seconds} seconds your viewers go to {raid.target.name}. /unraid calls it off."


def _unraid(order: Order) -> str:
    order.words.end()
    if services.raid_of(order.channel) is None:
        return "No raid is counting down."
    raid = services.cancel_raid(actor=order.actor, channel=order.channel)
    return f"The raid to {raid.target.name} is cancelled."


COMMANDS = (
    Command("raid", "channel [30s]", "Takes your viewers to another live channel, in 10 to 90 seconds.",
            _raid, Power.RAID),
    Command("unraid", "", "Cancels a raid that counts down.", _unraid, Power.RAID),
)  # fmt: skip
