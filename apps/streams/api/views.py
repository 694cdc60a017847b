"""Streams over the API: each view loads through a door, calls one verb and answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from apps.accounts.reauthentication import require_recent_proof
from apps.channels import policies
from apps.channels.api.views import PAGE, parsed
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.selectors import find_channel
from apps.core import presence
from apps.core.errors import Conflict, Invalid, NotFound
from apps.core.pagination import PageEnvelope
from apps.core.throttles import PlaybackReports, StreamControl
from apps.core.viewers import viewer_id
from apps.streams import services
from apps.streams.audience import Stall, next_report, note_playback
from apps.streams.doors import Doors, doors_for, doors_of
from apps.streams.health import graph_of, health_of
from apps.streams.models import Broadcast, StreamKey
from apps.streams.monitors import shown_point

from . import serializers as shapes

SORTS = {
    "trending": ["-trend", "-viewer_count"],
    "viewers": ["-viewer_count", "-started_at"],
    "new": ["-started_at"],
}


def find_broadcast(request: Request, stream: str) -> Broadcast:
    """The broadcast with this id on a channel that the caller may see."""
    try:
        broadcast = Broadcast.objects.with_channel().get(
            pk=uuid.UUID(stream), channel__in=Channel.objects.reachable_by(request.user)
        )
    except (ValueError, Broadcast.DoesNotExist):
        raise NotFound("There is no such stream.", code="STREAM_NOT_FOUND") from None
    return broadcast


def shown(request: Request, broadcast: Broadcast) -> dict[str, Any]:
    return shapes.StreamSerializer(broadcast, context=_viewer(request)).data


def shown_all(request: Request, broadcasts: Iterable[Broadcast]) -> list[Any]:
    return list(shapes.StreamSerializer(broadcasts, many=True, context=_viewer(request)).data)


def _viewer(request: Request) -> dict[str, services.Viewer]:
    return {"viewer": services.Viewer(request.user, viewer_id(request))}


class Streams(APIView):
    @extend_schema(
        responses=shapes.StreamSerializer(many=True),
        parameters=[
            *PAGE,
            OpenApiParameter("status", str, enum=["live", "ended"]),
            OpenApiParameter("sort", str, enum=sorted(SORTS)),
            OpenApiParameter("category", str),
            OpenApiParameter("tag", str),
            OpenApiParameter("language", str),
            OpenApiParameter("mature", str, enum=["1"], description="1: mature channels, too"),
        ],
    )
    def get(self, request: Request) -> Response:
        pages = PageEnvelope()
        page = pages.paginate_queryset(self._wanted(request), request)
        return pages.get_paginated_response(shown_all(request, page))

    @extend_schema(request=shapes.NewStreamSerializer, responses={201: shapes.StreamSerializer})
    def post(self, request: Request) -> Response:
        fields = parsed(shapes.NewStreamSerializer(data=request.data))
        channel = find_channel(viewer=request.user, slug_or_id=fields.pop("channelId"))
        broadcast = services.open_broadcast(actor=request.user, channel=channel, **fields)
        return Response(shown(request, broadcast), status=status.HTTP_201_CREATED)

    def get_throttles(self) -> list[BaseThrottle]:
        return [StreamControl()] if self.request.method == "POST" else super().get_throttles()

    def _wanted(self, request: Request) -> QuerySet[Broadcast]:
        asked = request.query_params
        streams = Broadcast.objects.with_channel()
        match asked.get("status", "live"):
            case "live":
                streams = streams.showing()
            case "ended":
                streams = streams.listed().aired().filter(status="ARCHIVED")
            case _:
                raise Invalid.field("status", "status is live or ended.")
        sort = asked.get("sort", "trending")
        if sort not in SORTS:
            raise Invalid.field("sort", f"sort is one of {', '.join(sorted(SORTS))}.")
        if asked.get("mature") != "1":
            streams = streams.filter(channel__is_mature=False)
        if category := asked.get("category"):
            streams = streams.in_category(category)
        if language := asked.get("language"):
            streams = streams.filter(language=language)
        if tag := asked.get("tag"):
            streams = streams.tagged(tag)
        return streams.order_by(*SORTS[sort], "-id")


class OneStream(APIView):
    @extend_schema(responses=shapes.StreamSerializer)
    def get(self, request: Request, stream: str) -> Response:
        return Response(shown(request, find_broadcast(request, stream)))

    @extend_schema(request=shapes.StreamChangesSerializer, responses=shapes.StreamSerializer)
    def patch(self, request: Request, stream: str) -> Response:
        broadcast = find_broadcast(request, stream)
        changes = parsed(shapes.StreamChangesSerializer(data=request.data))
        if not changes:
            raise Invalid("Name at least one field to change.", code="NOTHING_TO_CHANGE")
        return Response(
            shown(request, services.edit_broadcast(actor=request.user, broadcast=broadcast, **changes))
        )

    @extend_schema(responses={200: shapes.StreamSerializer})
    def delete(self, request: Request, stream: str) -> Response:
        """Ends the stream."""
        return end(request, stream)

    def get_throttles(self) -> list[BaseThrottle]:
        return super().get_throttles() if self.request.method == "GET" else [StreamControl()]


def end(request: Request, stream: str) -> Response:
    broadcast = services.end_broadcast(actor=request.user, broadcast=find_broadcast(request, stream))
    return Response(shown(request, broadcast))


class EndStream(APIView):
    throttle_classes = [StreamControl]

    @extend_schema(request=None, responses=shapes.StreamSerializer)
    def post(self, request: Request, stream: str) -> Response:
        return end(request, stream)


class StreamState(APIView):
    throttle_classes = [StreamControl]

    @extend_schema(request=shapes.NewStatusSerializer, responses=shapes.StreamSerializer)
    def put(self, request: Request, stream: str) -> Response:
        """Ends the stream. That it goes live is the encoder's doing."""
        broadcast = find_broadcast(request, stream)
        policies.require(request.user, Power.END_BROADCAST, broadcast.channel)
        wanted = request.data.get("status") if isinstance(request.data, dict) else None
        if wanted in ("OFFLINE", "LIVE"):
            raise Conflict("A stream becomes live when its encoder publishes.", code="BAD_TRANSITION")
        parsed(shapes.NewStatusSerializer(data=request.data))
        return end(request, stream)


