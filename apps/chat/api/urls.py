"""Routes under /api/ that speak of messages."""

from django.urls import path

from . import views

urlpatterns = [
    path("channels/<str:channel>/messages", views.ChannelMessages.as_view()),
    path("streams/<str:stream>/messages", views.StreamMessages.as_view()),
    path("messages/<uuid:message>", views.OneMessage.as_view()),
]
