"""Where a channel's stream is forwarded to, and how that is going."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.core import audit
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.sealing import box
from apps.core.text import clean
from apps.streams.media.egress import is_allowed_port, is_public
from apps.streams.media.ports import RelayInfo, Target
from apps.streams.models import SimulcastTarget

if TYPE_CHECKING:
    from apps.accounts.models import Actor

MOST = 5
NAME_LENGTH, URL_LENGTH, KEY_LENGTH = 40, 255, 250
KEPT_SECONDS = 10
# Of a key this long, the last letters tell its owner which one it is, and nobody else anything.
_SHOWS_ITS_ENDING = 16
_PORTS = {"rtmp": 1935, "rtmps": 443}


@dataclass(frozen=True, slots=True)
class Forwarding:
    """A target with how it is doing: `off`, or a state of `RelayInfo`."""

    target: SimulcastTarget
    state: str
    reason: str
    next_attempt_at: datetime | None


def add_target(*, actor: Actor, channel: Channel, name: str, url: str, key: str) -> SimulcastTarget:
    """Forward the channel's stream there from now on, at once when it is live."""
    policies.require(actor, Power.SIMULCAST, channel)
    target = SimulcastTarget(channel=channel, name=_name(name), url=_url(url))
    _seal(target, key)
    with transaction.atomic():
        Channel.objects.hold(channel.pk)
        if channel.simulcast_targets.count() >= MOST:
            raise Conflict(
                f"A channel has at most {MOST} targets. Remove one first.", code="TOO_MANY_TARGETS"
            )
        target.save()
        audit.record(
            actor=actor,
            action="simulcast.added",
            subject=target,
            channel_id=channel.pk,
            name=target.name,
            url=target.url,
        )
    return target


def change_target(*, actor: Actor, target: SimulcastTarget, **changes: str) -> SimulcastTarget:
    """Change any of name, url, key; what is being forwarded is begun anew."""
    policies.require(actor, Power.SIMULCAST, target.channel)
    if "url" in changes and "key" not in changes and _url(changes["url"]) != target.url:
        # Whoever takes over a session must not have the key sent to a server of theirs.
        raise Invalid.field("key", "Enter the key again: it is sent to another server now.")
    with transaction.atomic():
        target = _held(target)
        if "name" in changes:
            target.name = _name(changes["name"])
        if "url" in changes:
            target.url = _url(changes["url"])
        if "key" in changes:
            _seal(target, changes["key"])
        target.revision += 1
        target.save()
        _record(actor, "simulcast.changed", target, fields=sorted(changes))
    return target


def switch_target(*, actor: Actor, target: SimulcastTarget, on: bool) -> SimulcastTarget:
    """Forward there or not; switching on one that has failed tries it again."""
    policies.require(actor, Power.SIMULCAST, target.channel)
    with transaction.atomic():
        target = _held(target)
        target.is_on = on
        target.revision += 1
        target.save(update_fields=["is_on", "revision"])
        _record(actor, "simulcast.switched", target, on=on)
    return target


def remove_target(*, actor: Actor, target: SimulcastTarget) -> None:
    policies.require(actor, Power.SIMULCAST, target.channel)
    with transaction.atomic():
        target = _held(target)
        _record(actor, "simulcast.removed", target)
        target.delete()


def target_of(*, actor: Actor, channel: Channel, target_id: str | uuid.UUID) -> SimulcastTarget:
    """The channel's target with this id, for who may manage it."""
    policies.require(actor, Power.SIMULCAST, channel)
    try:
        return channel.simulcast_targets.select_related("channel").get(pk=uuid.UUID(str(target_id)))
    except (ValueError, SimulcastTarget.DoesNotExist):
        raise NotFound("There is no such target.", code="TARGET_NOT_FOUND") from None


def forwardings(*, actor: Actor, channel: Channel) -> list[Forwarding]:
    """The channel's targets and how they are doing."""
    policies.require(actor, Power.SIMULCAST, channel)
    targets = list(channel.simulcast_targets.select_related("channel"))
    told = cache.get_many([_key(target.pk) for target in targets])
    return [_forwarding(target, told.get(_key(target.pk))) for target in targets]


