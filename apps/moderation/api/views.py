"""Moderation over the API: each view loads through a door, calls one verb and answers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.models import User
from apps.channels import policies
from apps.channels.models import Channel
from apps.channels.roles import Power
from apps.channels.selectors import find_channel
from apps.core.errors import Invalid, NotFound
from apps.core.models import AuditEntry
from apps.core.pagination import PageEnvelope
from apps.moderation import selectors, services, undo
from apps.moderation.automod import Rule
from apps.moderation.models import Report, Sanction, UnbanRequest

from . import serializers as shapes

PAGE = [OpenApiParameter("page", int), OpenApiParameter("limit", int)]


def parsed(serializer: Any) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def channel_of(request: Request, slug_or_id: str, power: Power | None = None) -> Channel:
    """The channel, and who reads moderators' lists must hold `power` there; verbs ask for themselves."""
    channel = find_channel(viewer=request.user, slug_or_id=slug_or_id)
    if power is not None:
        policies.require(request.user, power, channel)
    return channel


def target_of(fields: dict[str, Any]) -> User:
    """Takes the person out of `fields`, by id or by name."""
    if (user_id := fields.pop("user_id", None)) is not None:
        found = User.objects.filter(pk=user_id).first()
    else:
        found = User.objects.filter(username__iexact=fields.pop("username")).first()
    if found is None:
        raise NotFound("There is no such person.", code="USER_NOT_FOUND")
    return found


def page_of(request: Request, rows: Any, serializer: type[serializers.ModelSerializer]) -> Response:
    pages = PageEnvelope()
    page = pages.paginate_queryset(rows, request)
    return pages.get_paginated_response(list(serializer(page, many=True).data))


