"""Where encoders knock."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port


def rtmp_url(request: HttpRequest) -> str:
    """The address that an encoder publishes to, for the person who asks.

    RTMP_URL when it is set; else the host by which that person reached this page, because "localhost" is
    of no use to an encoder on another machine.
    """
    if settings.RTMP_URL:
        return str(settings.RTMP_URL)
    return local_rtmp_url(split_domain_port(request.get_host())[0] or "localhost")


def own_hosts() -> list[str]:
    """The names by which the outside reaches this platform."""
    urls = [settings.PUBLIC_URL, settings.RTMP_URL, settings.MEDIA_URL_BASE]
    return sorted({host for url in urls if (host := urlsplit(url).hostname)})


def local_rtmp_url(host: str) -> str:
    port = "" if settings.RTMP_PORT == 1935 else f":{settings.RTMP_PORT}"
    return f"rtmp://{host}{port}/live"
