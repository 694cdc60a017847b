"""Where hosted providers tell what happens to their inputs."""

from __future__ import annotations

import time

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.core.errors import DomainError, NotFound
from apps.streams import services
from apps.streams.providers import Event, Provider, ProviderOff, provider_named, site_provider

from .views import find_broadcast

# Events are a few kilobytes; that of a recording lists its tracks.
MOST = 256 * 1024


class BodyTooLarge(DomainError):
    code, status = "BODY_TOO_LARGE", 413

    def __init__(self) -> None:
        super().__init__(f"A webhook has at most {MOST} bytes.")


class ProviderWebhook(APIView):
    """The address to enter at the provider. What it carries is believed for its signature alone."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    # A provider speaks for all channels from a few addresses, and may not repeat what is refused.
    throttle_classes: list[type] = []

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None}, auth=[])
    def post(self, request: Request, provider: str) -> Response:
        """An event of `cloudflare` or `mux`, signed by it (docs/providers.md)."""
        host = provider_named(provider)
        event = _read(request, host)
        if event is not None:
            services.take_event(event, host=host)
        return Response(status=status.HTTP_204_NO_CONTENT)


class StreamWebhook(ProviderWebhook):
    """The same for one stream: events of other channels are refused here."""

    @extend_schema(request=OpenApiTypes.OBJECT, responses={204: None}, auth=[])
    def post(self, request: Request, stream: str) -> Response:
        """An event of this stream's provider, signed by it (docs/providers.md)."""
        host = site_provider()
        if host is None:
            raise ProviderOff("a hosted provider")
        event = _read(request, host)
        channel = find_broadcast(request, stream).channel
        if event is not None:
            if not channel.live_inputs.filter(provider=host.name, external_id=event.input_id).exists():
                raise NotFound("This stream's channel has no such input.", code="INPUT_NOT_FOUND")
            services.take_event(event, host=host)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(request: Request, host: Provider) -> Event | None:
    """The event in the request's body, which is read as it came: the signature is over its bytes."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MOST:
        raise BodyTooLarge()
    body = request._request.read(MOST + 1)
    if len(body) > MOST:
        raise BodyTooLarge()
    return host.read_webhook(request.headers, body, time.time())
