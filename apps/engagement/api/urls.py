"""Routes under /api/ that speak of raids."""

from django.urls import path

from . import views

urlpatterns = [
    path("channels/<str:channel>/raid", views.OneRaid.as_view()),
    path("raids/<uuid:raid>", views.RaidById.as_view()),
    path("channels/<str:channel>/raid/now", views.RaidNow.as_view()),
    path("channels/<str:channel>/raid-settings", views.Settings.as_view()),
    path("channels/<str:channel>/raid-blocks", views.Blocks.as_view()),
    path("channels/<str:channel>/raid-blocks/<uuid:blocked>", views.OneBlock.as_view()),
]
