from django.apps import AppConfig


class ChannelsConfig(AppConfig):
    """Creators' places. The label `channels` belongs to Django Channels."""

    name = "apps.channels"
    label = "live_channels"
    verbose_name = "Channels"
