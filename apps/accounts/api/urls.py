"""Routes under /api/ that speak of people and how they sign in."""

from django.urls import path

from . import blocks, data, people, views

urlpatterns = [
    path("auth/register", views.Register.as_view()),
    path("auth/login", views.Login.as_view()),
    path("auth/logout", views.Logout.as_view()),
    path("auth/reauthenticate", views.Reauthenticate.as_view()),
    path("auth/refresh", views.Refresh.as_view()),
    path("auth/ws-ticket", views.WebsocketTicket.as_view()),
    path("auth/me", views.Me.as_view()),
    path("auth/onboard", views.Onboard.as_view()),
    path("auth/profile", views.Profile.as_view()),
    path("users/me/blocks", blocks.MyBlocks.as_view()),
    path("users/me/export", data.MyExport.as_view()),
    path("users/me/export/file", data.MyExportFile.as_view()),
    path("users/<str:person>", people.OnePerson.as_view()),
    path("users/<str:person>/stats", people.PersonStats.as_view()),
    path("users/<str:person>/followers", people.PersonFollowers.as_view()),
    path("users/<str:person>/following", people.PersonFollowing.as_view()),
    path("users/<str:person>/is-following", people.PersonIsFollowing.as_view()),
    path("users/<str:person>/follow", people.PersonFollow.as_view()),
    path("upload/avatar", people.PictureUpload.as_view(field="avatar")),
    path("upload/banner", people.PictureUpload.as_view(field="banner")),
    path("users/<str:person>/block", blocks.PersonBlock.as_view()),
]
