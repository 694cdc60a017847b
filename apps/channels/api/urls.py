"""Routes under /api/ that speak of channels."""

from django.urls import path

from . import views

urlpatterns = [
    path("channels", views.Channels.as_view()),
    path("channels/<str:channel>", views.OneChannel.as_view()),
    path("channels/<str:channel>/follow", views.ChannelFollow.as_view()),
    path("channels/<str:channel>/followers", views.ChannelFollowers.as_view()),
    path("categories", views.Categories.as_view()),
]
