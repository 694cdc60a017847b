"""The storyboard of a running broadcast, under the same grant as its picture."""

from __future__ import annotations

import time
import uuid

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from apps.core.errors import NotAllowed, NotFound
from apps.streams import services
from apps.streams.media import grants
from apps.streams.models import Broadcast
from apps.streams.stills import TILE

# Players on other sites may show it, as they may play the picture.
CORS = {"Access-Control-Allow-Origin": "*"}


@require_safe
def storyboard(request: HttpRequest, grant: str, stream: str) -> HttpResponse:
    """What stills there are: files, relative to this address, and the place of every still in them."""
    broadcast_id = _granted(grant, stream)
    broadcast = Broadcast.objects.on_air().filter(pk=broadcast_id, channel__suspended_at=None).first()
    if broadcast is None:
        raise NotFound("This stream is not live.", code="NOT_LIVE")
    sheets = [{"file": sheet.file, "tiles": sheet.tiles} for sheet in broadcast.sheets.all()]
    body = {"width": TILE[0], "height": TILE[1], "sheets": sheets}
    return JsonResponse(body, headers=CORS | {"Cache-Control": "private, max-age=10"})


@require_safe
def storyboard_sheet(request: HttpRequest, grant: str, stream: str, name: str) -> HttpResponse:
    data = services.storyboard_sheet(_granted(grant, stream), name)
    if data is None:
        raise NotFound("There is no such picture.", code="SHEET_NOT_FOUND")
    kept = {"Cache-Control": "private, max-age=3600, immutable"}
    return HttpResponse(data, content_type="image/webp", headers=CORS | kept)


def _granted(grant: str, stream: str) -> uuid.UUID:
    """The stream's id, if the grant is for it; NotAllowed otherwise."""
    try:
        grants.verify(services.grant_key(), stream, grant, now=time.time())
        return uuid.UUID(hex=stream)
    except (grants.GrantRefused, ValueError):
        raise NotAllowed("This playback grant is not valid any more.", code="GRANT_REFUSED") from None
