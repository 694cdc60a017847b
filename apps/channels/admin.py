"""Staff's view of channels and categories."""

from django.contrib import admin

from .models import Category, Channel


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
    raw_id_fields = ["owner"]
    readonly_fields = ["is_live", "follower_count", "suspended_at", "suspension_reason", "created_at"]
