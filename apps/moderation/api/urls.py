"""Routes under /api/ that speak of moderation."""

from django.urls import path

from . import views

urlpatterns = [
    path("channels/<str:channel>/bans", views.Bans.as_view()),
    path("channels/<str:channel>/bans/<uuid:user_id>", views.OneBan.as_view()),
    path("channels/<str:channel>/mod/timeout", views.ModTimeout.as_view()),
    path("channels/<str:channel>/mod/ban", views.ModBan.as_view()),
    path("channels/<str:channel>/mod/warn", views.ModWarn.as_view()),
    path("channels/<str:channel>/mod/logs", views.Log.as_view()),
    path("channels/<str:channel>/mod/logs/<uuid:entry_id>/undo", views.UndoEntry.as_view()),
    path("channels/<str:channel>/mod/undo", views.UndoSince.as_view()),
    path("channels/<str:channel>/warnings/<uuid:warning_id>/acknowledge", views.AcknowledgeWarning.as_view()),
    path("channels/<str:channel>/filters", views.Filters.as_view()),
    path("channels/<str:channel>/reports", views.ChannelReports.as_view()),
    path("channels/<str:channel>/reports/<uuid:report_id>/answer", views.AnswerReport.as_view()),
    path("channels/<str:channel>/unban-requests", views.UnbanRequests.as_view()),
    path(
        "channels/<str:channel>/unban-requests/<uuid:request_id>/answer", views.AnswerUnbanRequest.as_view()
    ),
    path("reports", views.Reports.as_view()),
]
