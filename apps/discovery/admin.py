"""What staff put on home."""

from __future__ import annotations

from django import forms
from django.contrib import admin

from apps.core.admin import Recorded
from apps.core.forms import StaffPictureField

from .models import Banner, FeaturedChannel


@admin.register(FeaturedChannel)
class FeaturedChannelAdmin(Recorded):
    list_display = ["channel", "position", "begins_at", "ends_at"]
    list_select_related = ["channel"]
    autocomplete_fields = ["channel"]
    search_fields = ["channel__name", "channel__slug"]


class BannerForm(forms.ModelForm):
    picture = StaffPictureField(width=1200, height=480)


@admin.register(Banner)
class BannerAdmin(Recorded):
    form = BannerForm
    list_display = ["title", "link", "position", "begins_at", "ends_at"]
    search_fields = ["title", "text"]
