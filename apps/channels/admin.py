"""Staff's view of channels and categories."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.core.admin import LookOnly

from .models import Category, Channel, ChannelRole, RoleInvitation


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "parent", "position"]
    list_select_related = ["parent"]
    search_fields = ["name", "slug"]


@admin.register(Channel)
class ChannelAdmin(admin.ModelAdmin):
    list_display = ["name", "slug", "owner", "is_live", "follower_count", "suspended_at", "created_at"]
    list_select_related = ["owner"]
    list_filter = ["is_live", "visibility"]
    search_fields = ["name", "slug", "owner__username"]

    # Everything else is changed by its verb, which checks, keeps old addresses and writes the audit log.
    fields = ["name", "slug", "owner", "category", "visibility", "is_verified", "is_live", "created_at"]
    readonly_fields = ["name", "slug", "owner", "category", "visibility", "is_live", "created_at"]

    def save_model(self, request: HttpRequest, obj: Channel, form: Any, change: bool) -> None:
        # No more than what was changed: it may have gone live, or won followers, since it was read.
        obj.save(update_fields=form.changed_data)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ChannelRole)
class ChannelRoleAdmin(LookOnly):
    list_display = ["channel", "user", "role", "created_at"]
    list_select_related = ["channel", "user"]
    list_filter = ["role"]
    search_fields = ["channel__slug", "user__username"]


@admin.register(RoleInvitation)
class RoleInvitationAdmin(LookOnly):
    list_display = ["channel", "user", "role", "state", "invited_by", "created_at", "answered_at"]
    list_select_related = ["channel", "user", "invited_by"]
    list_filter = ["state", "role"]
    search_fields = ["channel__slug", "user__username"]
