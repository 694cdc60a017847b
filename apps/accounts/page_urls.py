"""A person's page, and the pages that are theirs alone; signing in and up is in `urls`."""

from django.urls import path

from . import data_views, profile_views, views

app_name = "people"

urlpatterns = [
    path("onboarding", views.onboarding, name="onboarding"),
    path("onboarding/skip", views.skip_onboarding, name="skip_onboarding"),
    path("settings", views.settings, name="settings"),
    path("settings/privacy", views.privacy, name="privacy"),
    path("dashboard/profile", views.profile_editor, name="profile_editor"),
    path("settings/blocks", views.blocks, name="blocks"),
    path("settings/blocks/<str:person>/remove", views.unblock, name="unblock"),
    path("u/<str:person>", profile_views.profile, name="profile"),
    path("u/<str:person>/followers", profile_views.profile, {"tab": "followers"}, name="followers"),
    path("u/<str:person>/following", profile_views.profile, {"tab": "following"}, name="following"),
    path("u/<str:person>/friends", profile_views.profile, {"tab": "friends"}, name="friends"),
    path("u/<str:person>/card", profile_views.card, name="card"),
    path("u/<str:person>/follow", profile_views.follow, name="follow"),
    path("settings/data", data_views.data, name="data"),
    path("settings/data/export", data_views.export, name="export"),
    path("settings/data/files/<str:token>", data_views.download, name="download"),
    path("settings/data/close", data_views.close, name="close"),
    path("theme", views.theme, name="theme"),
]