class Bans(APIView):
    @extend_schema(responses=shapes.SanctionSerializer(many=True), parameters=PAGE)
    def get(self, request: Request, channel: str) -> Response:
        """Bans and time-outs that stand, newest first."""
        found = channel_of(request, channel, Power.VIEW_MODERATION)
        standing = Sanction.objects.filter(channel=found).standing(timezone.now())
        return page_of(request, standing.select_related("user", "created_by"), shapes.SanctionSerializer)

    @extend_schema(request=shapes.BanSerializer, responses={201: shapes.SanctionSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Ban; banning the banned only changes a reason that is given."""
        return _ban(request, channel)


class OneBan(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, channel: str, user_id: uuid.UUID) -> Response:
        """Lift what keeps the person out, ban or time-out; fine when nothing does."""
        found = channel_of(request, channel)
        services.lift_sanction(actor=request.user, channel=found, user=target_of({"user_id": user_id}))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ModBan(APIView):
    @extend_schema(request=shapes.BanSerializer, responses={201: shapes.SanctionSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """The same as POST …/bans."""
        return _ban(request, channel)


class ModTimeout(APIView):
    @extend_schema(request=shapes.TimeoutSerializer, responses={201: shapes.SanctionSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Keep a person from writing for 1 second to 14 days."""
        found = channel_of(request, channel)
        fields = parsed(shapes.TimeoutSerializer(data=request.data))
        made = services.time_out(actor=request.user, channel=found, user=target_of(fields), **fields)
        return Response(shapes.SanctionSerializer(made).data, status=status.HTTP_201_CREATED)


class ModWarn(APIView):
    @extend_schema(request=shapes.WarnSerializer, responses={201: shapes.SanctionSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """Warn; the person can't write until they have acknowledged it."""
        found = channel_of(request, channel)
        fields = parsed(shapes.WarnSerializer(data=request.data))
        made = services.warn(actor=request.user, channel=found, user=target_of(fields), **fields)
        return Response(shapes.SanctionSerializer(made).data, status=status.HTTP_201_CREATED)


class AcknowledgeWarning(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, channel: str, warning_id: uuid.UUID) -> Response:
        found = channel_of(request, channel)
        services.acknowledge_warning(actor=request.user, channel=found, warning_id=warning_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Log(APIView):
    @extend_schema(
        responses=shapes.EntrySerializer(many=True),
        parameters=[*PAGE, OpenApiParameter("action", str), OpenApiParameter("by", uuid.UUID)],
    )
    def get(self, request: Request, channel: str) -> Response:
        """What was done in the channel, newest first; `?action=person.ban`, `?by=` a person's id."""
        found = channel_of(request, channel, Power.VIEW_MODERATION)
        entries = selectors.log_of(found)
        if action := request.query_params.get("action"):
            entries = entries.filter(action=action)
        if by := request.query_params.get("by"):
            entries = entries.filter(actor_id=_uuid("by", by))
        pages = PageEnvelope()
        page = pages.paginate_queryset(entries, request)
        return pages.get_paginated_response(_entries(page))


class UndoEntry(APIView):
    @extend_schema(request=None, responses={201: shapes.EntrySerializer})
    def post(self, request: Request, channel: str, entry_id: uuid.UUID) -> Response:
        """Take one entry back; answers with the entry that says so."""
        found = channel_of(request, channel)
        said = undo.undo_action(actor=request.user, channel=found, entry_id=entry_id)
        return Response(_entries([said])[0], status=status.HTTP_201_CREATED)


class UndoSince(APIView):
    @extend_schema(request=shapes.SinceSerializer, responses=shapes.UndoneSerializer)
    def post(self, request: Request, channel: str) -> Response:
        """Take back everything that a person did here since a moment, the newest first."""
        found = channel_of(request, channel)
        fields = parsed(shapes.SinceSerializer(data=request.data))
        outcome = undo.undo_everything(
            actor=request.user, channel=found, by_user=target_of(fields), since=fields["since"]
        )
        refused = [{"id": str(entry.pk), **refusal.payload()} for entry, refusal in outcome.refused]
        return Response({"undone": [str(entry.pk) for entry in outcome.done], "refused": refused})


class Filters(APIView):
    @extend_schema(responses=shapes.RulesSerializer)
    def get(self, request: Request, channel: str) -> Response:
        """All automatic rules, the channel's own and those by default."""
        found = channel_of(request, channel, Power.VIEW_MODERATION)
        return Response(_rules(selectors.rules_of(found)))

    @extend_schema(request=shapes.RulesSerializer, responses=shapes.RulesSerializer)
    def put(self, request: Request, channel: str) -> Response:
        """Make these the channel's own rules; kinds not named are as they are by default."""
        found = channel_of(request, channel)
        rules = parsed(shapes.RulesSerializer(data=request.data))["rules"]
        return Response(_rules(services.replace_rules(actor=request.user, channel=found, rules=rules)))


class Reports(APIView):
    @extend_schema(request=shapes.NewReportSerializer, responses={201: shapes.MyReportSerializer})
    def post(self, request: Request) -> Response:
        """Report a message, a person (with `channelId`) or a channel."""
        fields = parsed(shapes.NewReportSerializer(data=request.data))
        named = fields.pop("channelId", None)
        channel = channel_of(request, named) if named else None
        made = services.report(actor=request.user, channel=channel, **fields)
        return Response(shapes.MyReportSerializer(made).data, status=status.HTTP_201_CREATED)


class ChannelReports(APIView):
    @extend_schema(
        responses=shapes.ReportSerializer(many=True), parameters=[*PAGE, OpenApiParameter("state", str)]
    )
    def get(self, request: Request, channel: str) -> Response:
        """What people reported here, newest first; `?state=open|upheld|dismissed`."""
        found = channel_of(request, channel, Power.REVIEW_REPORTS)
        shown = Report.objects.shown_to(request.user)
        rows = shown.filter(channel=found, **_state(request, Report.State.values))
        return page_of(
            request, rows.select_related("reporter", "subject_user", "answered_by"), shapes.ReportSerializer
        )


class AnswerReport(APIView):
    @extend_schema(request=shapes.AnswerReportSerializer, responses=shapes.ReportSerializer)
    def post(self, request: Request, channel: str, report_id: uuid.UUID) -> Response:
        """`answer` is `upheld` or `dismissed`."""
        found = channel_of(request, channel, Power.REVIEW_REPORTS)
        fields = parsed(shapes.AnswerReportSerializer(data=request.data))
        row = Report.objects.for_moderators().filter(channel=found, pk=report_id).first()
        if row is None:
            raise NotFound("There is no such report.", code="REPORT_NOT_FOUND")
        answered = services.answer_report(actor=request.user, report=row, **fields)
        return Response(shapes.ReportSerializer(answered).data)


class UnbanRequests(APIView):
    @extend_schema(
        responses=shapes.UnbanRequestSerializer(many=True), parameters=[*PAGE, OpenApiParameter("state", str)]
    )
    def get(self, request: Request, channel: str) -> Response:
        """Pleas of the banned, newest first; `?state=open|granted|denied`."""
        found = channel_of(request, channel, Power.ANSWER_UNBANS)
        rows = UnbanRequest.objects.shown_to(request.user).filter(
            sanction__channel=found, **_state(request, UnbanRequest.State.values)
        )
        return page_of(
            request, rows.select_related("sanction__user", "answered_by"), shapes.UnbanRequestSerializer
        )

    @extend_schema(request=shapes.NewUnbanRequestSerializer, responses={201: shapes.MyUnbanRequestSerializer})
    def post(self, request: Request, channel: str) -> Response:
        """The banned person asks, once a ban."""
        found = channel_of(request, channel)
        fields = parsed(shapes.NewUnbanRequestSerializer(data=request.data))
        made = services.request_unban(actor=request.user, channel=found, **fields)
        return Response(shapes.MyUnbanRequestSerializer(made).data, status=status.HTTP_201_CREATED)


class AnswerUnbanRequest(APIView):
    @extend_schema(request=shapes.AnswerUnbanSerializer, responses=shapes.UnbanRequestSerializer)
    def post(self, request: Request, channel: str, request_id: uuid.UUID) -> Response:
        """`answer` is `granted` or `denied`."""
        found = channel_of(request, channel, Power.ANSWER_UNBANS)
        fields = parsed(shapes.AnswerUnbanSerializer(data=request.data))
        rows = UnbanRequest.objects.select_related("sanction__channel", "sanction__user")
        plea = rows.filter(sanction__channel=found, pk=request_id).first()
        if plea is None:
            raise NotFound("There is no such request.", code="REQUEST_NOT_FOUND")
        answered = services.answer_unban_request(actor=request.user, request=plea, **fields)
        return Response(shapes.UnbanRequestSerializer(answered).data)


def _ban(request: Request, channel: str) -> Response:
    found = channel_of(request, channel)
    fields = parsed(shapes.BanSerializer(data=request.data))
    made = services.ban(actor=request.user, channel=found, user=target_of(fields), **fields)
    return Response(shapes.SanctionSerializer(made).data, status=status.HTTP_201_CREATED)


def _entries(entries: Iterable[AuditEntry]) -> list[dict[str, Any]]:
    """The entries with the people they name, in two queries."""
    rows = list(entries)
    about_people = {row.subject_id for row in rows if row.subject_type == User._meta.label_lower}
    people = User.objects.filter(pk__in=about_people | {row.actor_id for row in rows if row.actor_id})
    context = {
        "people": {str(person.pk): person for person in people},
        "undone": undo.undone_among([row.pk for row in rows]),
    }
    return list(shapes.EntrySerializer(rows, many=True, context=context).data)


def _rules(rules: list[Rule]) -> dict[str, Any]:
    return {"rules": shapes.RuleSerializer(rules, many=True).data}


def _state(request: Request, states: list[str]) -> dict[str, str]:
    state = request.query_params.get("state")
    if not state:
        return {}
    if state not in states:
        raise Invalid.field("state", f"state must be one of {', '.join(states)}.")
    return {"state": state}


def _uuid(name: str, raw: str) -> uuid.UUID:
    try:
        return uuid.UUID(raw)
    except ValueError:
        raise Invalid.field(name, f"{name} must be a person's id.") from None
