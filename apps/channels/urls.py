from django.urls import path

from . import schedule_views, team_views, views

app_name = "channels"

urlpatterns = [
    path("c/<str:slug>", views.page, name="page"),
    path("c/<str:slug>/about", views.page, {"tab": "about"}, name="about"),
    path("c/<str:slug>/followers", views.page, {"tab": "followers"}, name="followers"),
    path("c/<str:slug>/schedule.ics", views.feed, name="feed"),
    path("c/<str:slug>/live", views.watch_shortcut, name="live"),
    path("c/<str:slug>/follow", views.follow, name="follow"),
    path("dashboard", views.mine, name="mine"),
    path("onboarding/channel", views.new, {"is_first": True}, name="first"),
    path("dashboard/new", views.new, name="new"),
    path("dashboard/<str:slug>/settings", views.settings, name="settings"),
    path("dashboard/<str:slug>/delete", views.delete, name="delete"),
    path("dashboard/<str:slug>/schedule", schedule_views.schedule, name="schedule"),
    path("dashboard/<str:slug>/schedule/<uuid:scheduled>", schedule_views.scheduled, name="scheduled"),
    path(
        "dashboard/<str:slug>/schedule/<uuid:scheduled>/delete", schedule_views.unschedule, name="unschedule"
    ),
    path("dashboard/<str:slug>/schedule/<uuid:scheduled>/day", schedule_views.mark_day, name="mark_day"),
    path("dashboard/<str:slug>/team", team_views.team, name="team"),
    path("dashboard/<str:slug>/team/leave", team_views.leave, name="leave"),
    path("dashboard/<str:slug>/team/<uuid:person>/remove", team_views.remove, name="remove_helper"),
    path("dashboard/<str:slug>/team/<uuid:invitation>/withdraw", team_views.withdraw, name="withdraw"),
    path("dashboard/invitations/<uuid:invitation>/answer", team_views.answer, name="answer"),
]
