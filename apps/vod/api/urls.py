"""Routes under /api/ that speak of what remains of streams."""

from django.urls import path

from . import views

urlpatterns = [
    path("streams/<str:stream>/gaps", views.StreamGaps.as_view()),
]
