"""Rooms and messages for staff to read."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from .models import ChatRoom, Message


class ReadOnly(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ChatRoom)
class ChatRoomAdmin(ReadOnly):
    list_display = ["channel", "last_seq"]
    list_select_related = ["channel"]
    search_fields = ["channel__slug"]


@admin.register(Message)
class MessageAdmin(ReadOnly):
    list_display = ["created_at", "room", "seq", "user", "content", "deleted_at"]
    list_select_related = ["room__channel", "user"]
    search_fields = ["content", "user__username", "room__channel__slug"]
    ordering = ["-created_at"]
