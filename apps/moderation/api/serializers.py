"""Moderation as the API shows and takes it. The verbs check values; these keep nonsense from them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from apps.accounts.api.serializers import PersonSerializer
from apps.core.models import AuditEntry
from apps.moderation.models import Report, Sanction, UnbanRequest
from apps.moderation.undo import INVERSES

LONG = 5000


class SanctionSerializer(serializers.ModelSerializer):
    id = serializers.CharField(read_only=True)
    user = PersonSerializer(read_only=True)
    createdBy = PersonSerializer(source="created_by", read_only=True, allow_null=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    expiresAt = serializers.DateTimeField(source="expires_at", read_only=True, allow_null=True)

    class Meta:
        model = Sanction
        fields = ["id", "kind", "user", "reason", "createdBy", "createdAt", "expiresAt"]


class TargetSerializer(serializers.Serializer):
    """Whom a verb is about: by id, or by name."""

    userId = serializers.UUIDField(source="user_id", required=False)
    username = serializers.CharField(max_length=100, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("user_id" in attrs) == ("username" in attrs):
            raise serializers.ValidationError({"userId": "Name the person by either userId or username."})
        return attrs


class BanSerializer(TargetSerializer):
    reason = serializers.CharField(max_length=LONG, required=False, allow_blank=True, default="")


class TimeoutSerializer(BanSerializer):
    seconds = serializers.IntegerField()


class WarnSerializer(TargetSerializer):
    reason = serializers.CharField(max_length=LONG)


class EntrySerializer(serializers.ModelSerializer):
    """An entry of the log. `subject` is the person it is about, null when it is about something else."""

    id = serializers.CharField(read_only=True)
    actor = serializers.SerializerMethodField()
    subject = serializers.SerializerMethodField()
    details = serializers.JSONField(read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    isUndone = serializers.SerializerMethodField()
    canUndo = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = ["id", "action", "actor", "subject", "details", "createdAt", "isUndone", "canUndo"]

    def get_actor(self, entry: AuditEntry) -> dict[str, Any] | None:
        return self._person(str(entry.actor_id))

    def get_subject(self, entry: AuditEntry) -> dict[str, Any] | None:
        return self._person(entry.subject_id)

    def get_isUndone(self, entry: AuditEntry) -> bool:
        return entry.pk in self.context["undone"]

    def get_canUndo(self, entry: AuditEntry) -> bool:
        return entry.action in INVERSES and entry.pk not in self.context["undone"]

    def _person(self, pk: str) -> dict[str, Any] | None:
        person = self.context["people"].get(pk)
        return dict(PersonSerializer(person).data) if person else None


class SinceSerializer(TargetSerializer):
    since = serializers.DateTimeField()


class UndoneSerializer(serializers.Serializer):
    undone = serializers.ListField(child=serializers.CharField())
    refused = serializers.ListField(child=serializers.DictField())


class RuleSerializer(serializers.Serializer):
    """An automatic rule; `settings` by kind, see docs/moderation.md."""

    kind = serializers.CharField(max_length=LONG)
    label: Any = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    isOn = serializers.BooleanField(source="is_on", required=False)
    action = serializers.CharField(max_length=LONG, required=False)
    timeoutSeconds = serializers.IntegerField(source="timeout_seconds", required=False)
    settings = serializers.JSONField(required=False)


class RulesSerializer(serializers.Serializer):
    rules = RuleSerializer(many=True, max_length=100)  # type: ignore[call-arg]


class NewReportSerializer(serializers.Serializer):
    kind = serializers.CharField(max_length=LONG)
    subjectId = serializers.UUIDField(source="subject_id")
    channelId = serializers.CharField(max_length=100, required=False)
    reason = serializers.CharField(max_length=LONG)
    words = serializers.CharField(max_length=LONG, required=False, allow_blank=True)


class MyReportSerializer(serializers.ModelSerializer):
    """A report as its reporter sees it."""

    id = serializers.CharField(read_only=True)
    subjectId = serializers.CharField(source="subject_id", read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)

    class Meta:
        model = Report
        fields = ["id", "kind", "subjectId", "reason", "words", "state", "createdAt"]


class ReportSerializer(MyReportSerializer):
    """A report as moderators see it."""

    reporter = PersonSerializer(read_only=True, allow_null=True)
    subject = PersonSerializer(source="subject_user", read_only=True, allow_null=True)
    answeredBy = PersonSerializer(source="answered_by", read_only=True, allow_null=True)
    answeredAt = serializers.DateTimeField(source="answered_at", read_only=True, allow_null=True)

    class Meta(MyReportSerializer.Meta):
        fields = [
            *MyReportSerializer.Meta.fields,
            "reporter",
            "subject",
            "context",
            "answer",
            "answeredBy",
            "answeredAt",
        ]


class AnswerReportSerializer(serializers.Serializer):
    answer = serializers.CharField(max_length=LONG)
    words = serializers.CharField(max_length=LONG, required=False, allow_blank=True)


class NewUnbanRequestSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=LONG, allow_blank=True)


class MyUnbanRequestSerializer(serializers.ModelSerializer):
    """A plea as its person sees it: without the moderators' private note."""

    id = serializers.CharField(read_only=True)
    publicNote = serializers.CharField(source="public_note", read_only=True)
    createdAt = serializers.DateTimeField(source="created_at", read_only=True)
    answeredAt = serializers.DateTimeField(source="answered_at", read_only=True, allow_null=True)

    class Meta:
        model = UnbanRequest
        fields = ["id", "text", "state", "publicNote", "createdAt", "answeredAt"]


class UnbanRequestSerializer(MyUnbanRequestSerializer):
    user = PersonSerializer(source="sanction.user", read_only=True)
    reason = serializers.CharField(source="sanction.reason", read_only=True)
    privateNote = serializers.CharField(source="private_note", read_only=True)
    answeredBy = PersonSerializer(source="answered_by", read_only=True, allow_null=True)

    class Meta(MyUnbanRequestSerializer.Meta):
        fields = [*MyUnbanRequestSerializer.Meta.fields, "user", "reason", "privateNote", "answeredBy"]


class AnswerUnbanSerializer(serializers.Serializer):
    answer = serializers.CharField(max_length=LONG)
    publicNote = serializers.CharField(
        source="public_note", max_length=LONG, required=False, allow_blank=True
    )
    privateNote = serializers.CharField(
        source="private_note", max_length=LONG, required=False, allow_blank=True
    )
