"""Routes under /api/ that help to find something; before those of streams, whose ids look alike."""

from django.urls import path

from . import views

urlpatterns = [
    path("browse", views.Browse.as_view()),
    path("streams/trending", views.SortedStreams.as_view(sort="trending"), name="api-trending"),
    path("streams/new", views.SortedStreams.as_view(sort="new"), name="api-new"),
    path("streams/by-category/<str:slug>", views.CategoryStreams.as_view()),
    path("featured", views.Featured.as_view()),
    path("categories", views.Categories.as_view()),
    path("categories/<str:slug>", views.OneCategory.as_view()),
    path("categories/<str:slug>/streams", views.CategoryStreams.as_view()),
]
