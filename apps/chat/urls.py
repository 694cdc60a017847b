from django.urls import path

from . import views
from .dock import views as dock

app_name = "chat"

urlpatterns = [
    path("chat/<str:slug>", views.page, name="page"),
    path("dashboard/<str:slug>/chat", views.modes, name="modes"),
    path("dock", dock.dock, name="dock"),
    path("dock/room", dock.room, name="dock_room"),
    path("dock/deeds/<str:name>", dock.deed, name="dock_deed"),
    path("dashboard/<str:slug>/dock", dock.settings, name="dock_settings"),
    path("dashboard/<str:slug>/dock/renew", dock.renew, name="renew_dock"),
    path("dashboard/<str:slug>/dock/remove", dock.remove, name="remove_dock"),
]
