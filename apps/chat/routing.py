"""The websocket addresses of a channel."""

from django.urls import path

from .sockets import DashboardSocket, RoomSocket

websocket_urlpatterns = [
    path("ws/channels/<str:slug>", RoomSocket.as_asgi()),
    path("ws/dashboard/<str:slug>", DashboardSocket.as_asgi()),
]
