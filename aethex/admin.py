"""What staff see of everything: the audit log, with the names that its ids stand for."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html_join

from apps.accounts.models import User
from apps.channels.models import Channel
from apps.core.admin import LookOnly
from apps.core.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly):
    """Who did what to which thing, when and why; found by action, by id, by a person's or channel's name."""

    list_display = ["created_at", "who", "action", "subject", "why"]
    search_fields = ["action"]
    search_help_text = "An action such as person.suspended, a username, a channel's address, or an id."
    show_full_result_count = False
    fields = ["created_at", "who", "action", "subject", "subject_id", "channel_id", "all_details"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        actor = User.objects.filter(pk=OuterRef("actor_id")).values("username")
        return super().get_queryset(request).annotate(actor=Subquery(actor))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(action__startswith=term)
        if ids := _ids_of(term):
            found |= Q(actor_id__in=ids) | Q(channel_id__in=ids) | Q(subject_id__in=list(map(str, ids)))
        return queryset.filter(found), False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        changes = super().get_changelist_instance(request)
        _name_subjects(list(changes.result_list))
        return changes

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        entry = super().get_object(request, object_id, from_field)
        _name_subjects([entry] if entry else [])
        return entry

    @admin.display(description="who")
    def who(self, entry: Any) -> str:
        if entry.actor_id is None:
            return "by itself"
        return entry.actor or f"somebody who left ({entry.actor_id})"

    @admin.display(description="what")
    def subject(self, entry: Any) -> str:
        return entry.subject_name

    @admin.display(description="why")
    def why(self, entry: AuditEntry) -> str:
        return entry.details.get("reason", "")

    @admin.display(description="details")
    def all_details(self, entry: AuditEntry) -> str:
        return format_html_join("", "<p><b>{}</b> {}</p>", sorted(entry.details.items())) or "None."


def _name_subjects(entries: list[Any]) -> None:
    """Say what each is about: two queries for a page of them."""
    people = User.objects.in_bulk(_subjects(entries, User))
    channels = Channel.objects.in_bulk(_subjects(entries, Channel))
    names = {str(key): str(row) for key, row in [*people.items(), *channels.items()]}
    for entry in entries:
        kind = entry.subject_type.rpartition(".")[2]
        entry.subject_name = f"{kind} {names.get(entry.subject_id, entry.subject_id)}"


def _subjects(entries: list[Any], model: type[Model]) -> list[UUID]:
    label = model._meta.label_lower
    return [UUID(entry.subject_id) for entry in entries if entry.subject_type == label]


def _ids_of(term: str) -> list[UUID]:
    """What a word may mean: an id, a person, a channel."""
    try:
        return [UUID(term)]
    except ValueError:
        people = User.objects.filter(username__iexact=term.removeprefix("@")).values_list("pk", flat=True)
        channels = Channel.objects.filter(slug=term.lower()).values_list("pk", flat=True)
        return [*people, *channels]
