"""What creators do with channels: create, edit, delete."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import IntegrityError, transaction

from apps.accounts.models import User
from apps.accounts.policies import require_verified
from apps.channels import policies
from apps.channels.facts import ChannelCreated, ChannelDeleted, ChannelEdited
from apps.channels.models import Category, Channel, ChannelTag, SlugHistory
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotAllowed, NotFound, SignInNeeded
from apps.core.events import publish
from apps.core.links import checked_links
from apps.core.text import clean

from .pictures import PICTURES, change_pictures, checked_picture, new_pictures

if TYPE_CHECKING:
    from apps.accounts.models import Actor

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{1,38}[a-z0-9])")
SLUG_RULE = "Use 3 to 40 of a–z, 0–9, - and _, starting and ending with a letter or digit."
# Addresses that pages of ours have or may want.
RESERVED = {
    "admin",
    "api",
    "auth",
    "dashboard",
    "discover",
    "live",
    "new",
    "profile",
    "settings",
    "static",
    "streams",
}
MOST_TAGS, TAG_LENGTH = 10, 25
MOST_CHANNELS = 20


def slug_from(name: str) -> str:
    """The address that a name suggests; may be shorter than allowed when the name has few Latin letters."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-")


def create_channel(
    *,
    actor: Actor,
    name: str,
    slug: str = "",
    category: str = "",
    description: str = "",
    tags: Iterable[str] = (),
    language: str = "",
) -> Channel:
    """Open a channel for `actor`. Without `slug` the address comes from the name and avoids taken ones.

    Raises Invalid or Conflict (SLUG_TAKEN, NAME_TAKEN) that name the field, NotAllowed (TOO_MANY_CHANNELS).
    """
    if not actor.is_authenticated:
        raise SignInNeeded("Sign in to create a channel.")
    require_verified(actor)
    name = clean(name, field="name", most=60, least=2)
    channel = Channel(
        owner=actor,
        name=name,
        name_key=_name_key(name),
        slug=_checked_slug(slug) if slug else _free_slug(name),
        description=clean(description, field="description", most=2000, lines=True),
        category=category_named(category),
        tags=checked_tags(tags),
        language=_checked_language(language or actor.language),
    )
    with transaction.atomic():
        # The person's own row: two requests at once count one list.
        owner = User.objects.select_for_update(no_key=True).get(pk=actor.pk)
        if not owner.is_active:
            raise NotAllowed("This account is closed.", code="ACCOUNT_CLOSED")
        if Channel.objects.filter(owner=actor).count() >= MOST_CHANNELS:
            raise NotAllowed(
                f"One person can own {MOST_CHANNELS} channels. Delete one first.", code="TOO_MANY_CHANNELS"
            )
        _save(channel)
        _note_tags(channel)
        audit.record(actor=actor, action="channel.created", subject=channel, channel_id=channel.pk)
        publish(ChannelCreated(channel.pk))
    return channel


def edit_channel(*, actor: Actor, channel: Channel, **changes: Any) -> Channel:
    """Change any of name, slug, category (by slug), description, tags, language, links, avatar, banner,
    visibility, is_mature and shows_followers.

    `avatar` and `banner` take an upload or None to remove it. What is not named stays. Raises Invalid or
    Conflict (SLUG_TAKEN, NAME_TAKEN) that name the field, NotFound when it was deleted meanwhile.
    """
    policies.require(actor, Power.EDIT_CHANNEL, channel)
    checked = {field: _CHECKS[field](value) for field, value in changes.items()}
    pictures = new_pictures(channel, checked)
    with transaction.atomic():
        channel = Channel.objects.hold(channel.pk)
        old_slug = channel.slug
        for field in checked.keys() - pictures.keys():
            setattr(channel, field, checked[field])
        if "name" in checked:
            channel.name_key = _name_key(channel.name)
        _save(channel)
        # Only now: a name that is taken would leave their files behind.
        change_pictures(channel, pictures)
        if "tags" in checked:
            _note_tags(channel)
        if channel.slug != old_slug:
            SlugHistory.objects.filter(slug=channel.slug).delete()
            SlugHistory.objects.update_or_create(slug=old_slug, defaults={"channel": channel})
        audit.record(
            actor=actor,
            action="channel.edited",
            subject=channel,
            channel_id=channel.pk,
            fields=sorted(checked),
        )
        publish(ChannelEdited(channel.pk))
    return channel


def delete_channel(*, actor: Actor, channel: Channel, confirmation: str) -> None:
    """Delete for good; `confirmation` must be the channel's address, typed by hand."""
    policies.require(actor, Power.DELETE_CHANNEL, channel)
    if confirmation.strip() != channel.slug:
        raise Invalid.field("confirmation", f"Type {channel.slug} to delete this channel.")
    _delete(actor, channel, slug=channel.slug, name=channel.name)


def delete_channels_of(person: User) -> None:
    """Delete what somebody owns who goes for good; the log keeps no more of it than its id."""
    for channel in Channel.objects.filter(owner=person):
        _delete(person, channel)


