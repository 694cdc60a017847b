"""Routes under /api/ that speak of streams."""

from django.urls import path

from . import shows, simulcast, views, webhooks

urlpatterns = [
    path("streams", views.Streams.as_view()),
    path("streams/<str:stream>", views.OneStream.as_view()),
    path("streams/<str:stream>/end", views.EndStream.as_view()),
    path("streams/<str:stream>/status", views.StreamState.as_view()),
    path("streams/<str:stream>/hls", views.StreamHls.as_view()),
    path("streams/<str:stream>/viewers", views.StreamViewers.as_view()),
    path("streams/<str:stream>/health", views.StreamHealth.as_view()),
    path("streams/<str:stream>/playback", views.StreamPlayback.as_view()),
    path("streams/<str:stream>/webhooks", webhooks.StreamWebhook.as_view()),
    path("webhooks/<str:provider>", webhooks.ProviderWebhook.as_view()),
    path("stream/status", views.StreamStatus.as_view()),
    path("channels/<str:channel>/streams", views.ChannelStreams.as_view()),
    path("channels/<str:channel>/simulcast-targets", simulcast.Targets.as_view()),
    path("channels/<str:channel>/simulcast-targets/<str:target>", simulcast.OneTarget.as_view()),
    path("channels/<str:channel>/shows", shows.Shows.as_view()),
    path("channels/<str:channel>/shows/<str:show>", shows.OneShow.as_view()),
    path("channels/<str:channel>/shows/<str:show>/key", shows.ShowKey.as_view()),
    path("channels/<str:channel>/shows/<str:show>/start", shows.StartShow.as_view()),
    path("channels/<str:channel>/stream-key", views.ChannelKey.as_view()),
    path("channels/<str:channel>/backup-key", views.ChannelBackupKey.as_view()),
    path("channels/<str:channel>/test-key", views.ChannelTestKey.as_view()),
    path("channels/<str:channel>/rehearsal", views.ChannelRehearsal.as_view()),
]
