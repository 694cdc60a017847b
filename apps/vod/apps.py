from django.apps import AppConfig


class VodConfig(AppConfig):
    name = "apps.vod"
    label = "vod"
    verbose_name = "Videos"
