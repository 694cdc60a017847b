from django.urls import path

from . import views

app_name = "engagement"

urlpatterns = [
    path("dashboard/<str:slug>/raids", views.raids, name="raids"),
    path("dashboard/<str:slug>/raids/begin", views.begin, name="begin_raid"),
    path("dashboard/<str:slug>/raids/cancel", views.cancel, name="cancel_raid"),
    path("dashboard/<str:slug>/raids/now", views.go_now, name="raid_now"),
    path("dashboard/<str:slug>/raids/settings", views.choose, name="raid_settings"),
    path("dashboard/<str:slug>/raids/blocks", views.block, name="block_raids"),
    path("dashboard/<str:slug>/raids/blocks/<uuid:blocked>/remove", views.unblock, name="unblock_raids"),
]
