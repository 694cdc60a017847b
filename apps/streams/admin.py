"""Staff's view of broadcasts; keys are not shown to anybody but their owner."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import Broadcast


@admin.register(Broadcast)
class BroadcastAdmin(admin.ModelAdmin):
    list_display = ["title", "channel", "status", "viewer_count", "peak_viewers", "started_at", "ended_at"]
    list_select_related = ["channel"]
    list_filter = ["status"]
    search_fields = ["title", "channel__slug"]
    exclude = ["publisher_session"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
