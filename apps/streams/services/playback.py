"""The door to the picture: who may watch gets an address that works for some minutes."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from functools import cached_property

from django.conf import settings
from django.urls import reverse

from apps.accounts.models import Actor
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core.errors import Conflict, NotAllowed, NotFound
from apps.core.sealing import derived
from apps.moderation.selectors import Standing, bans_of, standing_of
from apps.streams.media import grants
from apps.streams.media.playlists import MULTIVARIANT, PLAIN
from apps.streams.models import Broadcast
from apps.streams.providers import site_provider


@dataclass
class Viewer:
    """Who asks for pictures, counted as `id`. One for a request: it remembers who bans them."""

    actor: Actor
    id: str
    _known: dict[uuid.UUID, bool] = field(default_factory=dict, init=False)

    @cached_property
    def _bans(self) -> set[uuid.UUID]:
        return bans_of(self.actor)

    def is_banned_from(self, channel: Channel) -> bool:
        known = self._known.get(channel.pk)
        return channel.pk in self._bans if known is None else known

    def standing_in(self, channel: Channel) -> Standing | None:
        """What keeps them from writing in the channel, None for everybody else. Whether that is a ban is
        known from then on."""
        standing = None
        if self.actor.is_authenticated:
            standing = standing_of([self.actor.pk], channel).get(self.actor.pk)
        self._known[channel.pk] = standing is not None and standing.banned
        return standing


def playback_url(*, broadcast: Broadcast, viewer: Viewer) -> str:
    """The multivariant playlist's address, valid for PLAYBACK_GRANT_SECONDS and for this viewer.

    A hosted provider's own address is open to all who have it, and "" once the site has left the provider.
    Raises Conflict NOT_LIVE when nothing can be played, NotFound when the channel is suspended, and
    NotAllowed BANNED.
    """
    if viewer.is_banned_from(broadcast.channel):
        raise NotAllowed("You are banned from this channel.", code="BANNED")
    return _playlist(broadcast, viewer)


def plain_beside(url: str) -> str:
    """The plain playlist under the same grant as this `playback_url`; "" where a provider has the picture."""
    folder, _, name = url.rpartition("/")
    return f"{folder}/{PLAIN}" if name == MULTIVARIANT and "/live/" in folder else ""


def storyboard_url(*, broadcast: Broadcast, viewer: Viewer) -> str:
    """The address of its stills' index, for who has a `playback_url`, and valid as long; "" where a provider
    has the picture."""
    if broadcast.provider:
        return ""
    return reverse("streams:storyboard", args=[_grant(broadcast, viewer), broadcast.pk.hex])


def preview_url(*, actor: Actor, broadcast: Broadcast) -> str:
    """Like `playback_url` for the channel's crew, who are no viewers of their own picture.

    Raises NotAllowed or SignInNeeded for everybody else.
    """
    policies.require(actor, Power.VIEW_DASHBOARD, broadcast.channel)
    return _playlist(broadcast, Viewer(actor, grants.UNCOUNTED))


def _playlist(broadcast: Broadcast, viewer: Viewer) -> str:
    if broadcast.channel.suspended_at is not None:
        raise NotFound("There is no such stream.", code="STREAM_NOT_FOUND")
    if not broadcast.is_live:
        raise Conflict("This stream is not live at the moment.", code="NOT_LIVE")
    if broadcast.provider:
        return _hosted_url(broadcast)
    stream_id = broadcast.pk.hex
    return f"{broadcast.media_base}/live/{_grant(broadcast, viewer)}/{stream_id}/{MULTIVARIANT}"


def _hosted_url(broadcast: Broadcast) -> str:
    host = site_provider()
    is_there = host is not None and host.name == broadcast.provider
    return host.playback_url(broadcast.playback_id) if host and is_there else ""


def _grant(broadcast: Broadcast, viewer: Viewer) -> str:
    expires = int(time.time()) + settings.PLAYBACK_GRANT_SECONDS
    return grants.sign(grant_key(), broadcast.pk.hex, viewer.id, expires)


def grant_key() -> bytes:
    """The key of playback grants: pages sign with it, ingest nodes and edges verify with it. GRANT_KEY, or
    else made of SECRET_KEY, which it does not tell."""
    return bytes.fromhex(settings.GRANT_KEY) or derived("playback-grant")
