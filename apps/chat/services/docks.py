"""Docks: a secret address that reads and moderates a room as the person who made it."""

from __future__ import annotations

import hashlib
import secrets
from typing import cast

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import Actor, User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.chat.models import Dock
from apps.core import audit
from apps.core.errors import NotFound


def renew_dock(*, actor: Actor, channel: Channel) -> str:
    """A new secret for the actor's dock in this channel; the one before, if any, stops working at once."""
    policies.require(actor, Power.VIEW_MODERATION, channel)
    token = secrets.token_urlsafe(32)
    fresh = {"token_hash": _hash(token), "renewed_at": timezone.now()}
    with transaction.atomic():
        dock, _ = Dock.objects.update_or_create(channel=channel, user=cast(User, actor), defaults=fresh)
        audit.record(actor=actor, action="dock.renew", subject=dock, channel_id=channel.pk)
    return token


def remove_dock(*, actor: Actor, channel: Channel) -> None:
    """Nobody comes in by the actor's dock any more; without one nothing changes."""
    policies.require(actor, Power.VIEW_MODERATION, channel)
    with transaction.atomic():
        dock = Dock.objects.select_for_update().filter(channel=channel, user=cast(User, actor)).first()
        if dock is not None:
            audit.record(actor=actor, action="dock.remove", subject=dock, channel_id=channel.pk)
            dock.delete()


def find_dock(token: str) -> Dock:
    """The dock with this secret, while its person may still moderate there; raises NotFound."""
    docks = Dock.objects.select_related("channel", "user").filter(
        token_hash=_hash(token), user__is_active=True, channel__suspended_at=None
    )
    dock = docks.first()
    if dock is None or not policies.may(dock.user, Power.VIEW_MODERATION, dock.channel):
        raise NotFound("This address was renewed or removed. Copy the new one.", code="DOCK_NOT_FOUND")
    return dock


def _hash(token: str) -> str:
    # 256 random bits need no salt and no slow hash.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