def forwarding_of(target: SimulcastTarget) -> Forwarding:
    return _forwarding(target, cache.get(_key(target.pk)))


def remember_relays(relays: Iterable[RelayInfo]) -> None:
    """Keep what a node says of its relays, all in one round trip; it says so every other second."""
    told = {_key(uuid.UUID(info.target_id)): _told(info) for info in relays}
    if told:
        cache.set_many(told, KEPT_SECONDS)


def wanted_targets(
    channels: Iterable[uuid.UUID], known: Mapping[str, Target]
) -> dict[uuid.UUID, list[Target]]:
    """What each of these channels wants its stream forwarded to; keys of what is `known` stay sealed."""
    wanted: dict[uuid.UUID, list[Target]] = {}
    for row in SimulcastTarget.objects.filter(channel__in=channels, is_on=True):
        target = known.get(row.pk.hex)
        if target is None or target.revision != row.revision:
            target = _opened(row)
        if target is not None:
            wanted.setdefault(row.channel_id, []).append(target)
    return wanted


def _opened(row: SimulcastTarget) -> Target | None:
    try:
        key = box("simulcast-key-box").decrypt(row.key_encrypted.encode()).decode()
    except InvalidToken:  # SECRET_KEY was changed: its owner has to enter the key again
        return None
    return Target(row.pk.hex, row.revision, row.url, key)


def _held(target: SimulcastTarget) -> SimulcastTarget:
    held = SimulcastTarget.objects.select_for_update(of=("self",)).select_related("channel")
    found = held.filter(pk=target.pk).first()
    if found is None:
        raise NotFound("There is no such target.", code="TARGET_NOT_FOUND")
    return found


def _record(actor: Actor, action: str, target: SimulcastTarget, **details: Any) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject=target,
        channel_id=target.channel_id,
        name=target.name,
        url=target.url,
        **details,
    )


def _seal(target: SimulcastTarget, key: str) -> None:
    key = key.strip()
    if not 1 <= len(key) <= KEY_LENGTH or not key.isascii() or not key.isprintable() or " " in key:
        raise Invalid.field("key", "This is no stream key. Copy it from the other platform again.")
    target.key_encrypted = box("simulcast-key-box").encrypt(key.encode()).decode()
    target.key_ending = key[-4:] if len(key) >= _SHOWS_ITS_ENDING else ""


def _name(name: str) -> str:
    return clean(name, field="name", most=NAME_LENGTH, least=1)


def _url(url: str) -> str:
    """The address if a stream could be forwarded there; the connection itself is judged again each time."""
    url = url.strip().rstrip("/")
    refused = Invalid.field("url", "Use an address like rtmp://live.example.com/app, without the key.")
    if len(url) > URL_LENGTH or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise refused
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise refused from None
    if not parts.hostname or not parts.path.strip("/") or "@" in parts.netloc or "?" in url or "#" in url:
        raise refused
    if settings.SIMULCAST_ALLOW_PRIVATE:
        return url
    if not is_allowed_port(port):
        raise Invalid.field("url", "Streams are forwarded to port 1935, 443 or one above 1023.")
    is_name = any(letter.isalpha() for letter in parts.hostname) and ":" not in parts.hostname
    if parts.hostname == "localhost" or (not is_name and not is_public(parts.hostname)):
        raise Invalid.field("url", "This address is not on the public internet.")
    return url


def _forwarding(target: SimulcastTarget, told: dict[str, Any] | None) -> Forwarding:
    if not target.is_on:
        return Forwarding(target, "off", "", None)
    if told is None or told["revision"] != target.revision:
        return Forwarding(target, "waiting", "", None)
    at = told["at"]
    return Forwarding(target, told["state"], told["reason"], datetime.fromtimestamp(at, UTC) if at else None)


def _told(info: RelayInfo) -> dict[str, Any]:
    return {
        "revision": info.revision,
        "state": info.state,
        "reason": info.reason,
        "at": info.next_attempt_at,
    }


def _key(target_id: uuid.UUID) -> str:
    return f"simulcast:{target_id.hex}"
