"""Staff's view of moderation: to read. What is changed is changed by its verb, which writes the audit log."""

from django.contrib import admin

from apps.core.admin import LookOnly

from .models import AutomodRule, PersonNote, Report, Sanction, UnbanRequest


@admin.register(Sanction)
class SanctionAdmin(LookOnly):
    list_display = ["created_at", "kind", "user", "channel", "created_by", "expires_at", "lifted_at"]
    list_select_related = ["user", "channel", "created_by"]
    list_filter = ["kind"]
    search_fields = ["user__username", "channel__slug", "reason"]


@admin.register(UnbanRequest)
class UnbanRequestAdmin(LookOnly):
    list_display = ["created_at", "sanction", "state", "answered_by"]
    list_select_related = ["sanction", "answered_by"]
    list_filter = ["state"]


@admin.register(PersonNote)
class PersonNoteAdmin(LookOnly):
    list_display = ["created_at", "user", "channel", "author", "deleted_at"]
    list_select_related = ["user", "channel", "author"]
    search_fields = ["user__username", "channel__slug"]


@admin.register(Report)
class ReportAdmin(LookOnly):
    list_display = ["created_at", "kind", "reason", "channel", "subject_user", "state", "answered_by"]
    list_select_related = ["channel", "subject_user", "answered_by"]
    list_filter = ["kind", "reason", "state"]
    search_fields = ["channel__slug", "subject_user__username", "subject_id"]


@admin.register(AutomodRule)
class AutomodRuleAdmin(LookOnly):
    list_display = ["channel", "kind", "label", "action", "is_on"]
    list_select_related = ["channel"]
    list_filter = ["kind", "action", "is_on"]
    search_fields = ["channel__slug"]
