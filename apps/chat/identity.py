"""Who stands at a socket's door, and in front of which channel: said once, at the handshake."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

import redis
from django.http import parse_cookie

from apps.accounts import tickets
from apps.accounts.models import User
from apps.accounts.sessions import SignIn
from apps.accounts.tokens import validate_access_token
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.services.channels import SLUG
from apps.core.realtime.closing import Close
from apps.core.realtime.connection import Scope
from apps.core.realtime.database import read
from apps.core.realtime.doors import headers
from apps.core.realtime.gather import Gather
from apps.core.realtime.socket import Refused

from . import selectors
from .selectors import Speaker

Query = dict[str, str]

VIEWER_COOKIE = "viewer"
CHANNEL_SECONDS = 5.0
CHANNELS_MOST = 2_000
# Of a crowd, those who come within this time are looked up together: making the question costs more than
# anybody's answer.
PAUSE = 0.016

_channels: dict[str, tuple[float, Channel | None]] = {}


async def channel_of(scope: Scope) -> Channel:
    """The channel whose address, present or former, the socket's path ends with; raises like `channel_at`."""
    slug = scope["path"].rpartition("/")[2].lower()
    # What can't be an address is not looked up: a NUL, which PostgreSQL does not take, would fail everybody
    # who is looked up together with it.
    if not SLUG.fullmatch(slug):
        raise _no_channel()
    return await channel_at(slug)


async def channel_at(slug: str) -> Channel:
    """The channel at this address, present or former; raises Refused when there is none or it is suspended.

    Remembered for CHANNEL_SECONDS: everybody of a room comes back at once after a restart.
    """
    now, remembered = time.monotonic(), _channels
    known = remembered.get(slug)
    if known is None or now - known[0] > CHANNEL_SECONDS:
        if len(remembered) >= CHANNELS_MOST:
            remembered.clear()
        known = remembered[slug] = (now, await _asked_channels.get(slug))
    channel = known[1]
    if channel is None or channel.suspended_at is not None:
        raise _no_channel()
    return channel


def forget_channels() -> None:
    """Look every channel up anew, also what is being read: it may be older."""
    global _channels
    _channels = {}


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody at the door says to be. Nothing may be told or done in that name before `prove` has
    returned; what is to be known of them can be looked up meanwhile."""

    sign_in: SignIn
    # Whether their ticket is used for the first time; None for who came with a token.
    is_first: asyncio.Future[bool] | None

    async def prove(self) -> None:
        """Raises Refused when it is a ticket, and not used for the first time."""
        if self.is_first is None:
            return
        try:
            is_proven = await self.is_first
        except redis.RedisError:  # nobody can say whether it was used
            raise Refused(Close.LATER, "Tickets can't be checked at the moment.") from None
        if not is_proven:
            raise _bad_ticket()


async def claim_of(scope: Scope, query: Query) -> Claim | None:
    """What the ticket or token of a handshake says, None without either. A ticket is used up by it.

    Raises Refused for a wrong one: to go on as somebody anonymous would be a silent demotion.
    """
    if ticket := query.get("ticket"):
        opened = tickets.opened(ticket)
        if opened is None:
            raise _bad_ticket()
        return Claim(opened.sign_in, tickets.use_up(opened))
    kind, _, token = headers(scope).get(b"authorization", b"").decode("latin-1").partition(" ")
    if kind.lower() != "bearer":
        return None
    sign_in = await read(validate_access_token, token.strip())
    if sign_in is None:
        raise Refused(Close.BAD_TICKET, "This token is wrong or expired.")
    return Claim(sign_in, None)


async def speaker_of(user_id: uuid.UUID, channel: Channel) -> Speaker:
    """What the person's messages carry in this channel; raises Refused when the account is gone."""
    speaker = await _asked_speakers.get((user_id, channel))
    if speaker is None:
        raise Refused(Close.FORBIDDEN, "This account can't be used.")
    return speaker


def powers_here(user_id: uuid.UUID, channel: Channel) -> frozenset[Power]:
    """What this person may do in the channel. Blocks."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return policies.powers_of(user, channel) if user else frozenset()


def viewer_of(scope: Scope, query: Query) -> str:
    """The browser's viewer id: its cookie, the `viewer` parameter of a client without cookies, else a new
    one, which makes the socket a viewer of its own."""
    cookies = parse_cookie(headers(scope).get(b"cookie", b"").decode("latin-1"))
    held = cookies.get(VIEWER_COOKIE) or query.get("viewer", "")
    if 8 <= len(held) <= 64 and held.isalnum() and held.isascii():
        return held
    return random.randbytes(8).hex()  # noqa: S311  no secret: it is only counted


def query_of(scope: Scope) -> Query:
    """The address's parameters; of a repeated one the last."""
    try:
        return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), max_num_fields=20))
    except ValueError:  # more than any client of ours sends
        return {}


def after_of(query: Query) -> int | None:
    """`?after=`, the last number that the client has; None when it has none or says nonsense."""
    raw = query.get("after", "")
    return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 19 else None


def since_of(query: Query) -> datetime | None:
    """`?since=`, the timestamp of the last frame that the client has; None without one, or for nonsense."""
    try:
        since = datetime.fromisoformat(query.get("since", ""))
    except ValueError:
        return None
    return since if since.tzinfo else None


def _bad_ticket() -> Refused:
    return Refused(Close.BAD_TICKET, "This ticket is wrong, used or expired.")


def _no_channel() -> Refused:
    return Refused(Close.NOT_FOUND, "There is no such channel.")


async def _find_channels(slugs: list[str]) -> list[Channel | None]:
    return await read(_channels_at, slugs)


def _channels_at(slugs: list[str]) -> list[Channel | None]:
    found = {slug: _channel_at(slug) for slug in set(slugs)}
    return [found[slug] for slug in slugs]


def _channel_at(slug: str) -> Channel | None:
    channels = Channel.objects.all()
    return channels.filter(slug=slug).first() or channels.filter(old_slugs__slug=slug).first()


async def _find_speakers(wanted: list[tuple[uuid.UUID, Channel]]) -> list[Speaker | None]:
    return await read(_speakers_of_all, wanted)


def _speakers_of_all(wanted: list[tuple[uuid.UUID, Channel]]) -> list[Speaker | None]:
    """One look-up a channel; a crowd comes to one."""
    found: dict[tuple[uuid.UUID, uuid.UUID], Speaker | None] = {}
    for channel in {channel.pk: channel for _, channel in wanted}.values():
        ids = [user_id for user_id, asked in wanted if asked.pk == channel.pk]
        for user_id, speaker in zip(ids, selectors.speakers(ids, channel), strict=True):
            found[user_id, channel.pk] = speaker
    return [found[user_id, channel.pk] for user_id, channel in wanted]


_asked_channels = Gather(_find_channels)
_asked_speakers = Gather(_find_speakers, pause=PAUSE)