def _delete(actor: Actor, channel: Channel, **details: str) -> None:
    channel_id = channel.pk
    with transaction.atomic():
        # Its broadcasts go with it, and whoever locks both takes the channel first.
        now = Channel.objects.select_for_update().filter(pk=channel_id).first()
        if now is None:
            raise NotFound("There is no such channel.", code="CHANNEL_NOT_FOUND")
        if now.is_live:
            raise Conflict("This channel is live. End its stream first, then delete it.", code="CHANNEL_LIVE")
        audit.record(
            actor=actor,
            action="channel.deleted",
            subject=channel,
            channel_id=channel_id,
            **details,
        )
        publish(ChannelDeleted(channel_id))
        change_pictures(now, dict.fromkeys(PICTURES))
        now.delete()


def checked_tags(tags: Iterable[str]) -> list[str]:
    """Up to ten tags, lower case, each once."""
    typed = [] if isinstance(tags, str) else list(tags)[:1000]
    if isinstance(tags, str) or not all(isinstance(tag, str) for tag in typed):
        raise Invalid.field("tags", "Tags are a list of words.")
    words = [clean(tag.lstrip("#"), field="tags", most=TAG_LENGTH).lower() for tag in typed]
    unique = list(dict.fromkeys(word for word in words if word))
    if len(unique) > MOST_TAGS:
        raise Invalid.field("tags", f"Use at most {MOST_TAGS} tags ({len(unique)} now).")
    return unique


def category_named(slug: str) -> Category | None:
    """The category with this slug, None for ""."""
    if not slug:
        return None
    category = Category.objects.filter(slug=slug).first() if isinstance(slug, str) else None
    if category is None:
        raise Invalid.field("category", "There is no such category. Choose one of the list.")
    return category


def _checked_slug(slug: str) -> str:
    slug = clean(slug, field="slug", most=40).lower()
    if not SLUG.fullmatch(slug):
        raise Invalid.field("slug", SLUG_RULE)
    if slug in RESERVED:
        raise Conflict(
            "This address is reserved. Choose another.", code="SLUG_TAKEN", fields={"slug": ["Reserved."]}
        )
    return slug


def _free_slug(name: str) -> str:
    stem = slug_from(name)
    if len(stem) < 3:
        stem = f"channel-{stem}".strip("-")
    taken = set(RESERVED)
    for addresses in (Channel.objects, SlugHistory.objects):
        taken |= set(addresses.filter(slug__startswith=stem[:34]).values_list("slug", flat=True))
    if stem not in taken:
        return stem
    stem = stem[:34].rstrip("-")
    return next(s for n in range(2, 100_000) if (s := f"{stem}-{n}") not in taken)


def _checked_language(language: str) -> str:
    if language not in dict(settings.LANGUAGES):
        raise Invalid.field("language", "This language is not offered. Choose one of the list.")
    return language


def _checked_visibility(value: str) -> str:
    if value not in Channel.Visibility.values:
        raise Invalid.field("visibility", "Choose public or unlisted.")
    return value


def _flag(field: str) -> Any:
    def check(value: bool) -> bool:
        if not isinstance(value, bool):
            raise Invalid.field(field, "Say true or false.")
        return value

    return check


_CHECKS = {
    "name": lambda value: clean(value, field="name", most=60, least=2),
    "slug": _checked_slug,
    "description": lambda value: clean(value, field="description", most=2000, lines=True),
    "category": category_named,
    "tags": checked_tags,
    "language": _checked_language,
    "visibility": _checked_visibility,
    "is_mature": _flag("is_mature"),
    "shows_followers": _flag("shows_followers"),
    "links": checked_links,
    "avatar": lambda upload: checked_picture("avatar", upload),
    "banner": lambda upload: checked_picture("banner", upload),
}


def _note_tags(channel: Channel) -> None:
    ChannelTag.objects.filter(channel=channel).exclude(name__in=channel.tags).delete()
    rows = [ChannelTag(channel=channel, name=tag) for tag in channel.tags]
    ChannelTag.objects.bulk_create(rows, ignore_conflicts=True)


def _name_key(name: str) -> str:
    """Names that look alike are one: NFKC, case folded, without spaces."""
    return unicodedata.normalize("NFKC", name).casefold().replace(" ", "")[:60]


def _save(channel: Channel) -> None:
    """Save; the database's constraints decide who was first."""
    taken = Channel.objects.exclude(pk=channel.pk)
    if SlugHistory.objects.filter(slug=channel.slug).exclude(channel=channel.pk).exists():
        raise _slug_taken()
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError:
        if taken.filter(slug=channel.slug).exists():
            raise _slug_taken() from None
        if taken.filter(name_key=channel.name_key).exists():
            raise Conflict(
                "This channel name is already taken. Choose another.",
                code="NAME_TAKEN",
                fields={"name": ["Already taken. Choose another."]},
            ) from None
        raise


def _slug_taken() -> Conflict:
    return Conflict(
        "This channel address is already taken.",
        code="SLUG_TAKEN",
        fields={"slug": ["Already taken. Choose another."]},
    )
