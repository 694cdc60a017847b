from django.urls import path

from . import dock_views, views

app_name = "chat"

urlpatterns = [
    path("chat/<str:slug>", views.page, name="page"),
    path("dashboard/<str:slug>/chat", views.modes, name="modes"),
    path("dock", dock_views.dock, name="dock"),
    path("dock/room", dock_views.room, name="dock_room"),
    path("dock/deeds/<str:name>", dock_views.deed, name="dock_deed"),
    path("dashboard/<str:slug>/dock", dock_views.settings, name="dock_settings"),
    path("dashboard/<str:slug>/dock/renew", dock_views.renew, name="renew_dock"),
    path("dashboard/<str:slug>/dock/remove", dock_views.remove, name="remove_dock"),
]
