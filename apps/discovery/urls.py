from django.urls import path

from . import views

app_name = "discovery"

urlpatterns = [
    path("", views.home, name="home"),
    path("discover", views.browse, name="browse"),
    path("categories", views.categories, name="categories"),
    path("category/<str:slug>", views.category, name="category"),
    path("following", views.following, name="following"),
    path("rail", views.rail, name="rail"),
]
