from django.urls import path

from . import views

app_name = "chat"

urlpatterns = [
    path("chat/<str:slug>", views.page, name="page"),
]
