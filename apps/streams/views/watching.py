"""What everybody sees of a channel on air: the watch page, the player in other people's pages."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_POST, require_safe

from apps.channels.gate import asks_first, remember_yes
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.selectors import find_channel, ties_of
from apps.core.errors import NotFound
from apps.core.forms import next_address
from apps.core.viewers import viewer_id
from apps.streams import services
from apps.streams.models import Broadcast


@require_safe
def watch(request: HttpRequest, slug: str) -> HttpResponse:
    channel = find_channel(viewer=request.user, slug_or_id=slug)
    if channel.slug != slug:
        return redirect("streams:watch", channel.slug, permanent=True)
    if asks_first(request, channel):
        return render(request, "streams/mature.html", {"channel": channel})
    ties = ties_of(request.user, channel)
    viewer = services.Viewer(request.user, viewer_id(request))
    standing = viewer.standing_in(channel)
    context = _stage(channel, viewer) | {
        "standing": standing,
        "bell": ties.bell,
        "may_manage": Power.VIEW_DASHBOARD in ties.powers,
        "may_moderate": Power.VIEW_MODERATION in ties.powers,
        "is_owner": channel.owner_id == request.user.pk,
        "page_url": request.build_absolute_uri(request.path),
        "embed_url": request.build_absolute_uri(reverse("streams:embed", args=[channel.slug])),
    }
    return render(request, "streams/watch.html", context)


@require_safe
@xframe_options_exempt
@csp_replace({"frame-ancestors": ["*"]})  # type: ignore[arg-type]  # it is typed for views without arguments
def embed(request: HttpRequest, slug: str) -> HttpResponse:
    try:
        channel = find_channel(viewer=request.user, slug_or_id=slug)
    except NotFound as refusal:
        # Here, where other sites may show it: the page that every refusal gets is not for their frames.
        return render(request, "streams/embed_refused.html", {"refusal": refusal}, status=refusal.status)
    if asks_first(request, channel):
        return render(request, "streams/mature.html", {"channel": channel, "is_embedded": True})
    context = _stage(channel, services.Viewer(request.user, viewer_id(request))) | {
        "page_url": request.build_absolute_uri(reverse("streams:watch", args=[channel.slug]))
    }
    return render(request, "streams/embed.html", context)


@require_POST
def accept_mature(request: HttpRequest, slug: str) -> HttpResponse:
    """The person wants to see channels for a mature audience; asked again after a day."""
    response = redirect(next_address(request, reverse("streams:watch", args=[slug])))
    remember_yes(response)
    return response


def _stage(channel: Channel, viewer: services.Viewer) -> dict[str, Any]:
    """The channel, its open broadcast and the addresses of its picture and its stills ("" without one)."""
    broadcast = Broadcast.objects.open().filter(channel=channel).select_related("category").first()
    hls_url = storyboard_url = ""
    is_banned = False
    if broadcast is not None:
        broadcast.channel = channel
        if broadcast.is_live and channel.suspended_at is None:
            is_banned = viewer.is_banned_from(channel)
            if not is_banned:
                hls_url = services.playback_url(broadcast=broadcast, viewer=viewer)
                storyboard_url = services.storyboard_url(broadcast=broadcast, viewer=viewer)
    return {
        "is_banned": is_banned,
        "channel": channel,
        "broadcast": broadcast,
        "hls_url": hls_url,
        "storyboard_url": storyboard_url,
    }
