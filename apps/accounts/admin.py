"""People in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from .models import Block, User

POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class PeopleAdmin(UserAdmin):
    """Passwords are set by their owners; an address changes where it is verified. Superusers alone give
    powers, and change those who have them all: else whoever may edit people could make themselves anybody.
    """

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
        (None, {"fields": ("username", "email")}),
        ("Profile", {"fields": ("display_name", "bio", "avatar", "color", "is_verified")}),
        ("Preferences", {"fields": ("theme", "language", "time_zone")}),
        ("Powers", {"fields": ("is_active", *POWERS)}),
        ("Dates", {"fields": ("date_joined", "last_login", "onboarded_at")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, *POWERS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _reaches(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _reaches(request, obj)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Nobody does it here: a lost one is reset by a letter, or by `manage.py changepassword`."""
        raise PermissionDenied


def _reaches(request: HttpRequest, person: Any) -> bool:
    return person is None or not person.is_superuser or request.user.is_superuser


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
