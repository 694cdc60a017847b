from django.urls import path

from . import views

app_name = "channels"

urlpatterns = [
    path("c/<str:slug>", views.page, name="page"),
    path("c/<str:slug>/about", views.page, {"tab": "about"}, name="about"),
    path("c/<str:slug>/live", views.watch_shortcut, name="live"),
    path("c/<str:slug>/follow", views.follow, name="follow"),
    path("dashboard", views.mine, name="mine"),
    path("onboarding/channel", views.new, {"is_first": True}, name="first"),
    path("dashboard/new", views.new, name="new"),
    path("dashboard/<str:slug>/settings", views.settings, name="settings"),
    path("dashboard/<str:slug>/delete", views.delete, name="delete"),
]