class StreamHls(APIView):
    @extend_schema(
        responses=shapes.HlsSerializer,
        parameters=[OpenApiParameter("preview", str, description="1: for the crew, who is not counted")],
    )
    def get(self, request: Request, stream: str) -> Response:
        broadcast = find_broadcast(request, stream)
        viewer = services.Viewer(request.user, viewer_id(request))
        if request.query_params.get("preview") == "1":
            url = services.preview_url(actor=request.user, broadcast=broadcast)
        else:
            url = services.playback_url(broadcast=broadcast, viewer=viewer)
        if not url:
            raise Conflict("This stream can't be played at the moment.", code="NOT_LIVE")
        stills = services.storyboard_url(broadcast=broadcast, viewer=viewer)
        return Response(
            {
                "hlsUrl": url,
                "plainUrl": services.plain_beside(url),
                "storyboardUrl": stills,
                "expiresIn": settings.PLAYBACK_GRANT_SECONDS,
            },
            headers={"Cache-Control": "no-store"},
        )


class StreamViewers(APIView):
    @extend_schema(responses=shapes.ViewersSerializer)
    def get(self, request: Request, stream: str) -> Response:
        broadcast = find_broadcast(request, stream)
        samples = broadcast.samples.order_by("-minute")[: 24 * 60]
        return Response(
            {
                "count": presence.count(broadcast.channel_id) if broadcast.is_live else 0,
                "proven": presence.count_proven(broadcast.channel_id) if broadcast.is_live else 0,
                "peak": broadcast.peak_viewers,
                "unique": broadcast.unique_viewers,
                "samples": [{"minute": s.minute, "viewers": s.viewers} for s in reversed(samples)],
            }
        )


class StreamHealth(APIView):
    @extend_schema(responses=shapes.HealthSerializer)
    def get(self, request: Request, stream: str) -> Response:
        broadcast = find_broadcast(request, stream)
        policies.require(request.user, Power.VIEW_DASHBOARD, broadcast.channel)
        return Response(whole_health(broadcast.pk))


def whole_health(stream_id: uuid.UUID) -> dict[str, Any]:
    """What is known of a broadcast or a rehearsal now, with its graph."""
    return health_of(stream_id) | {"history": [shown_point(point) for point in graph_of(stream_id)]}


