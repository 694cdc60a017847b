"""The websocket addresses of a channel."""

from django.urls import path

from .sockets import DashboardSocket, RoomSocket

# Django's stubs know views only; URLRouter calls what stands here with scope, receive and send.
websocket_urlpatterns = [
    path("ws/channels/<str:slug>", RoomSocket.as_asgi()),  # type: ignore[arg-type]
    path("ws/dashboard/<str:slug>", DashboardSocket.as_asgi()),  # type: ignore[arg-type]
]
