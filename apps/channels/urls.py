from django.urls import path

from . import views

app_name = "channels"

urlpatterns = [
    path("c/<str:slug>/live", views.watch_shortcut, name="live"),
    path("c/<str:slug>/follow", views.follow, name="follow"),
    path("dashboard", views.mine, name="mine"),
    path("dashboard/new", views.new, name="new"),
    path("dashboard/<str:slug>/settings", views.settings, name="settings"),
    path("dashboard/<str:slug>/delete", views.delete, name="delete"),
]
