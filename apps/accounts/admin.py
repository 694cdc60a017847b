"""People in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from .models import Block, User


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Passwords are set by their owners; an address changes where it is verified."""

    list_display = (
        "username",
        "display_name",
        "email",
        "is_active",
        "is_staff",
        "is_verified",
        "date_joined",
    )
    list_filter = ("is_active", "is_staff", "is_superuser", "is_verified")
    search_fields = ("username", "display_name", "email")
    ordering = ("-date_joined",)
    readonly_fields = ("email", "last_login", "date_joined", "onboarded_at")
    fieldsets = (
        (None, {"fields": ("username", "email", "password")}),
        ("Profile", {"fields": ("display_name", "bio", "avatar", "color", "is_verified")}),
        ("Preferences", {"fields": ("theme", "language", "time_zone")}),
        ("Powers", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login", "onboarded_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )


@admin.register(Block)
class BlockAdmin(admin.ModelAdmin):
    """Who blocks whom is theirs to decide: staff may look when something is reported."""

    list_display = ("user", "blocked", "created_at")
    list_select_related = ("user", "blocked")
    search_fields = ("user__username", "blocked__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
