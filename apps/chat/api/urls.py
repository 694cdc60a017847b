"""Routes under /api/ that speak of messages and rooms."""

from django.urls import path

from . import chatters, review, room, views

urlpatterns = [
    path("channels/<str:channel>/messages", views.ChannelMessages.as_view()),
    path("streams/<str:stream>/messages", views.StreamMessages.as_view()),
    path("messages/<uuid:message>", views.OneMessage.as_view()),
    path("messages/<uuid:message>/thread", views.Thread.as_view()),
    path("messages/<uuid:message>/restore", views.RestoreMessage.as_view()),
    path("channels/<str:channel>/settings", room.RoomSettings.as_view()),
    path("channels/<str:channel>/pin", room.Pin.as_view()),
    path("channels/<str:channel>/announcements", room.Announcements.as_view()),
    path("channels/<str:channel>/commands", room.Commands.as_view()),
    path("channels/<str:channel>/mod/clear", room.Clear.as_view()),
    path("channels/<str:channel>/mod/purge", room.Purge.as_view()),
    path("channels/<str:channel>/mod/shield", room.Shield.as_view()),
    path("channels/<str:channel>/chatters", chatters.Chatters.as_view()),
    path("channels/<str:channel>/people/<str:person>", review.Card.as_view()),
    path("channels/<str:channel>/people/<str:person>/messages", review.PersonMessages.as_view()),
    path("channels/<str:channel>/people/<str:person>/notes", review.PersonNotes.as_view()),
    path("channels/<str:channel>/notes/<uuid:note>", review.OneNote.as_view()),
    path("channels/<str:channel>/filters/dry-run", review.DryRun.as_view()),
    path("moderation/queue", review.Queue.as_view()),
    path("moderation/queue/<uuid:held>/approve", review.ApproveHeld.as_view()),
    path("moderation/queue/<uuid:held>/reject", review.RejectHeld.as_view()),
]
