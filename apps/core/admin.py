"""What only verbs change is only looked at in the admin; the audit log first of all."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import AuditEntry


class LookOnly(admin.ModelAdmin):
    """Rows that only their verbs change."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly):
    list_display = ["created_at", "action", "actor_id", "subject_type", "subject_id"]
    search_fields = ["action", "actor_id", "subject_id", "channel_id"]
