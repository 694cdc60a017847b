"""A raid as it is told, in the API and on sockets."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from apps.channels.models import Channel
from apps.core.realtime.frames import iso

from .models import Raid


def raid_payload(raid: Raid) -> dict[str, Any]:
    """`{id, state, source, target, url, viewers, dueAt}` of a raid loaded `with_names`; `url` is where its
    viewers go."""
    return {
        "id": str(raid.pk),
        "state": raid.state,
        "source": _brief(raid.source),
        "target": _brief(raid.target),
        "url": address_of(raid),
        "viewers": raid.viewers,
        "dueAt": iso(raid.due_at),
    }


def address_of(raid: Raid) -> str:
    """The page that the viewers come to, marked with what brought them."""
    return f"{reverse('streams:watch', args=[raid.target.slug])}?raid={raid.pk}"


def _brief(channel: Channel) -> dict[str, Any]:
    return {
        "id": str(channel.pk),
        "slug": channel.slug,
        "name": channel.name,
        "avatarUrl": channel.avatar_url,
        "isMature": channel.is_mature,
    }
