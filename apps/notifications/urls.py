from django.urls import path

from . import views

app_name = "notifications"

urlpatterns = [
    path("letters/off/<str:token>", views.off, name="off"),
]
