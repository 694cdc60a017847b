"""Staff's view of what followers are told by letter."""

from django.contrib import admin

from apps.core.admin import LookOnly

from .models import Mailing


@admin.register(Mailing)
class MailingAdmin(LookOnly):
    list_display = ["channel", "broadcast", "scheduled", "on", "state", "created_at"]
    list_select_related = ["channel", "broadcast", "scheduled"]
    list_filter = ["state"]
    search_fields = ["channel__slug"]
