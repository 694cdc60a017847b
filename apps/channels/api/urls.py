"""Routes under /api/ that speak of channels."""

from django.urls import path

from . import schedule, team, views

urlpatterns = [
    path("channels", views.Channels.as_view()),
    path("channels/<str:channel>", views.OneChannel.as_view()),
    path("channels/<str:channel>/follow", views.ChannelFollow.as_view()),
    path("channels/<str:channel>/followers", views.ChannelFollowers.as_view()),
    path("channels/<str:channel>/roles", team.ChannelRoles.as_view()),
    path("channels/<str:channel>/roles/<str:person>", team.ChannelHelper.as_view()),
    path("channels/<str:channel>/invitations", team.ChannelInvitations.as_view()),
    path("channels/<str:channel>/schedule", schedule.ChannelSchedule.as_view()),
    path("channels/<str:channel>/schedule/<uuid:scheduled>", schedule.OneScheduled.as_view()),
    path(
        "channels/<str:channel>/schedule/<uuid:scheduled>/cancelled/<str:on>",
        schedule.CancelledDay.as_view(),
    ),
    path("tags", views.Tags.as_view()),
    path("invitations", team.MyInvitations.as_view()),
    path("invitations/<uuid:invitation>", team.OneInvitation.as_view()),
    path("invitations/<uuid:invitation>/accept", team.InvitationAnswer.as_view(accept=True)),
    path("invitations/<uuid:invitation>/decline", team.InvitationAnswer.as_view(accept=False)),
]
