"""Where encoders knock."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port

from apps.channels.models import Channel

from .providers import site_provider
from .services.inputs import hosted_input


@dataclass(frozen=True, slots=True)
class Doors:
    """The addresses that an encoder publishes to; empty where there is no such door."""

    rtmp: str
    rtmps: str = ""
    srt: str = ""
    """Without the stream id, which is the stream key."""


def doors_for(request: HttpRequest) -> Doors:
    """The doors as the person who asks reaches them.

    RTMP_URL, RTMPS_URL and SRT_URL when they are set; else the host by which that person reached this page,
    because "localhost" is of no use to an encoder on another machine.
    """
    return doors_at(split_domain_port(request.get_host())[0] or "localhost")


def doors_at(host: str) -> Doors:
    """The same for who reaches this machine as `host`."""
    rtmps = _url("rtmps", host, settings.RTMPS_PORT, 443) if settings.RTMPS_CERTIFICATE else ""
    return Doors(
        rtmp=settings.RTMP_URL or _url("rtmp", host, settings.RTMP_PORT, 1935),
        rtmps=settings.RTMPS_URL or rtmps,
        srt=settings.SRT_URL or (f"srt://{host}:{settings.SRT_PORT}" if settings.SRT_PORT else ""),
    )


def doors_of(request: HttpRequest, channel: Channel) -> Doors:
    """Where the channel's stream key belongs: to our own doors, or to that of the hosted provider, which is
    there from the first look at the key on."""
    if site_provider() is None:
        return doors_for(request)
    door = hosted_input(channel)
    return Doors(rtmp=door.ingest_url if door is not None else "")


def own_hosts() -> list[str]:
    """The names by which the outside reaches this platform."""
    urls = [settings.PUBLIC_URL, settings.RTMP_URL, settings.RTMPS_URL, settings.SRT_URL]
    urls.append(settings.MEDIA_URL_BASE)
    return sorted({host for url in urls if (host := urlsplit(url).hostname)})


def _url(scheme: str, host: str, port: int, usual: int) -> str:
    return f"{scheme}://{host}{'' if port == usual else f':{port}'}/live"
