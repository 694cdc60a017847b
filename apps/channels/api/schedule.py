"""A channel's schedule over the API."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.channels import services
from apps.channels.models import Channel, ScheduledBroadcast
from apps.channels.selectors import find_channel, find_scheduled
from apps.core.errors import Invalid
from apps.core.pagination import PageEnvelope

from .views import PAGE, parsed


@extend_schema_field({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$", "example": "18:00"})
class ClockField(serializers.TimeField):
    """A time of day to the minute."""

    def __init__(self, **options: Any) -> None:
        super().__init__(format="%H:%M", input_formats=["%H:%M"], **options)


class ScheduledSerializer(serializers.ModelSerializer):
    """`startTime` is that of a clock in `timeZone`; `nextAt` is when it takes place next, in UTC."""

    id = serializers.CharField(read_only=True)
    category: Any = serializers.SlugRelatedField("slug", read_only=True, allow_null=True)
    firstOn = serializers.DateField(source="first_on", read_only=True)
    lastOn = serializers.DateField(source="last_on", read_only=True, allow_null=True)
    startTime = ClockField(source="start_time", read_only=True)
    timeZone = serializers.CharField(source="time_zone", read_only=True)
    durationMinutes = serializers.IntegerField(source="duration_minutes", read_only=True)
    cancelledOn = serializers.ListField(child=serializers.DateField(), source="cancelled_on", read_only=True)
    nextAt = serializers.SerializerMethodField()

    class Meta:
        model = ScheduledBroadcast
        fields = [
            "id",
            "title",
            "category",
            "repeats",
            "firstOn",
            "lastOn",
            "startTime",
            "timeZone",
            "durationMinutes",
            "cancelledOn",
            "nextAt",
        ]

    def get_nextAt(self, scheduled: ScheduledBroadcast) -> datetime | None:
        days = scheduled.occurrences(timezone.now())
        return next((day.starts_at for day in days if not day.is_cancelled), None)


class ScheduledChangesSerializer(serializers.Serializer):
    title = serializers.CharField(max_length=1000, required=False)
    category = serializers.CharField(max_length=100, required=False, allow_blank=True)
    repeats = serializers.ChoiceField(choices=ScheduledBroadcast.Repeats.choices, required=False)
    firstOn = serializers.DateField(source="first_on", required=False)
    lastOn = serializers.DateField(source="last_on", required=False, allow_null=True)
    startTime = ClockField(source="start_time", required=False)
    timeZone = serializers.CharField(source="time_zone", required=False, max_length=100)
    durationMinutes = serializers.IntegerField(source="duration_minutes", required=False)


class NewScheduledSerializer(ScheduledChangesSerializer):
    title = serializers.CharField(max_length=1000)
    firstOn = serializers.DateField(source="first_on")
    startTime = ClockField(source="start_time")
    timeZone = serializers.CharField(source="time_zone", max_length=100)
    durationMinutes = serializers.IntegerField(source="duration_minutes")


class ChannelSchedule(APIView):
    @extend_schema(responses=ScheduledSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, channel: str) -> Response:
        """What the channel plans, the newest plan first; what is over is left out."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        coming = found.schedule.coming(timezone.now()).select_related("category")
        pages = PageEnvelope()
        page = pages.paginate_queryset(coming, request)
        return pages.get_paginated_response(list(ScheduledSerializer(page, many=True).data))

    @extend_schema(request=NewScheduledSerializer, responses={201: ScheduledSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Plan a broadcast, for its owner and editors."""
        found = find_channel(viewer=request.user, slug_or_id=channel)
        fields = parsed(NewScheduledSerializer(data=request.data))
        scheduled = services.schedule_broadcast(actor=request.user, channel=found, **fields)
        return Response(ScheduledSerializer(scheduled).data, status=status.HTTP_201_CREATED)


class OneScheduled(APIView):
    @extend_schema(responses=ScheduledSerializer)
    def get(self, request: Request, channel: str, scheduled: uuid.UUID) -> Response:
        return Response(ScheduledSerializer(_found(request, channel, scheduled)).data)

    @extend_schema(request=ScheduledChangesSerializer, responses=ScheduledSerializer)
    def patch(self, request: Request, channel: str, scheduled: uuid.UUID) -> Response:
        changes = parsed(ScheduledChangesSerializer(data=request.data))
        if not changes:
            raise Invalid("Name at least one field to change.", code="NOTHING_TO_CHANGE")
        found = _found(request, channel, scheduled)
        edited = services.edit_scheduled(actor=request.user, scheduled=found, **changes)
        return Response(ScheduledSerializer(edited).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request, channel: str, scheduled: uuid.UUID) -> Response:
        services.unschedule_broadcast(actor=request.user, scheduled=_found(request, channel, scheduled))
        return Response(status=status.HTTP_204_NO_CONTENT)


class CancelledDay(APIView):
    @extend_schema(request=None, responses=ScheduledSerializer)
    def put(self, request: Request, channel: str, scheduled: uuid.UUID, on: str) -> Response:
        """It does not take place on this day."""
        found = _found(request, channel, scheduled)
        marked = services.cancel_occurrence(actor=request.user, scheduled=found, on=_day(on))
        return Response(ScheduledSerializer(marked).data)

    @extend_schema(request=None, responses={200: ScheduledSerializer})
    def delete(self, request: Request, channel: str, scheduled: uuid.UUID, on: str) -> Response:
        """It takes place on this day after all."""
        found = _found(request, channel, scheduled)
        marked = services.restore_occurrence(actor=request.user, scheduled=found, on=_day(on))
        return Response(ScheduledSerializer(marked).data)


def _found(request: Request, channel: str, scheduled: uuid.UUID) -> ScheduledBroadcast:
    place: Channel = find_channel(viewer=request.user, slug_or_id=channel)
    return find_scheduled(channel=place, scheduled_id=scheduled)


def _day(on: str) -> date:
    try:
        return date.fromisoformat(on)
    except ValueError:
        raise Invalid.field("on", "Write the day as 2027-03-28.") from None
