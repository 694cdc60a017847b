"""Where else a person or a channel is found: one link of each kind, checked before it is stored."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from .errors import Invalid

MOST = 200
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!\d)")
# What RFC 3986 lets stand in a path and a query, and the percent sign of what is encoded already.
_PLAIN = "/?:@!$&'()*+,;=-._~%"


@dataclass(frozen=True, slots=True)
class Kind:
    """A place on the web. `hosts` are those that its links may lead to, none: any."""

    key: str
    label: str
    icon: str
    example: str
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A stored link, ready to be shown: `text` is the address without what everybody knows."""

    kind: Kind
    url: str

    @property
    def text(self) -> str:
        return self.url.partition("://")[2].removeprefix("www.").rstrip("/")


KINDS = {
    kind.key: kind
    for kind in (
        Kind("twitch", "Twitch", "tv", "twitch.tv/you", ("twitch.tv",)),
        Kind("youtube", "YouTube", "video", "youtube.com/@you", ("youtube.com", "youtu.be")),
        Kind("x", "X", "link", "x.com/you", ("x.com", "twitter.com")),
        Kind("discord", "Discord", "messages-square", "discord.gg/invitation", ("discord.gg", "discord.com")),
        Kind("github", "GitHub", "code", "github.com/you", ("github.com",)),
        Kind("website", "Website", "globe", "example.org"),
    )
}


def checked_links(given: object) -> dict[str, str]:
    """`{kind: https address}` of what was typed, in the order of KINDS; an empty address is no link.

    An address without a scheme gets https. Raises Invalid that names `links.<kind>` for every address that is
    refused: another scheme than http and https, a name or password in it, a host that is not the kind's (or
    no public name at all), white space, too long.
    """
    if not isinstance(given, Mapping):
        raise Invalid.field("links", "Links are addresses by their kind, such as twitch and website.")
    if unknown := [str(key)[:40] for key in given if key not in KINDS]:
        raise Invalid.field("links", f"There is no link of the kind {unknown[0]}. Use {', '.join(KINDS)}.")
    links: dict[str, str] = {}
    wrong: dict[str, list[str]] = {}
    for kind in KINDS.values():
        try:
            if url := _checked(kind, given.get(kind.key)):
                links[kind.key] = url
        except ValueError as error:
            wrong[f"links.{kind.key}"] = [str(error)]
    if wrong:
        raise Invalid(next(iter(wrong.values()))[0], fields=wrong)
    return links


def shown(links: Mapping[str, str]) -> Iterable[Link]:
    """Stored links in the order of KINDS."""
    return [Link(kind, links[key]) for key, kind in KINDS.items() if key in links]


def _checked(kind: Kind, typed: Any) -> str:
    """The address as it is stored, "" for none; ValueError says what is wrong with it."""
    if typed is None:
        return ""
    if not isinstance(typed, str):
        raise ValueError(f"{kind.label}: type an address, such as {kind.example}.")
    url = typed.strip()
    if not url:
        return ""
    if len(url) > MOST:
        raise ValueError(f"Use an address of at most {MOST} characters ({len(url)} now).")
    parts = _parts(kind, url)
    host = _host(kind, parts)
    end = quote(parts.path, safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")
    # A known place is there under https; of a website nobody knows.
    scheme = "https" if kind.hosts else parts.scheme
    return f"{scheme}://{host}{f':{parts.port}' if parts.port else ''}{end}"


def _parts(kind: Kind, url: str) -> SplitResult:
    wrong = ValueError(f"This is no web address. Type one such as {kind.example}.")
    if any(character.isspace() or not character.isprintable() or character in '\\"<>`' for character in url):
        raise wrong
    if not re.match(r"https?://", url, re.IGNORECASE):
        if _SCHEME.match(url):
            raise ValueError("Use an address that begins with https://.")
        url = f"https://{url.lstrip('/')}"
    try:
        parts = urlsplit(url)
        _ = parts.port  # is a number, or raises
    except ValueError:
        raise wrong from None
    if parts.username is not None or parts.password is not None:
        raise ValueError("Leave out the name and password in front of the @.")
    if kind.hosts and parts.port:
        raise wrong
    return parts


def _host(kind: Kind, parts: SplitResult) -> str:
    """The host in the letters of the DNS, so that none looks like another (RFC 5891)."""
    try:
        host = (parts.hostname or "").encode("idna").decode().rstrip(".")
    except UnicodeError:
        host = ""
    if kind.hosts and not any(host == own or host.endswith(f".{own}") for own in kind.hosts):
        raise ValueError(f"This does not lead to {kind.label}. Type an address such as {kind.example}.")
    labels = host.split(".")
    if len(labels) < 2 or not all(map(_LABEL.fullmatch, labels)) or _is_number(host):
        raise ValueError(f"This is no public web address. Type one such as {kind.example}.")
    return host


def _is_number(host: str) -> bool:
    """Whether the host is an IP address in any of its spellings: no top level of the DNS is a number."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.rpartition(".")[2].isdigit()
    return True
