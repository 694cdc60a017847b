"""People in the admin."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from .models import User


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