class StreamPlayback(APIView):
    permission_classes = [AllowAny]
    throttle_classes = [PlaybackReports]

    @extend_schema(request=shapes.PlaybackSerializer, responses=shapes.PlaybackAnswerSerializer)
    def post(self, request: Request, stream: str) -> Response:
        """A player tells how it went since it last did. For statistics only; anybody may."""
        broadcast = find_broadcast(request, stream)
        told = parsed(shapes.PlaybackSerializer(data=request.data))
        if not broadcast.is_live:
            raise Conflict("This stream is not live at the moment.", code="NOT_LIVE")
        delay = told.get("delaySeconds")
        note_playback(
            broadcast_id=broadcast.pk,
            viewer=viewer_id(request),
            stalls=[Stall(stall["secondsAgo"], stall["seconds"]) for stall in told["stalls"]],
            delay_ms=round(delay * 1000) if delay is not None else None,
        )
        return Response({"nextSeconds": next_report(broadcast.viewer_count)})


class StreamStatus(APIView):
    @extend_schema(
        responses=shapes.StreamStatusSerializer, parameters=[OpenApiParameter("channel", str, required=True)]
    )
    def get(self, request: Request) -> Response:
        slug = request.query_params.get("channel", "")
        if not slug:
            raise Invalid.field("channel", "Name the channel: ?channel=its-slug")
        channel = find_channel(viewer=request.user, slug_or_id=slug)
        broadcast = Broadcast.objects.with_channel().on_air().filter(channel=channel).first()
        if broadcast is None:
            return Response({"isLive": False})
        return Response({"isLive": True, "stream": shown(request, broadcast)})


class ChannelStreams(APIView):
    @extend_schema(responses=shapes.StreamSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, channel: str) -> Response:
        """The channel's broadcasts, newest first."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        pages = PageEnvelope()
        streams = Broadcast.objects.with_channel().aired().filter(channel=found).order_by("-id")
        page = pages.paginate_queryset(streams, request)
        return pages.get_paginated_response(shown_all(request, page))


class ChannelKey(APIView):
    throttle_classes = [StreamControl]
    kind = StreamKey.Kind.MAIN

    @extend_schema(responses=shapes.KeySerializer)
    def get(self, request: Request, channel: str) -> Response:
        """The key, to a session that has lately shown whose it is (403 `REAUTHENTICATION_REQUIRED`)."""
        found = self._channel(request, channel)
        key = services.reveal_key(actor=request.user, channel=found, kind=self.kind)
        return key_answer(key, self.doors(request, found))

    @extend_schema(request=None, responses=shapes.KeySerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Replaces the key; the old one stops at once."""
        found = self._channel(request, channel)
        key = services.rotate_key(actor=request.user, channel=found, kind=self.kind)
        return key_answer(key, self.doors(request, found))

    def doors(self, request: Request, channel: Channel) -> Doors:
        return doors_of(request, channel)

    def _channel(self, request: Request, channel: str) -> Channel:
        found = find_channel(viewer=request.user, slug_or_id=channel)
        require_recent_proof(request)
        return found


def key_answer(key: str, doors: Doors) -> Response:
    """A key in clear, and where it is sent to; nobody on the way keeps it."""
    return Response(
        {
            "streamKey": key,
            "rtmpUrl": doors.rtmp,
            "rtmpsUrl": doors.rtmps or None,
            "srtUrl": doors.srt or None,
        },
        headers={"Cache-Control": "no-store"},
    )


class ChannelBackupKey(ChannelKey):
    """The key of a second encoder, which stands by and takes over while the first one is away."""

    kind = StreamKey.Kind.BACKUP


class ChannelTestKey(ChannelKey):
    """The key of rehearsals: what is published with it, only the channel's crew can see."""

    kind = StreamKey.Kind.REHEARSAL

    def doors(self, request: Request, channel: Channel) -> Doors:
        return doors_for(request)


class ChannelRehearsal(APIView):
    @extend_schema(responses=shapes.ChannelRehearsalSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """The last rehearsal, for the channel's crew: its verdict, and its picture while it is running."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        rehearsal = services.rehearsal_of(actor=request.user, channel=found)
        told: dict[str, Any] = {"rehearsal": None, "hlsUrl": None, "health": None}
        if rehearsal is not None:
            told["rehearsal"] = shapes.RehearsalSerializer(rehearsal).data
            if not rehearsal.is_over:
                told["health"] = whole_health(rehearsal.pk)
            if rehearsal.state == "running":
                told["hlsUrl"] = services.rehearsal_url(actor=request.user, rehearsal=rehearsal)
        told["expiresIn"] = settings.PLAYBACK_GRANT_SECONDS
        return Response(told, headers={"Cache-Control": "no-store"})
