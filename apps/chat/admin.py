"""Rooms and messages for staff to read."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from .models import ChatRoom, HeldMessage, Message


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ChatRoom)
class ChatRoomAdmin(ReadOnly):
    list_display = ["channel", "last_seq", "slow_seconds", "followers_only_minutes", "is_shielded"]
    list_select_related = ["channel"]
    search_fields = ["channel__slug"]

    @admin.display(boolean=True, description="shield")
    def is_shielded(self, room: ChatRoom) -> bool:
        return room.shield_before is not None


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ["created_at", "room", "seq", "kind", "user", "content", "deleted_at", "deleted_by"]
    list_select_related = ["room__channel", "user", "deleted_by"]
    list_filter = ["kind"]
    search_fields = ["content", "user__username", "room__channel__slug"]
    ordering = ["-created_at"]


@admin.register(HeldMessage)
class HeldMessageAdmin(ReadOnly):
    list_display = ["created_at", "room", "user", "content", "rule", "state", "answered_by"]
    list_select_related = ["room__channel", "user", "answered_by"]
    list_filter = ["state"]
    search_fields = ["content", "user__username", "room__channel__slug"]
