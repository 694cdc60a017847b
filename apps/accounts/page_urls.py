"""A person's own pages; signing in and up is in `urls`."""

from django.urls import path

from . import views

app_name = "people"

urlpatterns = [
    path("onboarding", views.onboarding, name="onboarding"),
    path("onboarding/skip", views.skip_onboarding, name="skip_onboarding"),
    path("settings", views.settings, name="settings"),
    path("settings/picture/remove", views.remove_avatar, name="remove_avatar"),
    path("settings/blocks", views.blocks, name="blocks"),
    path("settings/blocks/<str:person>/remove", views.unblock, name="unblock"),
    path("theme", views.theme, name="theme"),
]
