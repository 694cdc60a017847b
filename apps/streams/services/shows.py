"""Shows: set up once, put on again and again, by their own key or from the dashboard."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.services import category_named, checked_tags
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.events import publish
from apps.core.text import clean
from apps.streams.facts import ShowSaved
from apps.streams.models import Broadcast, Show, SimulcastTarget
from apps.streams.models.shows import ANNOUNCEMENT_MOST, DATE, NUMBER, NUMBER_MOST

from .broadcasts import TITLE_LENGTH, announce_next
from .keys import retire_show_key
from .showing import day_of, put_on

if TYPE_CHECKING:
    from apps.accounts.models import Actor

MOST = 30
NAME_LENGTH, DESCRIPTION_LENGTH = 60, 2000
_BRACES = re.compile(r"\{[^{}]*\}|[{}]")
# A chat has a handful of modes; which, is the chat's to judge.
_MODES_MOST = 20


def create_show(*, actor: Actor, channel: Channel, name: str, title_pattern: str, **fields: Any) -> Show:
    """Set up a show. `fields` are those of `edit_show`.

    Raises Invalid that names the field, Conflict TOO_MANY_SHOWS.
    """
    policies.require(actor, Power.EDIT_SHOWS, channel)
    checked = _checked(actor, channel, {"name": name, "title_pattern": title_pattern, **fields})
    targets = checked.pop("targets", None)
    with transaction.atomic():
        Channel.objects.hold(channel.pk)
        if channel.shows.count() >= MOST:
            raise Conflict(f"A channel has at most {MOST} shows. Delete one first.", code="TOO_MANY_SHOWS")
        show = Show(channel=channel, **checked)
        _save(show, targets)
        _record(actor, "show.created", show)
    return show


def edit_show(*, actor: Actor, show: Show, **changes: Any) -> Show:
    """Change any of name, title_pattern, next_number, description, category (slug), tags, chat_modes (by the
    names of the chat's modes), announcement and targets.

    `targets` are the channel's simulcast targets that are on during the show, as rows, or None to leave them
    as they are; it takes the power over them to change it. What is on already stays as it began.
    """
    policies.require(actor, Power.EDIT_SHOWS, show.channel)
    with transaction.atomic():
        show = _held(show)
        checked = _checked(actor, show.channel, changes, standing=show)
        targets = checked.pop("targets", None)
        for field, value in checked.items():
            setattr(show, field, value)
        _save(show, targets)
        _record(actor, "show.edited", show, fields=sorted(changes))
    return show


def archive_show(*, actor: Actor, show: Show) -> Show:
    """Put it away: its key stops at once, and whoever sends with it is cut. Doing so twice is once."""
    policies.require(actor, Power.EDIT_SHOWS, show.channel)
    with transaction.atomic():
        show = _held(show)
        if show.archived_at is None:
            show.archived_at = timezone.now()
            show.save(update_fields=["archived_at"])
            retire_show_key(show)
            _record(actor, "show.archived", show)
    return show


def restore_show(*, actor: Actor, show: Show) -> Show:
    """Take it out again; it gets a new key."""
    policies.require(actor, Power.EDIT_SHOWS, show.channel)
    with transaction.atomic():
        show = _held(show)
        if show.archived_at is not None:
            show.archived_at = None
            show.save(update_fields=["archived_at"])
            _record(actor, "show.restored", show)
    return show


def delete_show(*, actor: Actor, show: Show) -> None:
    """Delete it for good; its key stops as in `archive_show`. Its broadcasts stay."""
    policies.require(actor, Power.EDIT_SHOWS, show.channel)
    with transaction.atomic():
        show = _held(show)
        retire_show_key(show)
        _record(actor, "show.deleted", show)
        show.delete()


def start_show(*, actor: Actor, show: Show) -> Broadcast:
    """Announce the next broadcast as one of this show, for an encoder with the channel's normal key.

    Raises Conflict ALREADY_LIVE or SHOW_ARCHIVED.
    """

    def fill(broadcast: Broadcast) -> None:
        put_on(broadcast, current(show))

    return announce_next(actor=actor, channel=show.channel, fill=fill)


def current(show: Show) -> Show:
    """The show as it is now, if it can be put on. The caller holds the channel's row."""
    found = Show.objects.select_related("channel__owner", "category").filter(pk=show.pk).first()
    if found is None:
        raise show_not_found()
    if found.archived_at is not None:
        raise Conflict("This show is archived. Restore it first.", code="SHOW_ARCHIVED")
    return found


def shows_of(*, actor: Actor, channel: Channel) -> list[Show]:
    """The channel's shows, newest first, those that are archived last; for its crew."""
    policies.require(actor, Power.VIEW_DASHBOARD, channel)
    shows = Show.objects.with_details().filter(channel=channel)
    return sorted(shows, key=lambda show: show.archived_at is not None)


def show_of(*, actor: Actor, channel: Channel, show_id: str | uuid.UUID) -> Show:
    """The channel's show with this id, for its crew."""
    policies.require(actor, Power.VIEW_DASHBOARD, channel)
    try:
        return Show.objects.with_details().get(channel=channel, pk=uuid.UUID(str(show_id)))
    except (ValueError, Show.DoesNotExist):
        raise show_not_found() from None


def show_not_found() -> NotFound:
    return NotFound("There is no such show.", code="SHOW_NOT_FOUND")


def next_title(show: Show) -> str:
    """What its next broadcast is called, if it begins today."""
    return show.title(show.next_number, day_of(show.channel))


def checked_pattern(pattern: str) -> str:
    """A title with room for what may stand in braces: {n}, the number, and {date}, the day as 2026-02-07."""
    pattern = clean(pattern, field="title_pattern", most=TITLE_LENGTH, least=1)
    unknown = [braces for braces in _BRACES.findall(pattern) if braces not in (NUMBER, DATE)]
    if unknown:
        raise Invalid.field(
            "title_pattern",
            f"{unknown[0]} stands for nothing. Use {NUMBER} for the number and {DATE} for the day.",
        )
    length = len(pattern.replace(NUMBER, str(NUMBER_MOST)).replace(DATE, date.max.isoformat()))
    if length > TITLE_LENGTH:
        raise Invalid.field(
            "title_pattern", f"With number and day this is longer than {TITLE_LENGTH} characters."
        )
    return pattern


def _checked(
    actor: Actor, channel: Channel, changes: dict[str, Any], standing: Show | None = None
) -> dict[str, Any]:
    """Values as they are stored; `targets` only where they change."""
    checks = {
        "name": lambda value: clean(value, field="name", most=NAME_LENGTH, least=1),
        "title_pattern": checked_pattern,
        "next_number": _number,
        "description": lambda value: clean(value, field="description", most=DESCRIPTION_LENGTH, lines=True),
        "category": category_named,
        "tags": checked_tags,
        "chat_modes": _modes,
        "announcement": lambda value: clean(value, field="announcement", most=ANNOUNCEMENT_MOST),
    }
    checked = {field: checks[field](value) for field, value in changes.items() if field != "targets"}
    if "targets" in changes:
        _choose_targets(actor, channel, changes["targets"], standing, checked)
    return checked


def _choose_targets(
    actor: Actor,
    channel: Channel,
    chosen: Iterable[SimulcastTarget] | None,
    standing: Show | None,
    checked: dict[str, Any],
) -> None:
    sets = chosen is not None
    rows = list(chosen or ())
    if any(row.channel_id != channel.pk for row in rows):
        raise Invalid.field("targets", "Choose among this channel's targets.")
    had = set(standing.targets.all()) if standing and standing.sets_targets else None
    if had == (set(rows) if sets else None):
        return
    policies.require(actor, Power.SIMULCAST, channel)
    checked |= {"sets_targets": sets, "targets": rows}


def _number(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= NUMBER_MOST:
        raise Invalid.field("next_number", f"A number from 1 to {NUMBER_MOST}.")
    return value


def _modes(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > _MODES_MOST:
        raise Invalid.field("chat_modes", "Name the chat's modes and what each is set to.")
    return value


def _save(show: Show, targets: list[SimulcastTarget] | None) -> None:
    show.save()
    if targets is not None:
        show.targets.set(targets)
    # Prefetched ones would be those of before.
    getattr(show, "_prefetched_objects_cache", {}).pop("targets", None)
    publish(ShowSaved(show.pk, show.channel_id, show.chat_modes, show.announcement))


def _held(show: Show) -> Show:
    """The show as it is now, held with its channel until the transaction ends."""
    Channel.objects.hold(show.channel_id)
    found = Show.objects.select_related("channel__owner", "category").filter(pk=show.pk).first()
    if found is None:
        raise show_not_found()
    return found


def _record(actor: Actor, action: str, show: Show, **details: Any) -> None:
    audit.record(
        actor=actor, action=action, subject=show, channel_id=show.channel_id, name=show.name, **details
    )
