"""Staff's view of broadcasts; keys are not shown to anybody but their owner."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from .models import Broadcast, Node


class Watched(admin.ModelAdmin):
    """Rows that only the platform writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Node)
class NodeAdmin(Watched):
    list_display = ["name", "is_up", "url", "media_base", "streams", "viewers", "started_at", "seen_at"]

    @admin.display(boolean=True)
    def is_up(self, node: Node) -> bool:
        return node.is_up


@admin.register(Broadcast)
class BroadcastAdmin(Watched):
    list_display = ["title", "channel", "status", "viewer_count", "peak_viewers", "started_at", "ended_at"]
    list_select_related = ["channel"]
    list_filter = ["status"]
    search_fields = ["title", "channel__slug"]
    exclude = ["publisher_session"]
